"""The one way of a mail: parsed, judged, reserved and enqueued, sent, recorded. Every door walks it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from time import perf_counter
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.delivery.compose import SenderDefaults, compose
from core.delivery.describe import request_hash
from core.delivery.standing import Standing
from core.delivery.transport import Envelope
from core.errors import InvalidInput, NotFound
from core.models import Agent, Delivery, SmtpConfiguration
from core.policy.draft import Draft, MailRequest
from core.policy.intake import parse_request
from core.policy.judge import judge
from core.policy.verdict import Decision, Verdict
from core.services.acceptance import Acceptance, Accepted, Attempt, LimitReached, SenderChanged
from core.services.context import Context
from core.services.dispatch import Dispatcher
from core.values.mail import DeliveryRow, SendResult

# Beyond this size (bytes) composing is left to a thread, so that the event loop stays free.
COMPOSE_INLINE = 256 * 1024


class Mail:
    """Sending, asking whether a mail would be allowed, and looking at what became of one."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._acceptance = Acceptance(context)
        self._dispatcher = Dispatcher(context)
        # Whom each configuration sends as, last seen: most mails can be composed without asking first.
        self._senders: dict[UUID, SenderDefaults] = {}

    async def explain(self, agent_id: UUID, configuration_id: UUID, request: MailRequest) -> Verdict:
        """Whether this mail would be allowed now, and by which rules. Nothing is charged, kept or logged.

        Raises InvalidInput when the request is unsound, NotFound when the agent is not this user's.
        """
        draft = parse_request(request)
        standing = await self._standing(_attempt(agent_id, configuration_id), draft)
        if standing.route is not None:
            envelope = await self._compose(draft, standing.route.sender)
            draft = replace(draft, size_bytes=len(envelope.content))
        return judge(draft, standing.facts)

    async def send(self, agent_id: UUID, configuration_id: UUID, request: MailRequest) -> SendResult:
        """Send one mail if the policy allows it, and wait for the outcome.

        A denial is a result. Raises InvalidInput when the request is unsound (logged as a denial), NotFound when
        the agent is not this user's, Conflict when its idempotency key was used for another mail, and WorkspaceError
        when nothing can be recorded: then nothing was sent.
        """
        attempt = _attempt(agent_id, configuration_id)
        draft = await self._parse(attempt, request)
        sender = self._senders.get(configuration_id)
        if sender is None or draft.size_bytes > COMPOSE_INLINE:
            # Not worth composing before it is known that it may leave.
            standing = await self._standing(attempt, draft)
            verdict = judge(draft, standing.facts)
            if standing.route is None or (verdict.decision is Decision.DENIED and not draft.idempotency_key):
                return await self._deny(attempt, draft, verdict)
            sender = standing.route.sender
        try:
            taken = await self._take_in(attempt, draft, request, sender)
        except LimitReached as limit:
            return await self._deny(attempt, draft, limit.verdict)
        except InvalidInput as problem:  # composing refused what parsing let pass
            await self._refuse(attempt, request, problem)
            raise
        if isinstance(taken, SendResult):
            self._context.log_signal.notify()
            return taken
        return await self._dispatcher.deliver(taken.parcel, taken.route, taken.verdict, attempt.started)

    async def recover(self) -> int:
        """Look after deliveries whose sender died: unanswered ones become unknown, the others are sent now."""
        return await self._dispatcher.recover()

    async def delivery(self, delivery_id: UUID) -> DeliveryRow:
        """One delivery as it stands in the outbox. Raises NotFound."""
        return await self._context.database.read(lambda session: _read_delivery(session, delivery_id))

    async def _parse(self, attempt: Attempt, request: MailRequest) -> Draft:
        try:
            return parse_request(request)
        except InvalidInput as problem:
            await self._refuse(attempt, request, problem)
            raise

    async def _refuse(self, attempt: Attempt, request: MailRequest, problem: InvalidInput) -> None:
        await self._context.database.write(
            lambda session: self._acceptance.refuse_unsound(session, attempt, request, problem)
        )
        self._context.log_signal.notify()

    async def _standing(self, attempt: Attempt, draft: Draft) -> Standing:
        return await self._context.database.read(
            lambda session: self._acceptance.standing(session, attempt, draft)
        )

    async def _take_in(
        self, attempt: Attempt, draft: Draft, request: MailRequest, sender: SenderDefaults
    ) -> Accepted | SendResult:
        """Compose, then judge what will really leave and enqueue it, if the sender is still the same."""
        key_hash = request_hash(request) if request.idempotency_key else None
        while True:
            envelope = await self._compose(draft, sender)
            final = replace(draft, size_bytes=len(envelope.content))
            work = partial(
                self._acceptance.take_in,
                attempt=attempt,
                draft=final,
                envelope=envelope,
                sender=sender,
                key_hash=key_hash,
            )
            try:
                taken = await self._context.database.write(work)
            except SenderChanged as change:
                sender = change.sender
            else:
                self._senders[attempt.configuration_id] = sender
                return taken

    async def _compose(self, draft: Draft, sender: SenderDefaults) -> Envelope:
        now = self._context.clock.now()
        if draft.size_bytes <= COMPOSE_INLINE:
            return compose(draft, sender, now=now)
        return await asyncio.to_thread(compose, draft, sender, now=now)

    async def _deny(self, attempt: Attempt, draft: Draft, verdict: Verdict) -> SendResult:
        result = await self._context.database.write(
            lambda session: self._acceptance.deny(session, attempt, draft, verdict)
        )
        self._context.log_signal.notify()
        return result


def _attempt(agent_id: UUID, configuration_id: UUID) -> Attempt:
    return Attempt(agent_id=agent_id, configuration_id=configuration_id, started=perf_counter())


def _read_delivery(session: Session, delivery_id: UUID) -> DeliveryRow:
    row = session.execute(
        select(Delivery, Agent.name, SmtpConfiguration.connection_name)
        .join(Agent, Agent.id == Delivery.agent_id)
        .join(SmtpConfiguration, SmtpConfiguration.id == Delivery.smtp_config_id)
        .where(Delivery.id == delivery_id)
    ).first()
    if row is None:
        raise NotFound("there is no such delivery")
    delivery, agent_name, connection_name = row
    return DeliveryRow(
        id=delivery.id,
        agent_id=delivery.agent_id,
        agent_name=agent_name,
        smtp_config_id=delivery.smtp_config_id,
        connection_name=connection_name,
        state=delivery.state,
        subject=str(delivery.params.get("subject", "")),
        recipients=tuple(delivery.recipients),
        size_bytes=delivery.size_bytes,
        message_id=delivery.message_id,
        reasons=tuple(delivery.reasons),
        created_at=delivery.created_at,
        updated_at=delivery.updated_at,
    )
