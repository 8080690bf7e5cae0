"""The SMTP transport, loaded with the first mail or test: a dashboard that only shows things need not wait for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.delivery.transport import BeforeData, DeliveryReport, Envelope, ServerSettings, Unlock
from core.values.configuration import TestReport

if TYPE_CHECKING:
    from core.delivery.smtp import SmtpTransport


class OnDemandTransport:
    """A `Transport` over SMTP whose library is imported, in a thread, when it is first needed."""

    def __init__(self) -> None:
        self._transport: SmtpTransport | None = None

    async def send(
        self, server: ServerSettings, unlock: Unlock, envelope: Envelope, before_data: BeforeData
    ) -> DeliveryReport:
        """See `Transport.send`."""
        transport = self._transport or await self._load()
        return await transport.send(server, unlock, envelope, before_data)

    async def probe(self, server: ServerSettings, unlock: Unlock) -> TestReport:
        """See `Transport.probe`."""
        transport = self._transport or await self._load()
        return await transport.probe(server, unlock)

    async def close(self) -> None:
        """Say goodbye to every server that is still connected."""
        if self._transport is not None:
            await self._transport.close()

    async def _load(self) -> SmtpTransport:
        make = await asyncio.to_thread(_smtp_transport)
        # Somebody else may have been quicker; connections are kept in one place.
        self._transport = self._transport or make()
        return self._transport


def _smtp_transport() -> type[SmtpTransport]:
    from core.delivery.smtp import SmtpTransport

    return SmtpTransport
