"""Handing an accepted mail to its server and recording the outcome; looking after mails whose sender died."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import datetime
from time import perf_counter
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from core.delivery import outbox
from core.delivery.outbox import Parcel
from core.delivery.standing import Route, read_standing
from core.delivery.transport import DeliveryReport
from core.errors import (
    GatepostError,
    NoLongerAllowed,
    NotRecorded,
    OutcomeUnknown,
    PasswordUnavailable,
    TransportError,
    VaultError,
    WrongState,
)
from core.policy.verdict import Decision, Verdict
from core.services.configurations import PASSWORD_PURPOSE
from core.services.context import Context
from core.values.mail import SendResult
from core.values.operation import Outcome
from core.vault.secret import Secret

T = TypeVar("T")


class Dispatcher:
    """Delivers what is in the outbox."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def deliver(self, parcel: Parcel, route: Route, verdict: Verdict, started: float) -> SendResult:
        """Send one parcel and record what came of it.

        Raises WorkspaceError when that can't be recorded, WrongState when it took so long that another process
        has taken the mail over.
        """
        report = await self._hand_over(parcel, route)
        took_ms = round((perf_counter() - started) * 1000)
        operation_id = await _to_the_end(self._record(parcel, report, took_ms))
        if operation_id is None:
            raise WrongState(
                "another process has taken this mail over", remedy="Look in the log for what became of it."
            )
        return SendResult(
            outcome=report.outcome,
            verdict=verdict,
            operation_id=operation_id,
            delivery_id=parcel.delivery_id,
            message_id=parcel.envelope.message_id,
            recipients=report.recipients,
            reply=report.reply,
            error_code=report.error.code if report.error else None,
            error_message=str(report.error) if report.error else None,
            remedy=report.error.remedy if report.error else None,
            took_ms=took_ms,
        )

    async def recover(self) -> int:
        """Settle deliveries whose lease ran out, and return how many it was.

        One that died after DATA began may have been sent: it becomes unknown. One that died before is sent now.
        """
        context = self._context
        now = context.clock.now()
        overdue = await context.database.read(lambda session: outbox.overdue(session, now))
        return sum([await self._look_after(delivery_id) for delivery_id in overdue])

    async def _look_after(self, delivery_id: UUID) -> bool:
        """Take over one delivery and settle it; False when somebody else was quicker."""
        context = self._context
        now = context.clock.now()

        def take_over(session: Session) -> tuple[Parcel, bool, Route | None] | None:
            taken = outbox.take_over(session, delivery_id, now)
            if taken is None:
                return None
            parcel, has_begun = taken
            standing = read_standing(
                session,
                user_id=parcel.user_id,
                agent_id=parcel.agent_id,
                configuration_id=parcel.configuration_id,
                recipients=(),
                now=now,
            )
            return parcel, has_begun, standing.route

        taken = await context.database.write(take_over)
        if taken is None:
            return False
        parcel, has_begun, route = taken
        if has_begun:
            await self._record(parcel, _unanswered(), 0)
        elif route is None:
            await self._record(parcel, _not_handed_over(_withdrawn()), 0)
        else:
            verdict = Verdict(decision=Decision.ALLOWED, checks=())
            await self.deliver(parcel, route, verdict, perf_counter())
        return True

    async def _hand_over(self, parcel: Parcel, route: Route) -> DeliveryReport:
        context = self._context
        has_started = False

        async def unlock() -> Secret:
            secret_id = route.secret_id
            if secret_id is None:
                return Secret("")
            return await context.database.read(
                lambda session: context.vault.get(
                    session, owner_id=parcel.user_id, secret_id=secret_id, purpose=PASSWORD_PURPOSE
                )
            )

        async def before_data() -> None:
            nonlocal has_started
            now: datetime = context.clock.now()
            if not await context.database.write(lambda session: outbox.start_data(session, parcel, now)):
                raise _withdrawn()
            has_started = True

        try:
            return await context.transport.send(route.server, unlock, parcel.envelope, before_data)
        except asyncio.CancelledError:
            # Whoever waited has gone; what is known is recorded all the same.
            report = _unanswered() if has_started else _interrupted()
            await _to_the_end(self._record(parcel, report, 0))
            raise
        except Exception as error:  # noqa: BLE001 - whatever it was, the mail has an outcome and the log a row
            return _unanswered() if has_started else _not_handed_over(error)

    async def _record(self, parcel: Parcel, report: DeliveryReport, took_ms: int) -> UUID | None:
        context = self._context
        now = context.clock.now()
        operation_id = await context.database.write(
            lambda session: outbox.finish(session, parcel, report, now=now, took_ms=took_ms)
        )
        context.log_signal.notify()
        return operation_id


def _unanswered() -> DeliveryReport:
    error = OutcomeUnknown("the sender ended after the message was handed over and before the answer")
    return DeliveryReport(outcome=Outcome.UNKNOWN, error=error)


def _not_handed_over(error: Exception) -> DeliveryReport:
    if isinstance(error, VaultError):
        error = PasswordUnavailable(str(error), remedy=error.remedy)
    elif isinstance(error, GatepostError) and not isinstance(error, TransportError):
        error = NotRecorded(
            f"the mail was not sent, as that could not be recorded: {error}", remedy=error.remedy
        )
    elif not isinstance(error, TransportError):
        # Its text is not repeated: nobody knows what an unforeseen error quotes.
        error = TransportError(f"the mail could not be handed over ({type(error).__name__})")
    return DeliveryReport(outcome=Outcome.FAILED, error=error)


def _interrupted() -> DeliveryReport:
    error = TransportError(
        "sending was interrupted before the message was handed over", remedy="Send it again."
    )
    return DeliveryReport(outcome=Outcome.FAILED, error=error)


def _withdrawn() -> NoLongerAllowed:
    return NoLongerAllowed("the permission to send was withdrawn while the mail waited")


async def _to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Wait for it, even when whoever waits is cancelled meanwhile: an outcome that is known gets recorded."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
