"""The operation log, and the seals that make a rewritten history visible."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, Sequence, false, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from core.db.base import Base, Created, Identified
from core.db.types import Json, UtcDateTime, current_transaction, utc_now

POSITION_SEQUENCE = Sequence("smtp_operation_logs_position_seq", metadata=Base.metadata)


class next_position(FunctionElement[int]):  # noqa: N801 - it reads as the SQL function that it is
    """The next place in the log. On SQLite writers take turns, so the highest place plus one is free."""

    inherit_cache = True


@compiles(next_position, "postgresql")
def _next_position_postgresql(element: next_position, compiler: SQLCompiler, **options: Any) -> str:
    return f"nextval('{POSITION_SEQUENCE.name}')"


@compiles(next_position, "sqlite")
def _next_position_sqlite(element: next_position, compiler: SQLCompiler, **options: Any) -> str:
    return "(SELECT coalesce(max(position), 0) + 1 FROM smtp_operation_logs)"


class SmtpOperationLog(Identified, Created, Base):
    """One attempt and what came of it. Rows are added, never changed.

    Beyond the document: `outcome` (its `status` has three values, people ask for six), `delivery_id`, and
    `transaction_id` with `position`, by which a reader follows the log without missing a row that commits late.
    `smtp_config_id` may be NULL: an attempt at a configuration that is not there is an attempt all the same.
    """

    __tablename__ = "smtp_operation_logs"
    __table_args__ = (
        CheckConstraint("status IN ('success', 'error', 'timeout')", name="status"),
        CheckConstraint(
            "outcome IN ('sent', 'held', 'denied', 'failed', 'unknown', 'tested')", name="outcome"
        ),
        Index(None, "user_id", "transaction_id", "position"),
        Index(None, "agent_id", "transaction_id", "position"),
        Index(None, "smtp_config_id", "transaction_id", "position"),
        Index(None, "user_id", "outcome", "transaction_id", "position"),
        Index(None, "user_id", "created_at"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id"))
    smtp_config_id: Mapped[UUID | None] = mapped_column(ForeignKey("smtp_configurations.id"))
    delivery_id: Mapped[UUID | None] = mapped_column(ForeignKey("deliveries.id"), index=True)

    operation_type: Mapped[str]
    operation_params: Mapped[dict[str, Any] | None] = mapped_column(Json)
    operation_result: Mapped[dict[str, Any] | None] = mapped_column(Json)

    recipients_count: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    has_attachments: Mapped[bool] = mapped_column(default=False, server_default=false())
    email_size_bytes: Mapped[int | None]

    status: Mapped[str] = mapped_column(default="success", server_default=text("'success'"))
    outcome: Mapped[str]
    error_message: Mapped[str | None]
    error_code: Mapped[str | None]

    execution_time_ms: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    retry_count: Mapped[int] = mapped_column(default=0, server_default=text("0"))

    transaction_id: Mapped[int] = mapped_column(
        BigInteger, default=current_transaction(), server_default=current_transaction()
    )
    position: Mapped[int] = mapped_column(BigInteger, default=next_position(), unique=True)


class LogSeal(Identified, Base):
    """A hash over a range of the log, chained to the seal before it."""

    __tablename__ = "log_seals"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    first_position: Mapped[int] = mapped_column(BigInteger)
    last_position: Mapped[int] = mapped_column(BigInteger)
    rows_count: Mapped[int]
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    sealed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
