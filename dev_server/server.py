"""The capture server: listens, makes its certificate, and answers 250 only for what is committed."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import socket
import ssl
from typing import Final, Self

from dev_server.certificate import ServerCertificate, make_certificate
from dev_server.desk import Desk
from dev_server.errors import AddressUnavailable, PortInUse, RemoteRefused, ServerError, SettingsInvalid
from dev_server.protocol import CaptureProtocol
from dev_server.settings import MEBIBYTE, Logins, ServerSettings
from dev_server.store import CaptureStore
from dev_server.writer import GroupWriter

_BACKLOG: Final = 512
_HANDSHAKE_SECONDS: Final = 15.0


class CaptureServer:
    """An SMTP server that keeps every mail in a `CaptureStore` instead of delivering it.

        async with CaptureServer(store) as server:
            ...  # send to server.host, server.port

    `port` 0 takes any free one. `tls_port` opens a second port with implicit TLS (0: any free one). `logins` is
    "any" (every name and password), a mapping of name to password, or "none" (AUTH is not offered). The other
    parameters are those of `ServerSettings`. The store is the caller's: it is not closed here.

    The constructor raises SettingsInvalid; `start` raises RemoteRefused, PortInUse or AddressUnavailable.
    """

    def __init__(
        self,
        store: CaptureStore,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        tls_port: int | None = None,
        allow_remote: bool = False,
        hostname: str = "localhost",
        starttls: bool = True,
        require_tls: bool = False,
        logins: Logins = "any",
        require_auth: bool = False,
        auth_without_tls: bool = True,
        max_message_bytes: int = 32 * MEBIBYTE,
        max_recipients: int = 1000,
        max_connections: int = 500,
        max_bytes_in_flight: int = 256 * MEBIBYTE,
        idle_timeout: float = 300.0,
    ) -> None:
        for name, value in (("port", port), ("tls_port", tls_port)):
            if value is not None and not 0 <= value <= 65535:
                raise SettingsInvalid(f"{name} is {value}; ports go from 0 (any free one) to 65535.")
        if require_tls and not starttls and tls_port is None:
            raise SettingsInvalid(
                "TLS is required but not offered.", remedy="Offer STARTTLS, or give a TLS port."
            )
        self.store: Final = store
        self.settings: Final = ServerSettings(
            hostname=hostname,
            starttls=starttls,
            require_tls=require_tls,
            logins=logins if isinstance(logins, str) else dict(logins),
            require_auth=require_auth,
            auth_without_tls=auth_without_tls,
            max_message_bytes=max_message_bytes,
            max_recipients=max_recipients,
            max_connections=max_connections,
            max_bytes_in_flight=max_bytes_in_flight,
            idle_timeout=idle_timeout,
        )
        self._wanted_host = host
        self._wanted_port = port
        self._wanted_tls_port = tls_port
        self._allow_remote = allow_remote
        self._listeners: list[asyncio.Server] = []
        self._certificate: ServerCertificate | None = None
        self._writer: GroupWriter | None = None
        self._desk: Desk | None = None
        self._host = host
        self._port = port
        self._tls_port: int | None = None

    # Where it listens

    @property
    def host(self) -> str:
        """The address that it listens on, once started."""
        return self._host

    @property
    def port(self) -> int:
        """The port of SMTP with STARTTLS, once started."""
        return self._port

    @property
    def tls_port(self) -> int | None:
        """The port of SMTP with implicit TLS, once started; None if there is none."""
        return self._tls_port

    @property
    def certificate_pem(self) -> str:
        """The certificate (PEM) to trust for this run. Valid for localhost, 127.0.0.1, ::1 and the server's host."""
        if self._certificate is None:
            raise ServerError("The server has no certificate before it is started.")
        return self._certificate.authority_pem

    @property
    def running(self) -> bool:
        """Whether it accepts connections."""
        return bool(self._listeners)

    # Starting and stopping

    async def start(self) -> None:
        """Listens. Raises RemoteRefused, PortInUse or AddressUnavailable, and has then left nothing open."""
        if self.running:
            raise ServerError("The server is running already.", remedy="Stop it first.")
        loop = asyncio.get_running_loop()
        self._host = await self._resolve(loop)
        self._certificate = await asyncio.to_thread(make_certificate, (self._host,))
        context = self._certificate.context
        self._writer = GroupWriter(self.store, loop)
        self._desk = Desk(
            settings=self.settings,
            loop=loop,
            submit=self._writer.submit,
            tls_context=context if self.settings.starttls else None,
        )
        try:
            self._port = await self._listen(self._wanted_port, None)
            if self._wanted_tls_port is not None:
                self._tls_port = await self._listen(self._wanted_tls_port, context)
        except BaseException:
            await self.stop(grace=0)
            raise
        self._desk.watch()

    async def stop(self, grace: float = 5.0) -> None:
        """Stops listening, lets mails that are being received finish for `grace` seconds, commits, and closes."""
        listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener.close()
        if self._desk is not None:
            await self._desk.close(grace)
            self._desk = None
        for listener in listeners:
            # Connections in the middle of a TLS handshake are no sessions yet. Before Python 3.13 they time out.
            getattr(listener, "abort_clients", lambda: None)()
        if self._writer is not None:
            await self._writer.stop()
            self._writer = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # Inside

    async def _resolve(self, loop: asyncio.AbstractEventLoop) -> str:
        try:
            found = await loop.getaddrinfo(self._wanted_host or "", None, type=socket.SOCK_STREAM, family=0)
        except (OSError, UnicodeError) as error:
            raise AddressUnavailable(f"{self._wanted_host!r} is no address of this machine.") from error
        # One address of a name: two would get two different free ports. IPv4 first, as most test clients do.
        found.sort(key=lambda entry: entry[0] != socket.AF_INET)
        address = str(found[0][4][0])
        if not self._allow_remote and not _is_loopback(address):
            raise RemoteRefused(f"{self._wanted_host!r} can be reached from other machines.")
        return address

    async def _listen(self, port: int, context: ssl.SSLContext | None) -> int:
        desk = self._desk
        assert desk is not None
        loop = asyncio.get_running_loop()
        try:
            listener = await loop.create_server(
                lambda: CaptureProtocol(desk),
                self._host,
                port,
                ssl=context,
                ssl_handshake_timeout=_HANDSHAKE_SECONDS if context else None,
                backlog=_BACKLOG,
            )
        except (OSError, OverflowError) as error:
            if getattr(error, "errno", None) == errno.EADDRINUSE:
                raise PortInUse(f"Port {port} of {self._host} is in use.") from error
            number = getattr(error, "errno", None)
            reason = os.strerror(number) if number else str(error)
            raise AddressUnavailable(f"{self._host} port {port} can't be listened on: {reason}.") from error
        self._listeners.append(listener)
        return int(listener.sockets[0].getsockname()[1])


def _is_loopback(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None)
    return bool((mapped or parsed).is_loopback)
