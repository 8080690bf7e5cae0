"""Fakes for the ports of core, for our tests and for those of programs built on Gatepost."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from core.delivery.transport import BeforeData, DeliveryReport, Envelope, ServerSettings, Unlock
from core.values.configuration import StepStatus, TestReport, TestStep
from core.values.mail import RecipientResult
from core.values.operation import Outcome
from core.vault.keys import MemoryKeyStore

__all__ = ["FakeTransport", "FixedClock", "MemoryKeyStore"]


class FixedClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def move(self, step: timedelta) -> None:
        """Forward, or back where the step is negative."""
        self._now += step


@dataclass(slots=True)
class FakeTransport:
    """Keeps what it is given instead of sending it. `report` decides the outcome of the next mails."""

    sent: list[Envelope] = field(default_factory=list)
    report: DeliveryReport | None = None
    probe_report: TestReport | None = None

    async def send(
        self, server: ServerSettings, unlock: Unlock, envelope: Envelope, before_data: BeforeData
    ) -> DeliveryReport:
        await before_data()
        if self.report is not None:
            return self.report
        self.sent.append(envelope)
        return DeliveryReport(
            outcome=Outcome.SENT,
            recipients=tuple(
                RecipientResult(address=address, accepted=True, code=250, text="OK")
                for address in envelope.recipients
            ),
            reply="250 OK",
        )

    async def probe(self, server: ServerSettings, unlock: Unlock) -> TestReport:
        return self.probe_report or TestReport(
            steps=(TestStep(name="connect", status=StepStatus.PASSED, detail="connected"),)
        )

    async def close(self) -> None:
        return None
