#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Package:  botocore 1.44.8
# Expected: a client of s3control with endpoint_url="http://127.0.0.1:5000" asks that host. If the ID of the account is
#           put before the host, Config(inject_host_prefix=False) turns it off: its documentation says that this is for
#           custom endpoints that should not have their host prefix modified.
# Happens:  the request goes to 111122223333.127.0.0.1, which is no valid address, with inject_host_prefix=False too. To
#           reach a local server one needs a name that resolves with any prefix, or a handler that changes the URL.
#
# No request is sent.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q botocore==1.44.8
cat > "$work/check.py" <<'PYTHON'
import sys
from urllib.parse import urlsplit

import botocore
import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.config import Config


class Raw:
    def stream(self):
        yield b"<GetPublicAccessBlockOutput/>"


def host(**settings):
    client = botocore.session.Session().create_client(
        "s3control",
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:5000",
        aws_access_key_id="example",
        aws_secret_access_key="example",
        config=Config(proxies={}, **settings),
    )
    seen = []

    def answer(request, **_):
        seen.append(request.url)
        return AWSResponse(request.url, 200, {}, Raw())

    client.meta.events.register("before-send.s3-control", answer)
    client.get_public_access_block(AccountId="111122223333")
    print(f"{client.meta.endpoint_url}, {settings}: {seen[0]}")
    return urlsplit(seen[0]).netloc


print("botocore", botocore.__version__)
hosts = {host(), host(inject_host_prefix=False)}
if hosts != {"111122223333.127.0.0.1:5000"}:
    sys.exit("The behaviour changed.")
print("As described: the ID of the account is put before the address.")
PYTHON
"$work/venv/bin/python" "$work/check.py"
