"""Agents and their tokens: shown once, kept as a hash, revoked for good."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select

from core.errors import Conflict, InvalidInput, NotFound
from core.models import AgentToken
from core.testing import FixedClock
from core.values.grant import GrantFields
from core.values.operation import Outcome
from core.workspace import Workspace
from tests.core.making import Gate, beneath


async def test_an_agent_is_registered_and_found(workspace: Workspace) -> None:
    made = await workspace.agents.create("  Postbot ✉ ", "Writes to customers.")
    assert (made.name, made.description, made.is_active) == ("Postbot ✉", "Writes to customers.", True)
    assert (made.grants, made.tokens, made.last_used_at) == (0, 0, None)
    for wanted in ("postbot ✉", made.id, str(made.id), made.id.hex[:10]):
        assert await workspace.agents.get(wanted) == made
    with pytest.raises(NotFound):
        await workspace.agents.get("nobody")


async def test_a_name_that_nobody_could_read_is_refused(workspace: Workspace) -> None:
    for name in ("", "   ", "a\nb", "a\x00b", "\ud800", "\u202ebot", "x" * 101):
        with pytest.raises(InvalidInput):
            await workspace.agents.create(name)
    assert await workspace.agents.list() == []


async def test_a_description_that_no_database_keeps_is_refused(workspace: Workspace) -> None:
    for description in ("a\x00b", "\ud800", "x" * 2_001):
        with pytest.raises(InvalidInput, match="description"):
            await workspace.agents.create("Postbot", description)


async def test_a_name_is_given_once(workspace: Workspace) -> None:
    results = await asyncio.gather(
        *(workspace.agents.create("Postbot") for _ in range(4)), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["AgentRow", *["Conflict"] * 3]
    assert all(error.__cause__ is None for error in results if isinstance(error, Conflict))
    assert len(await workspace.agents.list()) == 1


async def test_a_paused_agent_sends_nothing_until_it_is_resumed(gate: Gate) -> None:
    assert not (await gate.workspace.agents.pause(gate.agent.id)).is_active
    assert (await gate.send()).error_code == "agent_active"
    assert (await gate.workspace.agents.resume(gate.agent.id)).is_active
    assert (await gate.send()).outcome is Outcome.SENT
    for action in (gate.workspace.agents.pause, gate.workspace.agents.resume, gate.workspace.agents.tokens):
        with pytest.raises(NotFound):
            await action(uuid4())


async def test_a_token_is_shown_once_and_only_its_hash_is_kept(
    workspace: Workspace, database_url: str
) -> None:
    agent = await workspace.agents.create("Postbot")
    new = await workspace.agents.create_token(agent.id, "laptop")
    assert new.token.startswith("gpa_")
    assert len(new.token) >= 4 + 43  # 256 bits
    assert new.token not in repr(new)
    assert new.token.startswith(new.row.hint)
    assert len(new.row.hint) == 10
    stored = await beneath(workspace, lambda session: session.scalars(select(AgentToken)).one())
    assert stored.token_hash == hashlib.sha256(new.token.encode()).digest()
    if "://" not in database_url:
        for path in Path(database_url).parent.glob("workspace.sqlite3*"):
            assert new.token.encode() not in path.read_bytes()
    assert [row.id for row in await workspace.agents.tokens(agent.id)] == [new.row.id]
    assert (await workspace.agents.get(agent.id)).tokens == 1


async def test_tokens_differ_and_come_newest_first(workspace: Workspace, clock: FixedClock) -> None:
    agent = await workspace.agents.create("Postbot")
    made = []
    for name in ("first", "second", "third"):
        made.append(await workspace.agents.create_token(agent.id, name))
        clock.move(timedelta(seconds=1))
    assert len({new.token for new in made}) == 3
    assert [row.name for row in await workspace.agents.tokens(agent.id)] == ["third", "second", "first"]


async def test_revoking_twice_changes_nothing(workspace: Workspace, clock: FixedClock) -> None:
    agent = await workspace.agents.create("Postbot")
    token = (await workspace.agents.create_token(agent.id, "laptop")).row
    revoked = await workspace.agents.revoke_token(token.id)
    assert revoked.revoked_at == clock.now()
    clock.move(timedelta(hours=1))
    assert await workspace.agents.revoke_token(token.id) == revoked
    assert (await workspace.agents.get(agent.id)).tokens == 0
    with pytest.raises(NotFound):
        await workspace.agents.revoke_token(uuid4())


async def test_an_expired_token_no_longer_counts(workspace: Workspace, clock: FixedClock) -> None:
    agent = await workspace.agents.create("Postbot")
    end = clock.now() + timedelta(hours=1)
    assert (await workspace.agents.create_token(agent.id, "laptop", end)).row.expires_at == end
    assert (await workspace.agents.get(agent.id)).tokens == 1
    clock.move(timedelta(hours=1))
    assert (await workspace.agents.get(agent.id)).tokens == 0
    for moment in (end, clock.now(), datetime(2030, 1, 1)):
        with pytest.raises(InvalidInput, match="expires_at"):
            await workspace.agents.create_token(agent.id, "late", moment)


async def test_a_token_needs_an_agent(workspace: Workspace) -> None:
    with pytest.raises(NotFound):
        await workspace.agents.create_token(uuid4(), "laptop")


async def test_only_grants_in_force_are_counted(gate: Gate) -> None:
    assert (await gate.workspace.agents.get(gate.agent.id)).grants == 1
    await gate.regrant(expires_at=gate.clock.now() + timedelta(days=1))
    assert (await gate.workspace.agents.get(gate.agent.id)).grants == 1
    gate.clock.move(timedelta(days=1))
    assert (await gate.workspace.agents.get(gate.agent.id)).grants == 0
    await gate.workspace.grants.edit(gate.grant.id, GrantFields(is_active=False))
    assert (await gate.workspace.agents.get(gate.agent.id)).grants == 0
