#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Package:  botocore 1.44.8
# Expected: an answer of status 200 whose JSON body ends in the middle is reported as an error (ResponseParserError,
#           or a connection error), because nothing can be known from it.
# Happens:  SQS GetQueueAttributes returns without an error, and "Attributes" is not in what it returns. That cannot be
#           told from a queue that has none of the requested attributes, such as a queue without a policy.
#
# The server is a local one. It states the length of the cut body, so for HTTP the answer is complete.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q botocore==1.44.8
cat > "$work/check.py" <<'PYTHON'
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import botocore
import botocore.session
from botocore.config import Config

WHOLE = json.dumps({"Attributes": {"Policy": "{}", "QueueArn": "arn:aws:sqs:us-east-1:111122223333:q"}}).encode()
BODIES = {"whole": WHOLE, "cut": WHOLE[: len(WHOLE) // 2], "empty": b""}
current = "whole"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = BODIES[current]
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
endpoint = f"http://127.0.0.1:{server.server_port}"
client = botocore.session.Session().create_client(
    "sqs",
    region_name="us-east-1",
    endpoint_url=endpoint,
    aws_access_key_id="example",
    aws_secret_access_key="example",
    config=Config(retries={"total_max_attempts": 1}, proxies={}),
)
print("botocore", botocore.__version__)
seen = {}
for current in BODIES:
    try:
        answer = client.get_queue_attributes(QueueUrl=endpoint + "/111122223333/q", AttributeNames=["All"])
        seen[current] = sorted(answer)
        print(f"{current}: body {BODIES[current]!r}: no error, members {sorted(answer)}")
    except Exception as error:
        seen[current] = type(error).__name__
        print(f"{current}: body {BODIES[current]!r}: {type(error).__name__}: {error}")
server.shutdown()
if seen["whole"] != ["Attributes", "ResponseMetadata"] or seen["cut"] != ["ResponseMetadata"]:
    sys.exit("The behaviour changed.")
print("As described: a body that is cut is no error, Attributes is only absent.")
PYTHON
env -u HTTP_PROXY -u http_proxy -u ALL_PROXY -u all_proxy "$work/venv/bin/python" "$work/check.py"
