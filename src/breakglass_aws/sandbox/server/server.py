# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Serving the application on loopback, with keep-alive connections."""

from __future__ import annotations

import errno
import ipaddress
import socket
import struct
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cheroot.server import ChunkedRFile, HTTPConnection, HTTPRequest
from cheroot.wsgi import Gateway_10, Server

from breakglass_aws.sandbox.faults.fault import BrokenOff
from breakglass_aws.sandbox.faults.injector import FaultInjector
from breakglass_aws.sandbox.organization_file.schema import load
from breakglass_aws.sandbox.server.application import Application
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.requests import MAX_BODY

if TYPE_CHECKING:
    from breakglass_aws.sandbox.server.tls_front import TlsFront

# moto's state is the process's, and so is the clock: whoever serves them holds this.
_THE_ONE = threading.Lock()
# AWS takes some thousand bytes of headers; a policy in a query string is a few times that.
_MAX_HEAD = 256 * 1024


class ServerError(RuntimeError):
    """The sandbox cannot be served; the text says why."""


class SandboxServer:
    """An organization behind a port of this machine.

    Args:
        organization: A YAML file, the same as plain data, or None for the default organization.
        port: 0 picks a free one.
        host: A loopback address; any other is refused, because the sandbox's credentials are no secrets.
        faults: Fault rules to begin with.
        seed: Seed of the rules that have none of their own.
        tls_front: Port of a TLS front (see `tls_front`); None for none, 0 picks a free one.
    """

    def __init__(
        self,
        organization: str | Path | dict[str, Any] | None = None,
        port: int = 0,
        host: str = "127.0.0.1",
        *,
        faults: Any = (),
        seed: int = 0,
        tls_front: int | None = None,
    ):
        if not _is_loopback(host):
            raise ServerError(f"{host} is not a loopback address; the sandbox serves this machine only")
        if not _THE_ONE.acquire(blocking=False):
            raise ServerError(
                "this process serves a sandbox already, and its state can be had once; stop that one, or serve another "
                "from a process of its own: breakglass sandbox serve --port 0"
            )
        self._held = True
        try:
            self.state = State(load(organization))
            self.faults = FaultInjector(self.state, faults, seed)
            self.state.after_reset.append(self.faults.reset)
            self.state.sts_view = self.faults.sts_view
            self._server = self._bound(host, port)
        except BaseException:
            self._let_go()
            raise
        self.port: int = self._server.bind_addr[1]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
        self.tls_front: TlsFront | None = None
        if tls_front is not None:
            from breakglass_aws.sandbox.server.tls_front import TlsFront  # takes a while to load

            try:
                self.tls_front = TlsFront(tls_front, (host, self.port))
            except OSError as error:
                self.stop()
                raise ServerError(_bind_problem("127.0.0.1", tls_front).replace("--port", "--tls-front")) from error
            self.state.tls_front = {"proxy": self.tls_front.url, "ca_file": str(self.tls_front.ca_file)}

    def _bound(self, host: str, port: int) -> Server:
        server = Server(
            (host, port), Application(self.state, self.faults), numthreads=8, request_queue_size=128, timeout=60
        )
        server.gateway = _Gateway
        server.ConnectionClass = _Connection
        server.max_request_header_size = _MAX_HEAD
        try:
            server.prepare()
        except OSError as error:
            raise ServerError(_bind_problem(host, port)) from error
        return server

    def _let_go(self) -> None:
        if self._held:
            self._held = False
            _THE_ONE.release()

    def start(self) -> None:
        """Serve from a thread of its own until `stop` is called."""
        threading.Thread(target=self._server.serve, name="sandbox", daemon=True).start()
        if self.tls_front is not None:
            self.tls_front.start()

    def stop(self) -> None:
        if self.tls_front is not None:
            self.tls_front.stop()
        self._server.stop()
        self._let_go()


class _Request(HTTPRequest):
    def read_request_line(self) -> bool:
        try:
            return bool(super().read_request_line())
        except ValueError:  # of a URL in brackets that hold no address
            self.simple_response("400 Bad Request", "Malformed Request-URI")
            return False


class _Connection(HTTPConnection):
    RequestHandlerClass = _Request


class _Gateway(Gateway_10):
    """cheroot's gateway, for answers that break off."""

    def respond(self) -> None:
        if isinstance(self.req.rfile, ChunkedRFile):
            self.req.rfile.maxlen = MAX_BODY
        try:
            super().respond()
        except BrokenOff as end:
            self.req.ready = False  # nothing more is to be written
            self.req.close_connection = True
            if end.abrupt:
                _reset(self.req.conn)


def _reset(connection: Any) -> None:
    """End a connection with RST: a socket that may not linger sends it when it is closed without a shutdown."""
    connection.linger = True  # has cheroot leave the socket to us
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.socket.close()


def _bind_problem(host: str, port: int) -> str:
    """Why nothing can listen there, as the system says it; cheroot keeps that to itself."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
            trial.listen()
        except PermissionError:
            return f"port {port} may not be bound by this user; give one above 1023 with --port, or 0 for any free one"
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return f"{host} port {port} cannot be bound: {error.strerror}"
    return f"port {port} is in use; give another with --port, or 0 for any free one"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" and all(
            ipaddress.ip_address(entry[4][0]).is_loopback for entry in socket.getaddrinfo(host, None)
        )
