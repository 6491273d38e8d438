#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Package:  botocore 1.44.8
# Expected: only errors that carry an answer of the service (ClientError) have the attribute "response", so
#           getattr(error, "response", {}).get("Error") is safe for every error of botocore.
# Happens:  the errors derived from HTTPClientError have the attribute too, with the value None when there is no answer.
#           The default of getattr is not used, and .get fails with AttributeError. A connection that the other side
#           closes without an answer (ConnectionClosedError) is such an error. EndpointConnectionError is not one.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q botocore==1.44.8
cat > "$work/check.py" <<'PYTHON'
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import botocore
import botocore.exceptions
import botocore.session
from botocore.config import Config


class Handler(BaseHTTPRequestHandler):
    """Reads the request, and closes the connection without an answer."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.close_connection = True


def call(port):
    client = botocore.session.Session().create_client(
        "sts",
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="example",
        aws_secret_access_key="example",
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )
    try:
        client.get_caller_identity()
    except botocore.exceptions.BotoCoreError as error:
        return error
    sys.exit("The call did not fail.")


def look(error):
    value = getattr(error, "response", "absent")
    try:
        getattr(error, "response", {}).get("Error")
        outcome = "works"
    except AttributeError as failure:
        outcome = f"fails: {failure}"
    print(f"{type(error).__name__}: response: {value!r}; getattr(error, 'response', {{}}).get {outcome}")
    return type(error).__name__, value, outcome == "works"


print("botocore", botocore.__version__)
server = HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
closed = look(call(server.server_port))
server.shutdown()
server.server_close()
refused = look(call(server.server_port))
if closed != ("ConnectionClosedError", None, False) or refused != ("EndpointConnectionError", "absent", True):
    sys.exit("The behaviour changed.")
print("As described: response of ConnectionClosedError is there, and None.")
PYTHON
env -u HTTP_PROXY -u http_proxy -u ALL_PROXY -u all_proxy "$work/venv/bin/python" "$work/check.py"
