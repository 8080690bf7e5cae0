"""The outbox: what each step of a delivery changes, always in the caller's transaction.

Acceptance is the row itself, committed together with what it took from the limits. The log row follows with the
outcome, in the transaction that records it, so that one mail is one row of the log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Text, Uuid, and_, bindparam, literal, or_, select, text
from sqlalchemy.orm import Session, undefer

from core.audit.record import clean, log_smtp_operation
from core.db.base import table_of
from core.db.prepared import Prepared
from core.db.types import Json, UtcDateTime
from core.delivery.transport import DeliveryReport, Envelope
from core.errors import ServerTimeout
from core.models import Agent, AgentSmtpPermission, Delivery, SmtpConfiguration
from core.policy.verdict import Verdict
from core.values.operation import LogStatus, OperationType, Outcome

# How long a sender may take before somebody else may look after its delivery.
LEASE = timedelta(minutes=15)

STATE_OF_OUTCOME = {Outcome.SENT: "sent", Outcome.FAILED: "failed", Outcome.UNKNOWN: "unknown"}


# The statements are built once, over plain tables, as they run for every mail.
_deliveries = table_of(Delivery)
_row = _deliveries.c
_this = _row.id == bindparam("delivery_id", type_=Uuid())
# Whoever takes a delivery over raises the number: its former sender can't touch it any more.
_is_mine = _row.attempts == bindparam("attempt", type_=Integer())
_is_open = or_(_row.state == "queued", _row.state == "sending")
_now = bindparam("now", type_=UtcDateTime())
_lease_end = bindparam("lease_end", type_=UtcDateTime())

_INSERT = Prepared(_deliveries.insert())
_IN_FORCE = (
    select(literal(1))
    .select_from(table_of(Agent), table_of(SmtpConfiguration), table_of(AgentSmtpPermission))
    .where(
        Agent.id == _row.agent_id,
        Agent.is_active,
        SmtpConfiguration.id == _row.smtp_config_id,
        SmtpConfiguration.is_active,
        SmtpConfiguration.archived_at.is_(None),
        AgentSmtpPermission.id == _row.grant_id,
        AgentSmtpPermission.is_active,
        AgentSmtpPermission.can_send_email,
        AgentSmtpPermission.revoked_at.is_(None),
        or_(AgentSmtpPermission.expires_at.is_(None), AgentSmtpPermission.expires_at > _now),
    )
    .correlate(_deliveries)
    .exists()
)
_START_DATA = Prepared(
    _deliveries.update()
    .where(_this, _is_mine, _row.state == "queued", _IN_FORCE)
    .values(
        state="sending",
        data_started_at=_now,
        lease_expires_at=_lease_end,
        updated_at=_now,
    )
)
_outcome_state = bindparam("outcome_state", type_=Text())
_FINISH = Prepared(
    _deliveries.update()
    .where(
        _this,
        or_(
            and_(_is_mine, _is_open),
            # An answer that comes late is better than none.
            and_(_row.state == "unknown", _outcome_state != "unknown"),
        ),
    )
    .values(
        state=_outcome_state,
        finished_at=_now,
        updated_at=_now,
        lease_expires_at=None,
        result=bindparam("outcome_result", type_=Json),
    )
)
_TAKE_OVER = Prepared(
    _deliveries.update()
    .where(_this, _is_mine, _is_open, _row.lease_expires_at <= _now)
    .values(lease_expires_at=_lease_end, attempts=_row.attempts + 1, updated_at=_now)
)
_REMEMBER = Prepared(
    text(
        """
        INSERT INTO written_recipients (grant_id, address, user_id, first_sent_at)
        VALUES (:grant_id, :address, :user_id, :first_sent_at)
        ON CONFLICT DO NOTHING
        """
    ).bindparams(
        bindparam("grant_id", type_=Uuid()),
        bindparam("address", type_=Text()),
        bindparam("user_id", type_=Uuid()),
        bindparam("first_sent_at", type_=UtcDateTime()),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One delivery as its sender holds it: who, through what, and what was asked."""

    delivery_id: UUID
    user_id: UUID
    agent_id: UUID
    configuration_id: UUID
    grant_id: UUID
    envelope: Envelope
    params: Mapping[str, Any]
    has_attachments: bool
    attempt: int = 1  # how many senders have taken it on, this one included


def content_hash(envelope: Envelope) -> bytes:
    """SHA-256 over envelope and bytes: what an approval binds to."""
    digest = hashlib.sha256(len(envelope.recipients).to_bytes(4, "big"))
    for part in (envelope.sender, *envelope.recipients):
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(4, "big") + encoded)
    digest.update(envelope.content)
    return digest.digest()


def enqueue(
    session: Session,
    parcel: Parcel,
    verdict: Verdict,
    *,
    state: str,
    now: datetime,
    idempotency_key: str | None,
    request_hash: bytes | None,
) -> None:
    """Put a message into the outbox. From the commit on it is accepted."""
    envelope = parcel.envelope
    _INSERT.change(
        session,
        {
            "id": parcel.delivery_id,
            "user_id": parcel.user_id,
            "agent_id": parcel.agent_id,
            "smtp_config_id": parcel.configuration_id,
            "grant_id": parcel.grant_id,
            "state": state,
            "reasons": [check.detail for check in verdict.reasons],
            "idempotency_key": idempotency_key,
            "request_hash": request_hash,
            "content_hash": content_hash(envelope),
            "envelope_from": envelope.sender,
            "recipients": list(envelope.recipients),
            "params": dict(parcel.params),
            "message_id": envelope.message_id,
            "content": envelope.content,
            "size_bytes": len(envelope.content),
            "attempts": parcel.attempt,
            "lease_expires_at": now + LEASE if state == "queued" else None,
            "created_at": now,
            "updated_at": now,
        },
    )


def start_data(session: Session, parcel: Parcel, now: datetime) -> bool:
    """Record that DATA begins; False when the delivery may not leave any more.

    Asked in the same statement: is it still queued and this sender's, and are agent, configuration and grant
    still in force.
    """
    return _change(session, _START_DATA, parcel.delivery_id, parcel.attempt, now)


def finish(
    session: Session, parcel: Parcel, report: DeliveryReport, *, now: datetime, took_ms: int
) -> UUID | None:
    """Record the outcome of a delivery and its log row; return the row's id.

    None, and nothing recorded, when somebody else has taken the delivery over.
    """
    # What a server said must not be able to keep its own answer from being recorded.
    result = clean(report_as_json(report))
    changed = _FINISH.change(
        session,
        {
            "delivery_id": parcel.delivery_id,
            "attempt": parcel.attempt,
            "outcome_state": STATE_OF_OUTCOME[report.outcome],
            "now": now,
            "outcome_result": result,
        },
    )
    if changed == 0:
        return None
    if report.outcome is Outcome.SENT:
        _remember_recipients(session, parcel, report, now)
    return log_smtp_operation(
        session,
        parcel.agent_id,
        parcel.user_id,
        parcel.configuration_id,
        OperationType.SEND_EMAIL,
        parcel.params,
        {"decision": "allowed", **result},
        status_of(report),
        str(report.error) if report.error else None,
        len(parcel.envelope.recipients),
        took_ms,
        outcome=report.outcome,
        error_code=report.error.code if report.error else None,
        delivery_id=parcel.delivery_id,
        has_attachments=parcel.has_attachments,
        email_size_bytes=len(parcel.envelope.content),
        retry_count=max(0, parcel.attempt - 1),
    )


def status_of(report: DeliveryReport) -> LogStatus:
    """The document's coarser status of a report."""
    if report.outcome is Outcome.SENT:
        return LogStatus.SUCCESS
    return LogStatus.TIMEOUT if isinstance(report.error, ServerTimeout) else LogStatus.ERROR


def report_as_json(report: DeliveryReport) -> dict[str, Any]:
    """What the server said, as the log and the delivery keep it."""
    return {
        "recipients": [
            {"address": each.address, "accepted": each.accepted, "code": each.code, "text": each.text}
            for each in report.recipients
        ],
        "reply": report.reply,
        "temporary": report.is_temporary,
        "timings": dict(report.timings),
        **({"remedy": report.error.remedy} if report.error else {}),
    }


def verdict_as_json(verdict: Verdict) -> dict[str, Any]:
    """A verdict with every check, as the log keeps it."""
    return {
        "decision": verdict.decision.value,
        "checks": [
            {
                "rule": check.rule.value,
                "passed": check.passed,
                "detail": check.detail,
                **({"remedy": check.remedy} if check.remedy else {}),
                **({"holds": True} if check.holds else {}),
            }
            for check in verdict.checks
        ],
    }


def _remember_recipients(session: Session, parcel: Parcel, report: DeliveryReport, now: datetime) -> None:
    """Those the server accepted are no longer new to this grant."""
    accepted = [each.address for each in report.recipients if each.accepted]
    if not accepted:
        return
    rows = [
        {"grant_id": parcel.grant_id, "address": address, "user_id": parcel.user_id, "first_sent_at": now}
        for address in accepted
    ]
    _REMEMBER.change_many(session, rows)


def overdue(session: Session, now: datetime) -> list[UUID]:
    """Deliveries whose sender is gone: the lease ran out and no outcome was recorded."""
    statement = select(Delivery.id).where(
        Delivery.state.in_(("queued", "sending")), Delivery.lease_expires_at <= now
    )
    return list(session.scalars(statement.order_by(Delivery.id)))


def take_over(session: Session, delivery_id: UUID, now: datetime) -> tuple[Parcel, bool] | None:
    """Become the sender of a delivery that nobody looks after, and whether its DATA had begun.

    None when somebody else was quicker.
    """
    row = session.scalars(
        select(Delivery).where(Delivery.id == delivery_id).options(undefer(Delivery.content))
    ).one_or_none()
    if row is None or not _change(session, _TAKE_OVER, delivery_id, row.attempts, now):
        return None
    parcel = Parcel(
        delivery_id=row.id,
        user_id=row.user_id,
        agent_id=row.agent_id,
        configuration_id=row.smtp_config_id,
        grant_id=row.grant_id,
        envelope=Envelope(
            sender=row.envelope_from,
            recipients=tuple(row.recipients),
            message_id=row.message_id,
            content=row.content,
        ),
        params=row.params,
        has_attachments=bool(row.params.get("attachments")),
        attempt=row.attempts + 1,
    )
    return parcel, row.data_started_at is not None


def _change(session: Session, statement: Prepared, delivery_id: UUID, attempt: int, now: datetime) -> bool:
    """Run one of the guarded changes; False when the delivery is not in the state that it asks for."""
    parameters = {"delivery_id": delivery_id, "attempt": attempt, "now": now, "lease_end": now + LEASE}
    return statement.change(session, parameters) == 1
