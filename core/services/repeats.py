"""The same mail asked for twice: an idempotency key gives the delivery that it gave before."""

from __future__ import annotations

import hmac
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import Conflict
from core.models import Delivery, SmtpOperationLog
from core.policy.verdict import Decision, Verdict
from core.values.mail import RecipientResult, SendResult
from core.values.operation import Outcome

_OUTCOMES = {
    "held": Outcome.HELD,
    "sent": Outcome.SENT,
    "failed": Outcome.FAILED,
    "unknown": Outcome.UNKNOWN,
}


def earlier_result(
    session: Session, agent_id: UUID, configuration_id: UUID, key: str, request_hash: bytes
) -> SendResult | None:
    """What came of the mail that this agent asked for under this key; None when the key is new.

    Raises Conflict when the key stands for another mail, or when that mail is still on its way.
    """
    delivery = session.scalars(
        select(Delivery).where(Delivery.agent_id == agent_id, Delivery.idempotency_key == key)
    ).first()
    if delivery is None:
        return None
    is_same = delivery.smtp_config_id == configuration_id and delivery.request_hash is not None
    if not is_same or not hmac.compare_digest(delivery.request_hash or b"", request_hash):
        raise Conflict(
            f"the idempotency key {key!r} was used for another mail", remedy="Use a new key for a new mail."
        )
    outcome = _OUTCOMES.get(delivery.state)
    operation = session.scalars(
        select(SmtpOperationLog)
        .where(SmtpOperationLog.delivery_id == delivery.id)
        .order_by(SmtpOperationLog.position.desc())
    ).first()
    if outcome is None or operation is None:
        raise still_on_its_way()
    result: dict[str, Any] = delivery.result or {}
    return SendResult(
        outcome=outcome,
        verdict=Verdict(decision=Decision.HELD if outcome is Outcome.HELD else Decision.ALLOWED, checks=()),
        operation_id=operation.id,
        delivery_id=delivery.id,
        message_id=delivery.message_id,
        recipients=tuple(RecipientResult(**each) for each in result.get("recipients", ())),
        reply=str(result.get("reply", "")),
        error_code=operation.error_code,
        error_message=operation.error_message,
        remedy=result.get("remedy"),
        took_ms=operation.execution_time_ms,
        is_repeat=True,
    )


def still_on_its_way() -> Conflict:
    return Conflict("that mail is still on its way", remedy="Ask again in a moment, with the same key.")
