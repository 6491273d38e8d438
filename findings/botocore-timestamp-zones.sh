#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Package:  botocore 1.44.8, python-dateutil 2.9.0.post0
# Expected: the time zone of all timestamps that a client returns is the same object, or there are a few of them.
# Happens:  each timestamp has a tzlocal object of its own, which takes more memory than the timestamp. For 10,000
#           listed accounts with one timestamp each it is more than half of the memory of the whole list.
#
# No request is sent.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q botocore==1.44.8 python-dateutil==2.9.0.post0
cat > "$work/check.py" <<'PYTHON'
import gc
import json
import sys
import tracemalloc
from importlib.metadata import version

import botocore
import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.config import Config

ACCOUNTS, PAGE = 10_000, 20


class Raw:
    def __init__(self, body):
        self.body = body

    def stream(self):
        yield self.body


def answer(request, **_):
    start = int(json.loads(request.body).get("NextToken", "0"))
    numbers = range(start, start + PAGE)
    page = [{"Id": f"{number:012d}", "JoinedTimestamp": 1600000000.5 + number} for number in numbers]
    more = {"NextToken": str(start + PAGE)} if start + PAGE < ACCOUNTS else {}
    body = json.dumps({"Accounts": page, **more}).encode()
    return AWSResponse(request.url, 200, {"Content-Type": "application/x-amz-json-1.1"}, Raw(body))


def used():
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


client = botocore.session.Session().create_client(
    "organizations",
    region_name="us-east-1",
    aws_access_key_id="example",
    aws_secret_access_key="example",
    config=Config(proxies={}),
)
client.meta.events.register("before-send.organizations", answer)
print("botocore", botocore.__version__, "python-dateutil", version("python-dateutil"))
client.list_accounts()
tracemalloc.start()
before = used()
accounts = [account for page in client.get_paginator("list_accounts").paginate() for account in page["Accounts"]]
own = used() - before
kinds = {type(account["JoinedTimestamp"].tzinfo).__name__ for account in accounts}
zones = len({id(account["JoinedTimestamp"].tzinfo) for account in accounts})
equal = all(account["JoinedTimestamp"].tzinfo == accounts[0]["JoinedTimestamp"].tzinfo for account in accounts)
shared = accounts[0]["JoinedTimestamp"].tzinfo
for account in accounts:
    account["JoinedTimestamp"] = account["JoinedTimestamp"].replace(tzinfo=shared)
one = used() - before
print(f"{len(accounts)} accounts: {zones} time zone objects of {kinds}, all equal: {equal}")
print(f"memory: {own // 1000} kB; with one time zone object for all: {one // 1000} kB")
if len(accounts) != ACCOUNTS or zones != ACCOUNTS or kinds != {"tzlocal"} or not equal or own < 2 * one:
    sys.exit("The behaviour changed.")
print("As described: each timestamp has its own time zone object.")
PYTHON
"$work/venv/bin/python" "$work/check.py"
