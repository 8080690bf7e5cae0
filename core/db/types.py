"""Column types and defaults that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

import json
import sys
import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

if sys.version_info >= (3, 14):
    from uuid import uuid7
else:
    from uuid_utils.compat import uuid7


class Json(TypeDecorator[Any]):
    """JSON that is JSONB on PostgreSQL. None is SQL's NULL: in a list of recipients the two must not differ."""

    impl = JSON
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(none_as_null=True)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name != "postgresql":
            return dialect.type_descriptor(JSON(none_as_null=True))
        # Imported here, as it brings every PostgreSQL driver's dialect with it.
        from sqlalchemy.dialects.postgresql import JSONB

        return dialect.type_descriptor(JSONB(none_as_null=True))


def to_json(value: Any) -> str:
    """JSON as it is stored: readable, so that a search for a word in any language finds it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def new_id() -> uuid.UUID:
    """A time-ordered UUID (version 7, RFC 9562), so that new rows stand together in the index."""
    return uuid7()


def utc_now() -> datetime:
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: timezone-aware in Python on both engines, always UTC, microseconds kept.

    A naive datetime is refused, as nobody can say which moment it means.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime does not say which moment it means")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class random_uuid(FunctionElement[uuid.UUID]):  # noqa: N801 - it reads as the SQL function that it is
    """The server's own UUID, for rows that arrive without one (raw SQL)."""

    inherit_cache = True


class current_transaction(FunctionElement[int]):  # noqa: N801
    """The number of the running transaction; 0 on SQLite, where writers take turns and no order is lost."""

    inherit_cache = True


class lowered(FunctionElement[str]):  # noqa: N801
    """A text in small letters of every script. SQLite's own `lower` knows those of ASCII only."""

    inherit_cache = True
    type = Text()


# The name under which each SQLite connection is given Python's.
LOWERED = "gatepost_lower"


@compiles(lowered, "postgresql")
def _lowered_postgresql(element: lowered, compiler: SQLCompiler, **options: Any) -> str:
    return f"lower({compiler.process(element.clauses, **options)})"


@compiles(lowered, "sqlite")
def _lowered_sqlite(element: lowered, compiler: SQLCompiler, **options: Any) -> str:
    return f"{LOWERED}({compiler.process(element.clauses, **options)})"


@compiles(random_uuid, "postgresql")
def _random_uuid_postgresql(element: random_uuid, compiler: SQLCompiler, **options: Any) -> str:
    return "gen_random_uuid()"


@compiles(random_uuid, "sqlite")
def _random_uuid_sqlite(element: random_uuid, compiler: SQLCompiler, **options: Any) -> str:
    return "(lower(hex(randomblob(16))))"


@compiles(current_transaction, "postgresql")
def _current_transaction_postgresql(
    element: current_transaction, compiler: SQLCompiler, **options: Any
) -> str:
    return "(pg_current_xact_id()::text::bigint)"


@compiles(current_transaction, "sqlite")
def _current_transaction_sqlite(element: current_transaction, compiler: SQLCompiler, **options: Any) -> str:
    return "0"
