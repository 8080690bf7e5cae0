"""The SMTP transport: hands messages to servers over kept connections, and tests the way to them."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

from core.delivery.smtp.authentication import authenticate
from core.delivery.smtp.connecting import resolve
from core.delivery.smtp.faults import Fault
from core.delivery.smtp.pool import Pool
from core.delivery.smtp.probe import probe
from core.delivery.smtp.session import Session
from core.delivery.smtp.tls import Contexts
from core.delivery.smtp.transaction import Parcel, deliver, pack, report_of
from core.delivery.transport import BeforeData, DeliveryReport, Envelope, ServerSettings, Unlock
from core.values.configuration import Security, TestReport


class SmtpTransport:
    """Delivery over SMTP (RFC 5321). Safe for many tasks of one event loop; `close()` it in that loop.

    A configuration has `connections_per_configuration` connections at most, each kept for `idle_seconds`
    after its last message and for `messages_per_connection` messages. `local_hostname` is what EHLO says;
    without it the address of this side, as mail programs do, and no name is looked up.
    """

    def __init__(
        self,
        *,
        connections_per_configuration: int = 4,
        idle_seconds: float = 20.0,
        messages_per_connection: int = 100,
        local_hostname: str | None = None,
    ) -> None:
        self._pool = Pool(
            width=connections_per_configuration,
            idle_seconds=idle_seconds,
            messages_per_connection=messages_per_connection,
        )
        self._contexts = Contexts()
        self._local_hostname = local_hostname

    async def send(
        self, server: ServerSettings, unlock: Unlock, envelope: Envelope, before_data: BeforeData
    ) -> DeliveryReport:
        """Hand the envelope to the server and report what it said. Some recipients accepted counts as sent.

        A kept connection that turns out to be dead before DATA costs one more try on a new one.
        Raises ValueError for an envelope that must not reach a server, and what `unlock` and `before_data`
        raise; then nothing was sent.
        """
        parcel = pack(envelope)
        async with self._pool.turn(server):
            session = self._pool.take(server)
            if session is not None:
                report = await self._send_again(session, parcel, before_data)
                if report is not None:
                    return report
            try:
                session = await self._open(server, unlock)
            except Fault as fault:
                return report_of(fault)
            try:
                report = await self._deliver(session, parcel, before_data)
            except Fault as fault:
                report = report_of(fault)
            return replace(report, timings={**session.timings, **report.timings})

    async def probe(self, server: ServerSettings, unlock: Unlock) -> TestReport:
        """Walk the way to the server step by step up to authentication, sending nothing."""
        return await probe(server, unlock, self._contexts, self._local_hostname)

    async def close(self) -> None:
        """Say QUIT to every server that is still connected. Afterwards nothing can be sent."""
        await self._pool.close()

    async def _send_again(
        self, session: Session, parcel: Parcel, before_data: BeforeData
    ) -> DeliveryReport | None:
        """Send over a kept session; None if it was dead and the message is to go over a new one."""
        has_begun = False

        async def begin() -> None:
            nonlocal has_begun
            has_begun = True
            await before_data()

        try:
            return await self._deliver(session, parcel, begin)
        except Fault as fault:
            if fault.is_stale and not has_begun:
                return None
            return report_of(fault)

    async def _deliver(self, session: Session, parcel: Parcel, before_data: BeforeData) -> DeliveryReport:
        """Send over the session and give it back. The pool drops one that was left in mid-mail."""
        try:
            return await deliver(session, parcel, before_data)
        finally:
            self._pool.give_back(session)

    async def _open(self, server: ServerSettings, unlock: Unlock) -> Session:
        """A new session, authenticated. Raises Fault, and what `unlock` raises."""
        session = Session(server, self._local_hostname)
        try:
            tls = None if server.security is Security.PLAINTEXT else await self._contexts.get(server)
            begun = perf_counter()
            addresses = await resolve(server)
            await session.connect(addresses)
            session.timings["connect"] = round((perf_counter() - begun) * 1000)  # with the look-up
            await session.attach(tls if server.security is Security.IMPLICIT_TLS else None)
            await session.greet()
            await session.introduce()
            if server.security is Security.STARTTLS and tls is not None:
                await session.start_tls(tls)
                await session.introduce()
            await authenticate(session, unlock)
        except BaseException:
            session.abort()
            raise
        return session
