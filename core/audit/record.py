"""Writing the operation log: the document's `log_smtp_operation`, and the cleaning of what goes into it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from core.db.base import table_of
from core.db.prepared import Prepared
from core.db.types import new_id, utc_now
from core.models import SmtpOperationLog
from core.values.operation import LogStatus, Outcome

# Built once: it runs for every mail.
_INSERT = Prepared(table_of(SmtpOperationLog).insert())

# Longer strings are cut, so that no server's reply and no agent's subject can fill the log.
MAX_TEXT = 2_000
# Deeper than anything that Gatepost writes; what lies below is left out.
MAX_DEPTH = 12
_LARGEST = 2**63 - 1
_MAX_COLUMN = 2**31 - 1  # of the document's INTEGER columns


def log_smtp_operation(
    session: Session,
    agent_id: UUID | None,
    user_id: UUID,
    smtp_config_id: UUID | None,
    operation_type: str,
    operation_params: Mapping[str, Any] | None = None,
    operation_result: Mapping[str, Any] | None = None,
    status: LogStatus = LogStatus.SUCCESS,
    error_message: str | None = None,
    recipients_count: int = 0,
    execution_time_ms: int = 0,
    *,
    outcome: Outcome | None = None,
    error_code: str | None = None,
    delivery_id: UUID | None = None,
    has_attachments: bool = False,
    email_size_bytes: int | None = None,
    retry_count: int = 0,
) -> UUID:
    """Add one row to the log, in the caller's transaction, and return its id.

    The positional arguments are those of the schema document's function. `operation_params` must hold neither
    secrets nor bodies. Without `outcome` the status decides: success is sent, everything else failed.
    """
    operation_id = new_id()
    _INSERT.change(
        session,
        {
            "id": operation_id,
            "user_id": user_id,
            "agent_id": agent_id,
            "smtp_config_id": smtp_config_id,
            "delivery_id": delivery_id,
            "operation_type": operation_type,
            "operation_params": clean(operation_params) if operation_params is not None else None,
            "operation_result": clean(operation_result) if operation_result is not None else None,
            "recipients_count": recipients_count,
            "has_attachments": has_attachments,
            "email_size_bytes": None if email_size_bytes is None else min(email_size_bytes, _MAX_COLUMN),
            "status": status.value,
            "outcome": (outcome or (Outcome.SENT if status is LogStatus.SUCCESS else Outcome.FAILED)).value,
            "error_message": clean(error_message),
            "error_code": clean(error_code),
            "execution_time_ms": execution_time_ms,
            "retry_count": retry_count,
            "created_at": utc_now(),
        },
    )
    return operation_id


def clean(value: Any, depth: int = MAX_DEPTH) -> Any:
    """A copy that both engines can store as JSON, and that no text in it can make huge.

    NUL and lone surrogates are replaced, texts cut at MAX_TEXT characters, nesting at MAX_DEPTH; numbers that JSON
    does not have, and objects of other types, become their text.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _LARGEST else clean(hex(value))
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str):
        cut = value if len(value) <= MAX_TEXT else value[: MAX_TEXT - 1] + "…"
        return cut.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    if depth == 0:
        return "…"
    if isinstance(value, Mapping):
        return {clean(str(key)): clean(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [clean(item, depth - 1) for item in value]
    return clean(str(value))
