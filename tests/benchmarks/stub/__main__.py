"""PYTHONPATH=tests python -m benchmarks.stub [--port N] [--set NAME=JSON ...]: serve until the process is ended."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json

from benchmarks.stub.config import Config
from benchmarks.stub.server import serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stub", description="Serve the stub on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--certificate", help="a PEM file with a private key and a certificate: serve TLS")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=JSON", help="a setting, as delay=0.03")
    options = parser.parse_args()
    settings = {name: json.loads(value) for name, _, value in (one.partition("=") for one in options.set)}
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(Config().updated(settings), options.port, options.certificate))


if __name__ == "__main__":
    main()
