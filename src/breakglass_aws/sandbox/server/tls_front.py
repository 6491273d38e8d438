# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The TLS front: a proxy on loopback under which the sandbox answers as AWS's own host names, by HTTPS.

Some clients do not heed AWS_ENDPOINT_URL for every service. With HTTPS_PROXY and AWS_CA_BUNDLE they reach the sandbox
under the names they have built in, and no other host: a request to anything but AWS is refused, and none leaves this
machine. The certificates are issued by an authority that is made at the start and whose key is never written to disk.
"""

from __future__ import annotations

import re
import select
import shutil
import socket
import socketserver
import ssl
import struct
import tempfile
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from breakglass_aws.sandbox.wire import hosts

_MAX_HEAD = 16 * 1024
_HEAD_SECONDS = 30
_IDLE_SECONDS = 120
_CHUNK = 64 * 1024
_CONNECT = re.compile(rb"CONNECT ([A-Za-z0-9.-]{1,253}):443 HTTP/1\.[01]\r\n")


class TlsFront:
    """The front of a sandbox, from its start until `stop`.

    Args:
        port: Of 127.0.0.1; 0 picks a free one.
        target: Address and port of the sandbox.
    """

    def __init__(self, port: int, target: tuple[str, int]) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="breakglass-sandbox-"))
        self.ca_file = self._folder / "ca.pem"
        try:
            self._authority = _Authority(self._folder)
            self.ca_file.write_bytes(self._authority.certificate)
            self._server = _Server(port, target, self._authority)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Serve from a thread of its own."""
        threading.Thread(target=self._server.serve_forever, name="tls front", daemon=True).start()

    def stop(self) -> None:
        """End, and remove the authority's certificate."""
        self._server.shutdown()
        self._server.server_close()
        shutil.rmtree(self._folder, ignore_errors=True)


class _Authority:
    """Issues certificates for host names of AWS."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "breakglass.aws sandbox")])
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = self._builder(self._name, self._key.public_key(), x509.BasicConstraints(ca=True, path_length=0))
        self._certificate = builder.add_extension(usage, critical=True).sign(self._key, hashes.SHA256())
        self.certificate = self._certificate.public_bytes(serialization.Encoding.PEM)

    def _builder(
        self, subject: x509.Name, public_key: Any, constraints: x509.BasicConstraints
    ) -> x509.CertificateBuilder:
        moment = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(moment - timedelta(days=1))
            .not_valid_after(moment + timedelta(days=30))
            .add_extension(constraints, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )

    def context(self, host: str) -> ssl.SSLContext:
        """What a server needs to be this host."""
        with self._lock:
            if host not in self._contexts:
                self._contexts[host] = self._issue(host)
            return self._contexts[host]

    def _issue(self, host: str) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        # A common name has at most 64 characters; the host is in the alternative names.
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])])
        certificate = (
            self._builder(subject, key.public_key(), x509.BasicConstraints(ca=False, path_length=None))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".pem") as file:  # ssl reads files only
            file.write(private + certificate.public_bytes(serialization.Encoding.PEM))
            file.flush()
            context.load_cert_chain(file.name)
        return context


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int, target: tuple[str, int], authority: _Authority) -> None:
        self.target = target
        self.authority = authority
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is no event."""


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.request.settimeout(_HEAD_SECONDS)
        found = _CONNECT.match(self._head())
        host = found[1].decode().lower() if found else ""
        if not hosts.is_aws(host):
            self._refuse("This proxy answers CONNECT to host names of AWS, port 443, and nothing else.")
            return
        self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with (
            self.server.authority.context(host).wrap_socket(self.request, server_side=True) as client,
            socket.create_connection(self.server.target) as sandbox,
        ):
            try:
                _relay(client, sandbox)
            except ConnectionResetError:  # a fault of the sandbox: the client sees it as it is
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _head(self) -> bytes:
        """The head of the proxy request; the client waits for the answer before it sends more."""
        head = b""
        while b"\r\n\r\n" not in head and len(head) < _MAX_HEAD:
            data = self.request.recv(_CHUNK)
            if not data:
                break
            head += data
        return head

    def _refuse(self, text: str) -> None:
        body = f"{text}\n".encode()
        head = f"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
        with suppress(OSError):
            self.request.sendall(head.encode() + b"Connection: close\r\n\r\n" + body)


def _relay(client: ssl.SSLSocket, sandbox: socket.socket) -> None:
    """Pass bytes both ways until one side ends."""
    client.settimeout(_IDLE_SECONDS)
    while True:
        ready = [client] if client.pending() else select.select([client, sandbox], [], [], _IDLE_SECONDS)[0]
        if not ready:
            return
        for source, target in ((client, sandbox), (sandbox, client)):
            if source in ready:
                data = source.recv(_CHUNK)
                if not data:
                    return
                target.sendall(data)
