"""Runs the DuckDB queries of docs/data.md over an archive of every type of event that a client can cause, and reads each
event with the CloudEvents SDK for Python. Takes the program of the local stack, and starts it on free ports."""

import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import boto3
import duckdb
from cloudevents.core.formats.json import JSONFormat

ROOT = Path(__file__).parents[2]
# Longest wait for the stack to start, and for the archive to have everything, in seconds.
PATIENCE = 60
# A number that no double and no 64-bit integer holds.
DIGITS = "89148000005218400001"
# Types that need a receiver of webhooks, or days of attempts.
NOT_CAUSED = {"TimerFired", "TimerFailed"}


class Stack:
    def __init__(self, program):
        command = [program, "--http-port", "0", "--aws-port", "0", "--kafka-port", "0"]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        lines = iter(self.process.stdout.readline, "")
        self.addresses = next((json.loads(line) for line in lines if line.startswith("{")), None)
        if self.addresses is None:
            sys.exit(f"{program} did not start. Run it to see why.")

    def ask(self, method, path, body=None):
        request = urllib.request.Request(self.addresses["http"] + path, body and body.encode(), method=method)
        request.add_header("content-type", "application/json")
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.loads(answer.read() or "null")

    def archive(self):
        """Every object of the archive, by its key."""
        keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "us-east-1"}
        s3 = boto3.client("s3", endpoint_url=self.addresses["aws"], **keys)
        bucket = self.addresses["buckets"]["ArchiveBucket"]
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="archive/")
        names = [object["Key"] for page in pages for object in page.get("Contents", [])]
        return {name: s3.get_object(Bucket=bucket, Key=name)["Body"].read() for name in names}


def load(stack):
    """Causes events: many with ids that are UUIDs, and then one of a user whose id is none."""
    product = '{"name": "Burger", "price": {"amount": 950, "currency": "EUR"}, "stock": 5, "lowStockThreshold": 3}'
    made = [stack.ask("POST", "/products", product) for _ in range(160)]
    stack.ask("PATCH", f"/products/{made[0]['id']}", '{"stock": 1}')
    stack.ask("DELETE", f"/products/{made[1]['id']}")
    stack.ask("POST", "/orders/seed")
    stack.ask("POST", "/orders", '{"lines": [{"productId": "cheeseburger", "quantity": 160}]}')
    stack.ask("POST", "/orders", f'{{"lines": [{{"productId": "{made[2]["id"]}", "quantity": 50}}]}}')
    for body in ('{"url": "http://localhost:9/x", "hours": 1}', '{"url": "http://localhost:9/x", "seconds": 0}'):
        timer = stack.ask("POST", "/timers", body)
        if "hours" in body:
            stack.ask("DELETE", f"/timers/{timer['timerId']}")
    event = f'{{"userId": "ann-1", "type": "x", "eventId": "%s", "payload": {{"seq": %d, "iccid": {DIGITS}}}}}'
    for number, name in enumerate(["a", "b", "a"]):
        stack.ask("POST", "/events", event % (name, number % 2 + 1))


def complete(stack):
    """The archive, once it has an event of each type that was caused, and nothing new comes."""
    known = {path.name.split(".")[0] for path in (ROOT / "shared/schemas").glob("*.json")}
    deadline, before = time.monotonic() + PATIENCE, None
    while time.monotonic() < deadline:
        objects = stack.archive()
        lines = [json.loads(line) for body in objects.values() for line in gzip.decompress(body).splitlines()]
        missing = known - NOT_CAUSED - {line["type"] for line in lines}
        if not missing and len(lines) == before:
            return objects
        before = len(lines)
        time.sleep(2)
    sys.exit(f"Within {PATIENCE} s the archive has no {', '.join(sorted(missing)) or 'end'}.")


def counted(stack, events):
    """What GET /analytics counts by hour and type, once it has counted this many events."""
    deadline, found = time.monotonic() + PATIENCE, {}
    while sum(found.values()) < events and time.monotonic() < deadline:
        items = stack.ask("GET", "/analytics?bucket=hour")["items"]
        found = {(item["bucket"].rstrip("Z"), item["type"]): item["count"] for item in items}
        time.sleep(0.5)
    return found


def check_events(objects):
    """Every event is one for the CloudEvents SDK; returns the number of events by type."""
    counts, seen = {}, set()
    for body in objects.values():
        for line in gzip.decompress(body).splitlines():
            event = json.loads(line)
            position = event.pop("kafka")
            JSONFormat().read(None, json.dumps(event))
            integers = [value for value in event.values() if type(value) is int]
            assert all(abs(value) < 2**31 for value in integers), f"no Integer of CloudEvents: {event}"
            assert position["topic"] and event["source"]
            if (event["source"], event["id"]) not in seen:
                seen.add((event["source"], event["id"]))
                counts[event["type"]] = counts.get(event["type"], 0) + 1
    return counts


def check_queries(objects, counts, analytics):
    with tempfile.TemporaryDirectory() as folder:
        for key, body in objects.items():
            path = Path(folder, key)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
        os.chdir(folder)
        database = duckdb.connect()
        database.execute((ROOT / "contracts/archive/duckdb.sql").read_text())
        queries = "".join(re.findall(r"```sql\n(.*?)```", (ROOT / "docs/data.md").read_text(), re.S))
        answers = [database.execute(query).fetchall() for query in queries.split(";") if query.strip()]
        assert len(answers) == 5 and all(answers), f"a query without an answer: {answers}"
        by_type = {kind: number for kind, number, _, _ in answers[0]}
        assert by_type == counts, f"{by_type} is not {counts}"
        assert [version for _, kind, version, _ in answers[1] if kind == "UserActivity"] == [None, None], answers[1]
        assert all(None not in row for row in answers[2] + answers[4]), answers
        by_hour = {(bucket.isoformat(), kind): number for bucket, kind, number in answers[3]}
        assert by_hour == analytics, f"{by_hour} is not {analytics}"
        whole = database.execute("SELECT event FROM archive_events('archive') WHERE subject = 'ann-1'").fetchall()
        assert len(whole) == 2 and all(f'"iccid":{DIGITS}' in event for event, in whole), whole


def main():
    stack = Stack(sys.argv[1])
    try:
        load(stack)
        objects = complete(stack)
        counts = check_events(objects)
        analytics = counted(stack, sum(counts.values()))
    finally:
        stack.process.terminate()
    check_queries(objects, counts, analytics)
    print(f"The queries of docs/data.md hold over {sum(counts.values())} events of {len(counts)} types.")


main()
