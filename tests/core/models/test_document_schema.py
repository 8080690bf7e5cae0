"""A new workspace has the schema document's tables, column for column, on each engine."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import column, inspect, select, table
from sqlalchemy.orm import Session

from core.db.base import Base
from core.workspace import Workspace
from tests.core.making import Gate, beneath, run_sql
from tests.core.models.document import ColumnSpec, tables

ADDED = {
    "users",
    "agents",
    "agent_tokens",
    "vault_keys",
    "vault_secrets",
    "quota_usage",
    "deliveries",
    "written_recipients",
    "log_seals",
    "workspace_info",
}

TYPES = {
    "sqlite": {
        "uuid": "CHAR(32)",
        "text": "TEXT",
        "integer": "INTEGER",
        "bigint": "BIGINT",
        "boolean": "BOOLEAN",
        "moment": "DATETIME",
        "json": "JSON",
        "credential": "VARCHAR(7)",
    },
    "postgresql": {
        "uuid": "UUID",
        "text": "TEXT",
        "integer": "INTEGER",
        "bigint": "BIGINT",
        "boolean": "BOOLEAN",
        "moment": "TIMESTAMP",
        "json": "JSONB",
        "credential": "VARCHAR(7)",
    },
}


def described(session: Session) -> dict[str, dict[str, tuple[str, bool, bool, str | None]]]:
    """Table → column → (type, whether NULL is allowed, whether there is a default, table referred to)."""
    inspector = inspect(session.connection())
    found = {}
    for name in inspector.get_table_names():
        refers_to = {
            key["constrained_columns"][0]: key["referred_table"] for key in inspector.get_foreign_keys(name)
        }
        found[name] = {
            each["name"]: (
                str(each["type"]),
                bool(each["nullable"]),
                each["default"] is not None,
                refers_to.get(each["name"]),
            )
            for each in inspector.get_columns(name)
        }
    return found


async def test_every_table_and_column_of_the_document_is_there(workspace: Workspace) -> None:
    def look(session: Session) -> tuple[str, dict[str, Any]]:
        return session.connection().dialect.name, described(session)

    dialect, found = await beneath(workspace, look)
    assert set(found) == set(tables()) | ADDED
    for name, columns in tables().items():
        expected = {
            each.name: (
                TYPES[dialect][each.type],
                each.is_nullable,
                each.default is not None,
                each.refers_to,
            )
            for each in columns
        }
        assert found[name] == expected, name


# Of the tables that the document does not have: where NULL is allowed. Everywhere else it is not.
NULLABLE = {
    "users": {"display_name"},
    "agents": {"description"},
    "agent_tokens": {"expires_at", "last_used_at", "revoked_at"},
    "vault_secrets": {"destroyed_at"},
    "deliveries": {
        "idempotency_key",
        "request_hash",
        "lease_expires_at",
        "data_started_at",
        "finished_at",
        "result",
    },
}


async def test_the_added_tables_allow_null_only_where_it_means_something(workspace: Workspace) -> None:
    found = await beneath(workspace, described)
    for name in ADDED:
        nullable = {column for column, (_, is_nullable, _, _) in found[name].items() if is_nullable}
        assert nullable == NULLABLE.get(name, set()), name


async def test_moments_are_stored_with_their_zone_on_postgresql(workspace: Workspace) -> None:
    def look(session: Session) -> list[str]:
        inspector = inspect(session.connection())
        if session.connection().dialect.name != "postgresql":
            return []
        return [
            f"{name}.{each['name']}"
            for name in inspector.get_table_names()
            for each in inspector.get_columns(name)
            if str(each["type"]).startswith("TIMESTAMP") and not each["type"].timezone
        ]

    assert await beneath(workspace, look) == []


async def test_the_smtp_provider_is_seeded_once(workspace: Workspace) -> None:
    rows = await run_sql(workspace, "SELECT name, display_name, provider_type FROM oauth_providers")
    assert [tuple(row) for row in rows] == [("smtp", "SMTP Email", "api_key")]


VALUES: dict[str, Any] = {
    "operation_type": "send_email",
    "outcome": "sent",
    "position": 1,
    "vault_password_id": "",
}


def insert_bare(session: Session, name: str, columns: list[ColumnSpec], known: dict[str, UUID]) -> UUID:
    """Insert a row that gives only what has no default, as a foreign program would; return its id."""
    given = [each for each in columns if not each.is_nullable and each.default is None]
    metadata = Base.metadata.tables[name].c
    plain = table(name, *(column(each.name, metadata[each.name].type) for each in columns))
    values = {
        each.name: known[each.refers_to]
        if each.refers_to
        else VALUES.get(each.name, uuid4() if each.type == "uuid" else f"some {each.name}")
        for each in given
    }
    session.execute(plain.insert().values(**values))
    found = session.execute(select(plain.c.id).where(plain.c[given[-1].name] == values[given[-1].name]))
    return UUID(str(found.scalars().first()))


def expected_default(spec: ColumnSpec, value: Any) -> bool:
    """Whether the value is what the document's default gives."""
    match spec.default:
        case "uuid":
            return isinstance(value, UUID)
        case "any":
            return isinstance(value, int)
        case "now":
            return isinstance(value, datetime) and abs(datetime.now(UTC) - value) < timedelta(minutes=5)
        case str(text) if text.startswith("'"):
            return bool(value == text.strip("'"))
        case str(text):
            return bool(value == json.loads(text))
    return value is None


async def test_rows_of_raw_sql_get_the_documents_defaults(gate: Gate) -> None:
    def fill(session: Session) -> dict[str, tuple[list[ColumnSpec], Any]]:
        known = {
            "users": gate.workspace.user.id,
            "agents": gate.agent.id,
            "smtp_configurations": gate.configuration.id,
        }
        session.connection().exec_driver_sql("DELETE FROM agent_smtp_permissions")
        rows = {}
        for name, columns in tables().items():
            known[name] = insert_bare(session, name, columns, known)
            stored = Base.metadata.tables[name]
            rows[name] = (columns, session.execute(select(stored).where(stored.c.id == known[name])).one())
        return rows

    for name, (columns, row) in (await beneath(gate.workspace, fill)).items():
        for spec in columns:
            if spec.is_nullable or spec.default is not None:
                value = getattr(row, spec.name)
                assert expected_default(spec, value), f"{name}.{spec.name} is {value!r}"


JSON_VALUES = (None, [], {}, ["ä", "\u2028", {"a": None}], {"k": [1, 2.5, True]}, "text", 0)


async def test_json_comes_back_as_it_went_in(workspace: Workspace) -> None:
    providers = Base.metadata.tables["oauth_providers"]

    def round_trip(session: Session) -> list[Any]:
        found = []
        for value in JSON_VALUES:
            session.execute(providers.update().values(default_scopes=value))
            found.append(session.execute(select(providers.c.default_scopes)).scalar_one())
        return found

    assert await beneath(workspace, round_trip) == list(JSON_VALUES)


async def test_sql_null_and_an_empty_list_stay_two_things(workspace: Workspace) -> None:
    for stored, expected in ((None, True), ([], False)):
        change = Base.metadata.tables["oauth_providers"].update().values(default_scopes=stored)
        await beneath(workspace, lambda session, change=change: session.execute(change))
        rows = await run_sql(workspace, "SELECT default_scopes IS NULL FROM oauth_providers")
        assert [bool(row[0]) for row in rows] == [expected]


async def test_a_moment_comes_back_in_utc_with_its_microseconds(workspace: Workspace) -> None:
    moment = datetime.fromisoformat("2026-03-29T02:30:00.123456+02:00")
    users = Base.metadata.tables["users"]

    def round_trip(session: Session) -> datetime:
        session.execute(users.update().values(created_at=moment))
        return session.execute(select(users.c.created_at)).scalar_one()

    found = await beneath(workspace, round_trip)
    assert found == moment
    assert found.utcoffset() == timedelta(0)


async def test_a_moment_without_a_zone_is_refused(workspace: Workspace) -> None:
    users = Base.metadata.tables["users"]
    with pytest.raises(Exception, match="naive datetime"):
        await beneath(
            workspace,
            lambda session: session.execute(users.update().values(created_at=datetime(2026, 1, 1))),
        )
