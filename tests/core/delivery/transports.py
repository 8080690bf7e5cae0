"""Transports that do what a test needs at the moment that matters: before, at and after the start of DATA."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from core.delivery.transport import BeforeData, DeliveryReport, Envelope, ServerSettings, Unlock
from core.testing import FakeTransport

Step = Callable[[], Awaitable[object]]


async def nothing() -> None:
    return None


@dataclass(slots=True)
class SteppingTransport(FakeTransport):
    """Runs a step of the test's own before DATA begins, and another one once it has begun."""

    before: Step = nothing
    after: Step = nothing
    opens_password: bool = False
    passwords: list[str] = field(default_factory=list)

    async def send(
        self, server: ServerSettings, unlock: Unlock, envelope: Envelope, before_data: BeforeData
    ) -> DeliveryReport:
        if self.opens_password:
            self.passwords.append((await unlock()).reveal())
        await self.before()

        async def begin() -> None:
            await before_data()
            await self.after()

        return await FakeTransport.send(self, server, unlock, envelope, begin)


class Pause:
    """A step at which a delivery stands still until it is let go."""

    def __init__(self) -> None:
        self.is_reached = asyncio.Event()
        self.may_go_on = asyncio.Event()

    async def __call__(self) -> None:
        self.is_reached.set()
        await self.may_go_on.wait()


async def fail(error: Exception) -> None:
    raise error
