"""Servers to send to: a real one (aiosmtpd), and one that plays whatever a test writes down."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import trustme
from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as ServerEnvelope
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.delivery.transport import Envelope, ServerSettings
from core.values.configuration import AuthMechanism, Security
from core.vault.secret import Secret

PASSWORD = "correct horse ßattery"
CONTENT = b"Subject: Hello\r\n\r\nHello.\r\n"


class Vault:
    """Opens one password, and counts how often it was asked to."""

    def __init__(self, password: str = PASSWORD) -> None:
        self.opened = 0
        self._password = password

    async def unlock(self) -> Secret:
        self.opened += 1
        return Secret(self._password)


class Ledger:
    """What the outbox would write down right before DATA."""

    def __init__(self, error: Exception | None = None) -> None:
        self.entries = 0
        self._error = error

    async def before_data(self) -> None:
        self.entries += 1
        if self._error is not None:
            raise self._error


def envelope(*recipients: str, content: bytes = CONTENT, sender: str = "agent@home.test") -> Envelope:
    return Envelope(
        sender=sender,
        recipients=recipients or ("person@away.test",),
        message_id="<1@home.test>",
        content=content,
    )


def settings(port: int, **changes: Any) -> ServerSettings:
    """Settings for a server on this machine: plaintext and no credentials, unless changed."""
    values: dict[str, Any] = {
        "configuration_id": UUID(int=1),
        "host": "localhost",
        "port": port,
        "security": Security.PLAINTEXT,
        "auth_mechanism": AuthMechanism.NONE,
        "username": "agent",
        "revision": 1,
        "connection_timeout": 10_000,
        "greeting_timeout": 10_000,
        "socket_timeout": 10_000,
        **changes,
    }
    return ServerSettings(**values)


# A server that plays a script


class Hang:
    """Instead of a reply: say nothing until the client goes."""


class Close:
    """Instead of a reply: close the connection."""


class Reset:
    """Instead of a reply: reset the connection."""


Answer = bytes | type[Hang] | type[Close] | type[Reset] | Callable[[bytes], bytes]
# What to answer to a verb; several answers are given in turn, the last one from then on.
Script = Mapping[str, Answer | Sequence[Answer]]

_DEFAULTS: dict[str, Answer] = {
    "greeting": b"220 script.test ESMTP\r\n",
    "EHLO": b"250-script.test\r\n250-SIZE 1000000\r\n250 8BITMIME\r\n",
    "MAIL": b"250 2.1.0 sender fine\r\n",
    "RCPT": b"250 2.1.5 recipient fine\r\n",
    "DATA": b"354 go on\r\n",
    "content": b"250 2.0.0 queued as 1\r\n",
    "RSET": b"250 2.0.0 forgotten\r\n",
    "QUIT": b"221 2.0.0 bye\r\n",
    "STARTTLS": b"220 2.0.0 go on\r\n",
}


@dataclass
class Scripted:
    """A server that answers as it is told, and writes down what it was told."""

    script: Script = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    is_implicit: bool = False
    port: int = 0
    commands: list[bytes] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    connections: int = 0
    ended: int = 0
    end: asyncio.Condition = field(default_factory=asyncio.Condition)
    _given: dict[str, int] = field(default_factory=dict)

    def verbs(self) -> list[str]:
        return [command.split(b" ")[0].decode("latin-1").upper() for command in self.commands]

    async def until_ended(self, count: int) -> None:
        """Wait until that many connections have ended."""
        async with self.end:
            await self.end.wait_for(lambda: self.ended >= count)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, _EndedError):
            pass
        finally:
            writer.close()
            async with self.end:
                self.ended += 1
                self.end.notify_all()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._answer("greeting", b"", reader, writer)
        while line := await reader.readline():
            command = line.removesuffix(b"\r\n")
            self.commands.append(command)
            verb = command.split(b" ")[0].decode("latin-1").upper()
            reply = await self._answer(verb, command, reader, writer)
            if verb == "DATA" and reply.startswith(b"354"):
                content = await reader.readuntil(b"\r\n.\r\n")
                self.contents.append(content)
                await self._answer("content", content, reader, writer)
            elif verb == "STARTTLS" and reply.startswith(b"220") and self.tls is not None:
                await writer.start_tls(self.tls)
            elif verb == "QUIT":
                return

    async def _answer(
        self, verb: str, command: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        answer = self.script.get(verb, _DEFAULTS.get(verb, b"500 5.5.1 what\r\n"))
        if isinstance(answer, Sequence) and not isinstance(answer, bytes):
            turn = self._given.get(verb, 0)
            self._given[verb] = turn + 1
            answer = answer[min(turn, len(answer) - 1)]
        if answer is Hang:
            while await reader.read(65536):
                pass
            raise _EndedError
        if answer is Close:
            raise _EndedError
        if answer is Reset:
            writer.transport.abort()
            raise _EndedError
        reply = answer if isinstance(answer, bytes) else answer(command)  # type: ignore[operator]
        writer.write(reply)
        await writer.drain()
        return reply


class _EndedError(Exception):
    pass


@contextlib.asynccontextmanager
async def scripted(
    script: Script | None = None, *, tls: ssl.SSLContext | None = None, is_implicit: bool = False
) -> AsyncIterator[Scripted]:
    """A scripted server on a free port of this machine."""
    play = Scripted(script or {}, tls, is_implicit)
    tasks: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        await play.serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls if is_implicit else None)
    play.port = server.sockets[0].getsockname()[1]
    try:
        yield play
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


# A real server


@dataclass
class Post:
    """An aiosmtpd handler that keeps what arrives."""

    received: list[ServerEnvelope] = field(default_factory=list)
    peers: set[Any] = field(default_factory=set)  # one for each connection
    are_secured: list[bool] = field(default_factory=list)
    users: list[bytes | None] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, mail: ServerEnvelope) -> str:  # noqa: N802
        self.received.append(mail)
        self.peers.add(session.peer)
        self.are_secured.append(
            session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None
        )
        self.users.append(session.auth_data if session.authenticated else None)
        return "250 2.0.0 queued"


@contextlib.asynccontextmanager
async def real(
    handler: Any, *, tls: ssl.SSLContext | None = None, is_implicit: bool = False, **options: Any
) -> AsyncIterator[int]:
    """An aiosmtpd server on a free port of this machine, with STARTTLS or implicit TLS; yields the port."""
    loop = asyncio.get_running_loop()
    made: list[SMTP] = []

    def make() -> SMTP:
        made.append(
            SMTP(
                handler,
                loop=loop,
                hostname="real.test",
                enable_SMTPUTF8=True,
                tls_context=None if is_implicit else tls,
                **options,
            )
        )
        return made[-1]

    server = await loop.create_server(make, "127.0.0.1", 0, ssl=tls if is_implicit else None)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for protocol in made:
            if protocol.transport is not None:
                protocol.transport.abort()
        await asyncio.sleep(0)


# Certificates


def server_tls(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def self_signed(path: Any, name: str = "localhost") -> tuple[ssl.SSLContext, str]:
    """A server context with a certificate that vouches for itself, and that certificate as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(uuid4().int)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    file = path / "self-signed.pem"
    file.write_bytes(
        pem
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context, pem.decode()
