"""Reading the operation log: pages backwards, batches forwards, one row, and the place to follow from."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, and_, cast, or_, select, text, tuple_
from sqlalchemy.orm import Session

from core.audit.record import clean
from core.db.types import lowered, to_json
from core.errors import NotFound
from core.models import Agent, SmtpConfiguration, SmtpOperationLog
from core.values.operation import LogCursor, LogFilter, LogStatus, OperationRow, Outcome

_LAST_POSITION = 2**63 - 1

# What of `operation_params` a search looks into.
_SOUGHT = ("to", "cc", "bcc", "subject", "from", "reply_to", "message_id", "attachments", "host")

_Row = SmtpOperationLog
_COLUMNS = (
    _Row.id,
    _Row.transaction_id,
    _Row.position,
    _Row.created_at,
    _Row.user_id,
    _Row.agent_id,
    Agent.name.label("agent_name"),
    _Row.smtp_config_id,
    SmtpConfiguration.connection_name,
    _Row.delivery_id,
    _Row.operation_type,
    _Row.outcome,
    _Row.status,
    _Row.operation_params,
    _Row.operation_result,
    _Row.recipients_count,
    _Row.has_attachments,
    _Row.email_size_bytes,
    _Row.error_message,
    _Row.error_code,
    _Row.execution_time_ms,
    _Row.retry_count,
)


def page(session: Session, wanted: LogFilter, before: LogCursor | None, limit: int) -> list[OperationRow]:
    """Up to `limit` rows, newest first, strictly before the cursor."""
    statement = _select(session, wanted).order_by(_Row.transaction_id.desc(), _Row.position.desc())
    if before is not None:
        statement = statement.where(_place() < _tuple(before))
    return _rows(session, statement.limit(limit))


def since(session: Session, wanted: LogFilter, cursor: LogCursor, limit: int) -> list[OperationRow]:
    """Up to `limit` rows, oldest first, strictly after the cursor.

    A row whose transaction is older than one that still runs is not shown yet: the cursor would pass the other.
    """
    statement = _select(session, wanted).order_by(_Row.transaction_id, _Row.position)
    return _rows(session, statement.where(_place() > _tuple(cursor)).limit(limit))


def head(session: Session) -> LogCursor:
    """The place after the newest row that everybody can see already."""
    horizon = _horizon(session)
    if horizon is not None:
        return LogCursor(horizon - 1, _LAST_POSITION)
    newest = session.scalar(
        select(_Row.position).order_by(_Row.transaction_id.desc(), _Row.position.desc()).limit(1)
    )
    return LogCursor(0, newest or 0)


def get(session: Session, operation_id: UUID) -> OperationRow:
    """One row. Raises NotFound."""
    rows = _rows(session, _joined().where(_Row.id == operation_id))
    if not rows:
        raise NotFound("there is no such operation in the log")
    return rows[0]


def _joined() -> Select[tuple[object, ...]]:
    return (
        select(*_COLUMNS)
        .outerjoin(Agent, Agent.id == _Row.agent_id)
        .outerjoin(SmtpConfiguration, SmtpConfiguration.id == _Row.smtp_config_id)
    )


def _select(session: Session, wanted: LogFilter) -> Select[tuple[object, ...]]:
    statement = _joined().where(*_conditions(wanted))
    horizon = _horizon(session)
    return statement if horizon is None else statement.where(_Row.transaction_id < horizon)


def _conditions(wanted: LogFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.agent_id is not None:
        conditions.append(_Row.agent_id == wanted.agent_id)
    if wanted.smtp_config_id is not None:
        conditions.append(_Row.smtp_config_id == wanted.smtp_config_id)
    if wanted.outcomes:
        conditions.append(_Row.outcome.in_(sorted(outcome.value for outcome in wanted.outcomes)))
    if wanted.operation_type is not None:
        conditions.append(_Row.operation_type == wanted.operation_type)
    if wanted.since is not None:
        conditions.append(_Row.created_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(_Row.created_at < wanted.until)
    # Cleaned as the rows are: what no row can hold is sought as it would have been kept.
    conditions.extend(_mentions(word) for word in clean(wanted.text).split())
    return conditions


def _mentions(word: str) -> ColumnElement[bool]:
    """The word stands somewhere in what was asked or in what went wrong."""
    in_json = to_json(word)[1:-1]  # quotes and backslashes as they are stored
    asked = _contains(cast(_Row.operation_params, Text), in_json)
    # The text as a whole is quickly searched, but has the words "to" and "subject" in every row.
    values = (cast(_Row.operation_params[name], Text) for name in _SOUGHT)
    texts = (_Row.error_message, _Row.error_code, Agent.name)
    return or_(
        and_(asked, or_(*(_contains(value, in_json) for value in values))),
        *(_contains(text, word) for text in texts),
    )


def _contains(place: ColumnElement[str] | Any, word: str) -> ColumnElement[bool]:
    return lowered(place).contains(word.lower(), autoescape=True)


def _horizon(session: Session) -> int | None:
    """On PostgreSQL the oldest transaction that still runs; on SQLite none: writers take turns there."""
    if session.connection().dialect.name != "postgresql":
        return None
    oldest = session.scalar(text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"))
    return None if oldest is None else int(oldest)


def _place() -> ColumnElement[tuple[int, int]]:
    return tuple_(_Row.transaction_id, _Row.position)


def _tuple(cursor: LogCursor) -> ColumnElement[tuple[int, int]]:
    return tuple_(cursor.transaction, cursor.position)


def _rows(session: Session, statement: Select[tuple[object, ...]]) -> list[OperationRow]:
    return [
        OperationRow(
            id=row.id,
            position=LogCursor(row.transaction_id, row.position),
            created_at=row.created_at,
            user_id=row.user_id,
            agent_id=row.agent_id,
            agent_name=row.agent_name,
            smtp_config_id=row.smtp_config_id,
            connection_name=row.connection_name,
            delivery_id=row.delivery_id,
            operation_type=row.operation_type,
            outcome=Outcome(row.outcome),
            status=LogStatus(row.status),
            params=row.operation_params or {},
            result=row.operation_result or {},
            recipients_count=row.recipients_count,
            has_attachments=row.has_attachments,
            email_size_bytes=row.email_size_bytes,
            error_message=row.error_message,
            error_code=row.error_code,
            execution_time_ms=row.execution_time_ms,
            retry_count=row.retry_count,
        )
        for row in session.execute(statement)
    ]


__all__ = ["get", "head", "page", "since"]
