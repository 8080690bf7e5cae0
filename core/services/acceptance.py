"""Judging a draft and taking it in: one transaction that reserves, enqueues, holds or denies, and says so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.audit.record import log_smtp_operation
from core.db.types import new_id
from core.delivery import quota
from core.delivery.compose import SenderDefaults
from core.delivery.describe import params_of, params_of_unsound
from core.delivery.outbox import Parcel, enqueue, verdict_as_json
from core.delivery.standing import Route, Standing, read_standing
from core.delivery.transport import Envelope
from core.errors import InvalidInput
from core.models import Agent, SmtpConfiguration
from core.policy.draft import Draft, MailRequest
from core.policy.judge import judge
from core.policy.verdict import Check, Decision, Rule, Verdict
from core.services.context import Context
from core.services.repeats import earlier_result, still_on_its_way
from core.values.mail import SendResult
from core.values.operation import LogStatus, OperationType, Outcome

# Of an unsound request the log names so many problems: an agent must not fill it by being wrong a thousand times.
MAX_PROBLEMS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Who wants to send through what, and since when (`time.perf_counter`)."""

    agent_id: UUID
    configuration_id: UUID
    started: float

    @property
    def took_ms(self) -> int:
        return round((perf_counter() - self.started) * 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A mail that is in the outbox and may leave now."""

    parcel: Parcel
    route: Route
    verdict: Verdict


class LimitReached(Exception):
    """Somebody else took the last of a limit meanwhile: the transaction is undone, the verdict is a denial."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.code)
        self.verdict = verdict


class SenderChanged(Exception):
    """The configuration sends as somebody else now: the mail has to be composed anew."""

    def __init__(self, sender: SenderDefaults) -> None:
        super().__init__()
        self.sender = sender


class Acceptance:
    """What happens to a draft inside the database. Each method is work for one transaction."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def standing(self, session: Session, attempt: Attempt, draft: Draft) -> Standing:
        """The facts for this draft. Raises NotFound when the agent is not this user's."""
        return read_standing(
            session,
            user_id=self._context.user.id,
            agent_id=attempt.agent_id,
            configuration_id=attempt.configuration_id,
            recipients=[mailbox.address for mailbox in draft.recipients],
            now=self._context.clock.now(),
        )

    def take_in(
        self,
        session: Session,
        attempt: Attempt,
        draft: Draft,
        envelope: Envelope,
        sender: SenderDefaults,
        key_hash: bytes | None,
    ) -> Accepted | SendResult:
        """Judge, take from the limits and enqueue. A result instead means: held, denied, or sent before.

        `sender` is what the envelope was composed with. Raises SenderChanged, LimitReached, and Conflict when the
        idempotency key was used for another mail.
        """
        if draft.idempotency_key and key_hash:
            earlier = earlier_result(
                session, attempt.agent_id, attempt.configuration_id, draft.idempotency_key, key_hash
            )
            if earlier is not None:
                return earlier
        standing = self.standing(session, attempt, draft)
        verdict = judge(draft, standing.facts)
        route = standing.route
        if verdict.decision is Decision.DENIED or route is None:
            return self.deny(session, attempt, draft, verdict)
        if route.sender != sender:
            raise SenderChanged(route.sender)
        self._reserve(session, route, draft, verdict, standing)
        parcel = Parcel(
            delivery_id=new_id(),
            user_id=self._context.user.id,
            agent_id=attempt.agent_id,
            configuration_id=route.configuration_id,
            grant_id=route.grant_id,
            envelope=envelope,
            params={**params_of(draft), "from": envelope.sender, "message_id": envelope.message_id},
            has_attachments=bool(draft.attachments),
        )
        is_held = verdict.decision is Decision.HELD
        try:
            enqueue(
                session,
                parcel,
                verdict,
                state="held" if is_held else "queued",
                now=standing.facts.now,
                idempotency_key=draft.idempotency_key,
                request_hash=key_hash,
            )
        except IntegrityError:
            if draft.idempotency_key is None:
                raise
            # The same key at the same moment, in another session of a database that lets both in.
            raise still_on_its_way() from None
        if is_held:
            return self._hold(session, attempt, parcel, verdict)
        return Accepted(parcel=parcel, route=route, verdict=verdict)

    def deny(self, session: Session, attempt: Attempt, draft: Draft, verdict: Verdict) -> SendResult:
        """Log a denial. Nothing was taken from any limit."""
        operation_id = log_smtp_operation(
            session,
            attempt.agent_id,
            self._context.user.id,
            self._visible_configuration(session, attempt),
            OperationType.SEND_EMAIL,
            params_of(draft),
            verdict_as_json(verdict),
            LogStatus.ERROR,
            reasons_as_text(verdict),
            len(draft.recipients),
            attempt.took_ms,
            outcome=Outcome.DENIED,
            error_code=verdict.code,
            has_attachments=bool(draft.attachments),
            email_size_bytes=draft.size_bytes,
        )
        return _without_delivery(Outcome.DENIED, verdict, operation_id, attempt)

    def refuse_unsound(
        self, session: Session, attempt: Attempt, request: MailRequest, problem: InvalidInput
    ) -> None:
        """Log a request that never became a draft. An agent that is not this user's leaves no row."""
        if session.scalar(select(Agent.id).where(Agent.id == attempt.agent_id)) is None:
            return
        log_smtp_operation(
            session,
            attempt.agent_id,
            self._context.user.id,
            self._visible_configuration(session, attempt),
            OperationType.SEND_EMAIL,
            params_of_unsound(request),
            {
                "decision": Decision.DENIED.value,
                "problems": [
                    {"field": each.field, "message": each.message} for each in problem.problems[:MAX_PROBLEMS]
                ],
                "problems_count": len(problem.problems),
            },
            LogStatus.ERROR,
            str(problem),
            0,
            attempt.took_ms,
            outcome=Outcome.DENIED,
            error_code=Rule.DRAFT_VALID.value,
            has_attachments=bool(request.attachments),
        )

    def _reserve(
        self, session: Session, route: Route, draft: Draft, verdict: Verdict, standing: Standing
    ) -> None:
        """Take one mail from the configuration's limit, then from the grant's."""
        limits = (
            (
                Rule.DAILY_LIMIT_CONFIGURATION,
                quota.CONFIGURATION_SCOPE,
                route.configuration_id,
                route.daily_limit,
            ),
            (Rule.DAILY_LIMIT_GRANT, quota.GRANT_SCOPE, route.grant_id, route.grant_daily_limit),
        )
        for rule, scope, scope_id, limit in limits:
            taken = quota.reserve(
                session,
                scope=scope,
                scope_id=scope_id,
                user_id=self._context.user.id,
                day=standing.facts.now.date(),
                recipients=len(draft.recipients),
                limit=limit,
            )
            if not taken:
                raise LimitReached(_used_up(verdict, rule, limit))

    def _hold(self, session: Session, attempt: Attempt, parcel: Parcel, verdict: Verdict) -> SendResult:
        operation_id = log_smtp_operation(
            session,
            parcel.agent_id,
            parcel.user_id,
            parcel.configuration_id,
            OperationType.SEND_EMAIL,
            parcel.params,
            verdict_as_json(verdict),
            LogStatus.SUCCESS,
            reasons_as_text(verdict),
            len(parcel.envelope.recipients),
            attempt.took_ms,
            outcome=Outcome.HELD,
            error_code=verdict.code,
            delivery_id=parcel.delivery_id,
            has_attachments=parcel.has_attachments,
            email_size_bytes=len(parcel.envelope.content),
        )
        return replace(
            _without_delivery(Outcome.HELD, verdict, operation_id, attempt),
            delivery_id=parcel.delivery_id,
            message_id=parcel.envelope.message_id,
        )

    def _visible_configuration(self, session: Session, attempt: Attempt) -> UUID | None:
        """The configuration for the log row, unless it is absent or another user's."""
        return session.scalar(
            select(SmtpConfiguration.id).where(
                SmtpConfiguration.id == attempt.configuration_id,
                SmtpConfiguration.user_id == self._context.user.id,
            )
        )


def reasons_as_text(verdict: Verdict) -> str:
    """Every reason as one sentence for the log."""
    return "; ".join(check.detail for check in verdict.reasons)


def _used_up(verdict: Verdict, rule: Rule, limit: int | None) -> Verdict:
    """The verdict with one limit found used up at the very last moment."""
    used_up = Check(
        rule=rule,
        passed=False,
        detail=f"{limit} of {limit} used today",
        remedy="Wait for the next day (UTC), or raise the limit.",
    )
    return Verdict(
        decision=Decision.DENIED,
        checks=tuple(used_up if check.rule is rule else check for check in verdict.checks),
    )


def _without_delivery(outcome: Outcome, verdict: Verdict, operation_id: UUID, attempt: Attempt) -> SendResult:
    return SendResult(
        outcome=outcome,
        verdict=verdict,
        operation_id=operation_id,
        error_code=verdict.code,
        error_message=reasons_as_text(verdict),
        remedy=" ".join(dict.fromkeys(check.remedy for check in verdict.reasons if check.remedy)),
        took_ms=attempt.took_ms,
    )
