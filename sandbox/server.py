"""Serving the application on loopback, with keep-alive connections."""

from __future__ import annotations

import ipaddress
import socket
import threading
from pathlib import Path
from typing import Any

from cheroot.wsgi import Server

from sandbox.application import Application
from sandbox.organization import load
from sandbox.state import State


class ServerError(RuntimeError):
    """The sandbox cannot be served; the text says why."""


class SandboxServer:
    """An organization behind a port of this machine.

    Args:
        organization: A YAML file, the same as plain data, or None for the default organization.
        port: 0 picks a free one.
        host: A loopback address; any other is refused, because the sandbox's credentials are no secrets.
    """

    def __init__(self, organization: str | Path | dict[str, Any] | None = None, port: int = 0, host: str = "127.0.0.1"):
        if not _is_loopback(host):
            raise ServerError(f"{host} is not a loopback address; the sandbox serves this machine only")
        self.state = State(load(organization))
        self._server = Server((host, port), Application(self.state), numthreads=8, request_queue_size=128, timeout=60)
        try:
            self._server.prepare()
        except OSError as error:
            raise ServerError(f"port {port} is in use; give another with --port, or 0 for any free one") from error
        self.port: int = self._server.bind_addr[1]
        self.url = f"http://{host}:{self.port}"

    def start(self) -> None:
        """Serve from a thread of its own until `stop` is called."""
        threading.Thread(target=self._server.serve, name="sandbox", daemon=True).start()

    def stop(self) -> None:
        self._server.stop()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" and all(
            ipaddress.ip_address(entry[4][0]).is_loopback for entry in socket.getaddrinfo(host, None)
        )
