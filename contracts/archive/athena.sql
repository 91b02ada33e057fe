-- Reads the archive with Athena (engine version 3). Replace BUCKET by the output ArchiveBucket of the deployed stack, and
-- run the statements one by one.
--
-- A line is one text column, because JSON never contains the delimiter \001. So no SerDe guesses types, and no attribute
-- and no digit is lost. Partitions are projected: nothing has to be added to the catalogue when an hour begins.

CREATE EXTERNAL TABLE millrace_archive (line string)
PARTITIONED BY (topic string, dt string, hour string)
ROW FORMAT DELIMITED FIELDS TERMINATED BY '\001'
LOCATION 's3://BUCKET/archive/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.topic.type' = 'enum',
    'projection.topic.values' =
        'product-events,order_created,order-events,notify,user-activity-events,timer-requests,timer-due',
    'projection.dt.type' = 'date',
    'projection.dt.format' = 'yyyy-MM-dd',
    'projection.dt.range' = '2026-01-01,NOW',
    'projection.hour.type' = 'integer',
    'projection.hour.range' = '0,23',
    'projection.hour.digits' = '2',
    'storage.location.template' = 's3://BUCKET/archive/${topic}/dt=${dt}/hour=${hour}/'
);

-- Each event once: source and id identify it, and the first record counts. Select by dt and topic, which are partitions.
CREATE OR REPLACE VIEW millrace_events AS
SELECT id, source, type, subject, time, aggregateversion, redriveid, data, topic, kafka_partition, kafka_offset, line, dt, hour
FROM (
    SELECT
        *,
        row_number() OVER (PARTITION BY source, id ORDER BY topic, kafka_partition, kafka_offset) AS nth
    FROM (
        SELECT
            json_extract_scalar(line, '$.id') AS id,
            json_extract_scalar(line, '$.source') AS source,
            json_extract_scalar(line, '$.type') AS type,
            coalesce(
                json_extract_scalar(line, '$.subject'),
                json_extract_scalar(line, '$.data.userId'),
                json_extract_scalar(line, '$.data.id')
            ) AS subject,
            from_iso8601_timestamp(
                coalesce(json_extract_scalar(line, '$.time'), json_extract_scalar(line, '$.kafka.timestamp'))
            ) AS time,
            CAST(json_extract_scalar(line, '$.aggregateversion') AS bigint) AS aggregateversion,
            json_extract_scalar(line, '$.redriveid') AS redriveid,
            json_extract(line, '$.data') AS data,
            CAST(json_extract_scalar(line, '$.kafka.partition') AS integer) AS kafka_partition,
            CAST(json_extract_scalar(line, '$.kafka.offset') AS bigint) AS kafka_offset,
            line, topic, dt, hour
        FROM millrace_archive
    )
)
WHERE nth = 1;
