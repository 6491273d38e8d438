#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Package:  amazon.aws 11.4.0 (in ansible 14.5.0) with aiobotocore 3.10.0: the event source aws_cloudtrail of
#           ansible-rulebook.
# Expected: each event of CloudTrail reaches the rulebook once.
# Happens:  (1) CloudTrail tells times in whole seconds. When a second event of one second is delivered at a later read
#           than the first, the source puts both into the queue again and again, in turns: it remembers the IDs of one
#           read only. (2) An event that CloudTrail delivers late, with a time before the newest one read, never comes.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q aiobotocore==3.10.0
"$work/venv/bin/pip" download -q --no-deps --python-version 3.12 --only-binary=:all: -d "$work" ansible==14.5.0
cat > "$work/check.py" <<'PYTHON'
import asyncio
import importlib.util
import json
import sys
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

work = sys.argv[1]
SOURCE = "ansible_collections/amazon/aws/extensions/eda/plugins/event_source/aws_cloudtrail.py"
with zipfile.ZipFile(f"{work}/ansible-14.5.0-py3-none-any.whl") as wheel:
    wheel.extract(SOURCE, work)
    version = json.loads(wheel.read("ansible_collections/amazon/aws/MANIFEST.json"))["collection_info"]["version"]
spec = importlib.util.spec_from_file_location("aws_cloudtrail", f"{work}/{SOURCE}")
source = importlib.util.module_from_spec(spec)
spec.loader.exec_module(source)

begin = int(time.time()) + 60
# Each event, its time, and the number of the read from which on CloudTrail has it.
DELIVERED = [("first", begin, 1), ("same second", begin, 2), ("late", begin - 30, 3)]
reads = 0


class CloudTrail(BaseHTTPRequestHandler):
    def do_POST(self):
        global reads
        reads += 1
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        events = [
            {"EventId": name, "EventTime": when, "CloudTrailEvent": "{}"}
            for name, when, since in DELIVERED
            if since <= reads and when >= asked["StartTime"]
        ]
        body = json.dumps({"Events": events}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


async def seen():
    queue = asyncio.Queue()
    port = server.server_address[1]
    options = {"endpoint_url": f"http://127.0.0.1:{port}", "region": "us-east-1", "delay_seconds": 0}
    task = asyncio.create_task(source.main(queue, {**options, "access_key": "test", "secret_key": "test"}))
    while reads < 8:
        await asyncio.sleep(0.01)
    task.cancel()
    return [queue.get_nowait()["EventId"] for _ in range(queue.qsize())]


server = ThreadingHTTPServer(("127.0.0.1", 0), CloudTrail)
threading.Thread(target=server.serve_forever, daemon=True).start()
names = asyncio.run(seen())
print("amazon.aws", version, "events in the queue after", reads, "reads:", names)
if names.count("first") < 3 or names.count("same second") < 3 or "late" in names:
    sys.exit("The behaviour changed.")
print("As described: two events of one second come again and again, and the late one does not come.")
PYTHON
"$work/venv/bin/python" "$work/check.py" "$work"
