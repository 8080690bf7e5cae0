"""What must never stand in a table is refused by the database itself, on each engine."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Uuid, insert, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from core.db.base import Base
from tests.core.making import Gate, beneath

# Table, and changes to a sound row of it of which each must be refused.
REFUSED: dict[str, list[dict[str, Any]]] = {
    "smtp_configurations": [
        {"port": 0},
        {"port": -1},
        {"port": 65536},
        {"test_status": "maybe"},
        {"connection_timeout": 0},
        {"socket_timeout": -1},
        {"greeting_timeout": 0},
        {"max_emails_per_day": 0},
        {"max_recipients_per_email": 0},
        {"max_message_bytes": 0},
        {"auth_mechanism": "xoauth9"},
        {"on_uncertain": "hope"},
        {"secure": True, "allow_plaintext": True},
        {"host": None},
        {"is_active": None},
    ],
    "agent_smtp_permissions": [
        {"daily_email_limit": 0},
        {"daily_email_limit": -5},
        {"recipients_per_email_limit": 0},
        {"approval": "sometimes"},
        {"can_send_email": None},
    ],
    "smtp_operation_logs": [{"status": "fine"}, {"outcome": "lost"}, {"user_id": None}],
    "deliveries": [{"state": "asleep"}, {"content": None}],
    "quota_usage": [{"mails": -1}, {"recipients": -1}, {"scope": "everything"}],
    "user_oauth_connections": [{"credential_type": "password"}],
}


async def test_each_check_refuses_what_it_is_there_for(gate: Gate) -> None:
    await gate.send()
    accepted = []
    for name, changes in REFUSED.items():
        table = Base.metadata.tables[name]
        for change in changes:
            try:
                await beneath(
                    gate.workspace, lambda session, t=table, c=change: session.execute(update(t).values(c))
                )
            except DBAPIError:
                continue
            accepted.append((name, change))
    assert accepted == []


async def test_a_port_of_the_edge_is_accepted(gate: Gate) -> None:
    table = Base.metadata.tables["smtp_configurations"]
    for port in (1, 65535):
        await beneath(
            gate.workspace, lambda session, port=port: session.execute(update(table).values(port=port))
        )


async def test_what_refers_to_another_row_needs_that_row(gate: Gate) -> None:
    await gate.send()
    dangling = []
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_keys:
            if not isinstance(key.parent.type, Uuid):
                continue

            def work(session: Session, table: Any = table, key: Any = key) -> int:
                return session.execute(update(table).values({key.parent.name: uuid4()})).rowcount

            try:
                if await beneath(gate.workspace, work):
                    dangling.append(f"{table.name}.{key.parent.name}")
            except IntegrityError:
                continue
    assert dangling == []


@pytest.mark.parametrize("table", ["smtp_configurations", "agents", "users", "agent_smtp_permissions"])
async def test_what_others_refer_to_cannot_be_deleted(gate: Gate, table: str) -> None:
    await gate.send()
    with pytest.raises(IntegrityError):
        await beneath(gate.workspace, lambda session: session.execute(Base.metadata.tables[table].delete()))


async def test_a_pair_of_agent_and_configuration_has_one_grant(gate: Gate) -> None:
    table = Base.metadata.tables["agent_smtp_permissions"]
    row = {
        "agent_id": gate.agent.id,
        "smtp_config_id": gate.configuration.id,
        "granted_by": gate.workspace.user.id,
    }
    with pytest.raises(IntegrityError):
        await beneath(gate.workspace, lambda session: session.execute(insert(table).values(**row)))


async def test_an_idempotency_key_is_used_once_by_an_agent(gate: Gate) -> None:
    for _ in range(2):
        await gate.send()
    table = Base.metadata.tables["deliveries"]
    with pytest.raises(IntegrityError):
        await beneath(
            gate.workspace, lambda session: session.execute(update(table).values(idempotency_key="k"))
        )
