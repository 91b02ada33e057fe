-- Reads the archive with DuckDB 1.2 or later: duckdb -init contracts/archive/duckdb.sql
--
-- The types of the columns are given, not guessed from a sample, so that a query holds whatever is stored. `data` is the
-- JSON of the payload; `event` is the whole line as text, with every attribute and every digit.

-- Each line of the archive in `folder`. A record may be in several objects.
CREATE OR REPLACE MACRO archive_lines(folder) AS TABLE
    SELECT
        json ->> '$.id' AS id,
        json ->> '$.source' AS source,
        json ->> '$.type' AS type,
        coalesce(json ->> '$.subject', json ->> '$.data.userId', json ->> '$.data.id') AS subject,
        CAST(coalesce(json ->> '$.time', json ->> '$.kafka.timestamp') AS TIMESTAMPTZ) AS time,
        CAST(json ->> '$.aggregateversion' AS BIGINT) AS aggregateversion,
        json ->> '$.redriveid' AS redriveid,
        json -> '$.data' AS data,
        json ->> '$.kafka.topic' AS topic,
        CAST(json ->> '$.kafka.partition' AS INTEGER) AS partition,
        CAST(json ->> '$.kafka.offset' AS BIGINT) AS "offset",
        CAST(json AS VARCHAR) AS event,
        dt,
        hour
    FROM read_ndjson_objects(
        folder || '/*/dt=*/hour=*/*.ndjson.gz',
        hive_partitioning = true,
        hive_types = {'dt': DATE, 'hour': VARCHAR}
    );

-- Each event once: source and id identify it, and the first record counts.
CREATE OR REPLACE MACRO archive_events(folder) AS TABLE
    SELECT * FROM archive_lines(folder)
    QUALIFY row_number() OVER (PARTITION BY source, id ORDER BY topic, partition, "offset") = 1;
