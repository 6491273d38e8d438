#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Package:  botocore 1.44.8 with urllib3 2.8.0
# Expected: the head and the body of a request leave in one write to the socket: botocore's connection class joins them,
#           and its comment says why (delayed acknowledgements and Nagle's algorithm).
# Happens:  with urllib3 2 each POST takes two writes, because urllib3 sends the body itself after the head. With
#           urllib3 1.26, which this botocore accepts as well, it is one.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cat > "$work/check.py" <<'PYTHON'
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

import botocore.session

ANSWER = b"""<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/example</Arn>
<Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"""


class Sts(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Sts)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = botocore.session.get_session().create_client(
    "sts",
    region_name="us-east-1",
    endpoint_url=f"http://127.0.0.1:{server.server_port}",
    aws_access_key_id="example",
    aws_secret_access_key="example",
)
client.get_caller_identity()  # opens the connection
writes, mine, write = [], threading.get_ident(), socket.socket.sendall


def counted(self, data, *flags):
    if threading.get_ident() == mine:
        writes.append(len(data))
    return write(self, data, *flags)


socket.socket.sendall = counted
client.get_caller_identity()
print("botocore", version("botocore"), "urllib3", version("urllib3"), "- writes for one request:", len(writes))
if len(writes) != int(sys.argv[1]):
    sys.exit("The behaviour changed.")
PYTHON
for case in 1.26.20:1 2.8.0:2; do
    python3 -m venv "$work/${case%:*}"
    "$work/${case%:*}/bin/pip" install -q botocore==1.44.8 "urllib3==${case%:*}"
    "$work/${case%:*}/bin/python" "$work/check.py" "${case#*:}"
done
echo "As described: two writes with urllib3 2."
