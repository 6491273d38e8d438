"""The server: an asyncio protocol, one request at a time on a connection that stays open. Counts what it is asked."""

from __future__ import annotations

import asyncio
import collections
import json
import socket
import ssl
import struct
import time
from email.utils import formatdate
from typing import Any

from benchmarks.stub import answers, request, signature
from benchmarks.stub.config import Config
from benchmarks.stub.faults import Fate, Faults
from benchmarks.stub.keys import CALLER_KEY, Keys
from benchmarks.stub.request import Request

_REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 503: "Service Unavailable"}
_CONTROL = b"POST /-/"  # no bucket can have this name
_MOST_MISMATCHES = 20  # that are kept in words


class Server:
    """Answers requests, and keeps count."""

    def __init__(self, config: Config) -> None:
        self.configure(config)

    def configure(self, config: Config) -> None:
        """Take new settings, and begin counting anew."""
        self.config = config
        self.faults = Faults(config)
        self._services = answers.Services(config)
        self.calls: collections.Counter[str] = collections.Counter()
        self._faults: dict[Fate, collections.Counter[str]] = collections.defaultdict(collections.Counter)
        self._at_once: collections.Counter[str] = collections.Counter()
        self._peaks: dict[str, int] = {}
        self._accounts: set[str] = set()
        self.connections = self._mismatches = 0
        self._examples: list[str] = []
        self._begun, self._processor = time.monotonic(), time.process_time()

    def stats(self) -> dict[str, Any]:
        """What was counted since the last configuration. ``peaks``: requests at once, by operation and in all.

        ``mismatches``: requests whose key is not known, whose session token is another session's, that name another
        account's resource than their key's, or (with ``verify``) that another key signed. ``processor``: seconds of
        processor time the stub itself has used.
        """
        return {
            "calls": dict(self.calls),
            "total": sum(self.calls.values()),
            **{
                name: dict(self._faults[fate])
                for name, fate in (
                    ("throttled", Fate.THROTTLED),
                    ("reset_before", Fate.RESET_BEFORE),
                    ("reset_after", Fate.RESET_AFTER),
                )
            },
            "peaks": dict(self._peaks),
            "connections": self.connections,
            "accounts": len(self._accounts),
            "mismatches": self._mismatches,
            "examples": self._examples,
            "seconds": time.monotonic() - self._begun,
            "processor": time.process_time() - self._processor,
        }

    def receive(self, one: Request) -> bytes | None:
        """The whole answer; None when the connection is to be reset."""
        name = one.name
        self.calls[name] += 1
        if problem := self._mismatch(one):
            self._mismatches += 1
            if len(self._examples) < _MOST_MISMATCHES:
                self._examples.append(f"{name}: {problem}")
            return _http(answers.error(one, 403, "InvalidClientTokenId", problem))
        fate = Fate.ANSWERED if self.faults.none else self.faults.decide(name, time.monotonic())
        if fate is not Fate.ANSWERED:
            self._faults[fate][name] += 1
        if fate is Fate.THROTTLED:
            return _http(answers.throttled(one))
        if fate in (Fate.RESET_BEFORE, Fate.RESET_AFTER):
            return None
        self._accounts.add(one.access_key[4:16])
        return _http(self._services.answer(one))

    def begin(self, name: str) -> None:
        for key in (name, "all"):
            self._at_once[key] += 1
            if self._at_once[key] > self._peaks.get(key, 0):
                self._peaks[key] = self._at_once[key]

    def end(self, name: str) -> None:
        self._at_once[name] -= 1
        self._at_once["all"] -= 1

    def control(self, head: bytes, body: bytes) -> bytes:
        """POST /-/stats, or /-/configure with settings that change."""
        if head.startswith(b"POST /-/configure "):
            changes = json.loads(body)
            self.configure(self.config.updated(changes))
        return _http(answers.Answer(200, "application/json", json.dumps(self.stats())))

    def _mismatch(self, one: Request) -> str:
        key = Keys(one.access_key)
        if one.access_key != CALLER_KEY and not (key.temporary and len(one.access_key) == 20):
            return f"access key {one.access_key!r} was never issued"
        if one.token != (key.token if key.temporary else ""):
            return f"the session token is not that of {one.access_key}"
        named = answers.account_named_by(one)
        if named is not None and named != key.account:
            return f"names account {named}, signed with a key of {key.account}"
        if self.config.verify and not signature.is_valid(one):
            return f"the signature is not that of {one.access_key}"
        return ""


class Protocol(asyncio.Protocol):
    """One connection."""

    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop) -> None:
        self._server, self._loop = server, loop
        self._data = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._server.connections += 1
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (parts := request.split(self._data)) is not None:
            head, body, self._data = parts
            if head.startswith(_CONTROL):
                self._transport.write(self._server.control(head, body))
                continue
            self._receive(request.parse(head, body))

    def _receive(self, one: Request) -> None:
        self._server.begin(one.name)
        answer = self._server.receive(one)
        if self._server.config.delay:
            self._loop.call_later(self._server.config.delay, self._answer, one.name, answer)
        else:
            self._answer(one.name, answer)

    def _answer(self, name: str, answer: bytes | None) -> None:
        self._server.end(name)
        if self._transport.is_closing():
            return
        if answer is None:
            # Closing with a linger of zero seconds sends RST instead of FIN.
            linger = struct.pack("ii", 1, 0)
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self._transport.abort()
        else:
            self._transport.write(answer)


def _http(answer: answers.Answer) -> bytes:
    body = answer.body.encode()
    return (
        f"HTTP/1.1 {answer.status} {_REASONS[answer.status]}\r\nx-amzn-requestid: stub\r\n"
        f"date: {_date()}\r\ncontent-type: {answer.content_type}\r\ncontent-length: {len(body)}\r\n\r\n"
    ).encode() + body


_dates: dict[int, str] = {}


def _date() -> str:
    second = int(time.time())
    if second not in _dates:
        _dates.clear()
        _dates[second] = formatdate(second, usegmt=True)
    return _dates[second]


async def serve(config: Config, port: int, certificate: str | None) -> None:
    """Serve on 127.0.0.1 until the process ends; prints the port when ready. ``certificate``: a PEM file with key."""
    loop = asyncio.get_running_loop()
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    server = Server(config)
    listener = await loop.create_server(lambda: Protocol(server, loop), "127.0.0.1", port, ssl=context, backlog=1024)
    print(listener.sockets[0].getsockname()[1], flush=True)
    async with listener:
        await listener.serve_forever()
