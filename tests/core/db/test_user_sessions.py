"""A session belongs to one user for life: its statements and its rows are that user's alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session, aliased

from core.db.row_security import UserSession, policies
from core.errors import NotFound
from core.models import Agent, AgentSmtpPermission, SmtpConfiguration, SmtpOperationLog, User
from core.testing import FakeTransport, FixedClock, MemoryKeyStore
from core.workspace import Workspace, add_user
from tests.core.making import Gate


@pytest.fixture
async def mallory(gate: Gate, database_url: str, clock: FixedClock) -> AsyncIterator[Workspace]:
    await gate.send()
    await add_user(database_url, "mallory@home.test")
    async with await Workspace.open(
        database_url,
        user="mallory@home.test",
        key_store=MemoryKeyStore(gate.workspace._context.vault._key),
        transport=FakeTransport(),
        clock=clock,
    ) as opened:
        yield opened


async def test_every_protected_table_is_empty_for_a_user_without_rows(mallory: Workspace) -> None:
    def count(session: Session) -> dict[str, int]:
        return {
            policy.model.__tablename__: session.scalar(select(func.count()).select_from(policy.model)) or 0
            for policy in policies()
        }

    assert set((await mallory._context.database.read(count)).values()) == {0}


async def test_a_table_under_another_name_is_refused_as_the_filter_would_miss_it(gate: Gate) -> None:
    other = aliased(Agent)
    own = aliased(User)  # belongs to nobody, so there is nothing to filter
    for statement in (
        select(other.id),
        select(User.id).join(other, other.user_id == User.id),
        select(User.id).where(User.id.in_(select(other.user_id))),
        select(User.id).where(select(other.id).exists()),
    ):
        with pytest.raises(TypeError, match="alias of Agent"):
            await gate.workspace._context.database.read(lambda session, s=statement: session.execute(s).all())
    assert len(
        await gate.workspace._context.database.read(lambda session: session.execute(select(own.id)).all())
    )


async def test_joins_and_subqueries_are_filtered_too(mallory: Workspace, gate: Gate) -> None:
    def look(session: Session) -> list[int]:
        inner = select(Agent.id).where(Agent.name == "Postbot").subquery()
        return [
            len(session.execute(select(User.id, Agent.id).join(Agent, Agent.user_id == User.id)).all()),
            len(session.execute(select(inner.c.id)).all()),
            len(session.execute(select(User.id).where(User.id.in_(select(Agent.user_id)))).all()),
            len(session.execute(select(User.id).where(select(SmtpConfiguration.id).exists())).all()),
        ]

    assert await mallory._context.database.read(look) == [0, 0, 0, 0]


async def test_changes_of_the_others_rows_change_nothing(mallory: Workspace, gate: Gate) -> None:
    def change(session: Session) -> list[int]:
        return [
            session.execute(update(Agent).values(is_active=False)).rowcount,
            session.execute(update(SmtpConfiguration).values(host="evil.test")).rowcount,
            session.execute(delete(AgentSmtpPermission)).rowcount,
            session.execute(delete(SmtpOperationLog)).rowcount,
        ]

    assert await mallory._context.database.write(change) == [0, 0, 0, 0]
    assert (await gate.workspace.configurations.list())[0].fields.host == "localhost"
    assert len(await gate.log()) == 1


async def test_a_row_is_not_given_to_another_user(gate: Gate, mallory: Workspace) -> None:
    def add(session: Session) -> None:
        session.add(Agent(user_id=gate.workspace.user.id, name="Trojan"))
        session.flush()

    def hand_over(session: Session) -> None:
        row = session.scalars(select(Agent)).one()
        row.user_id = mallory.user.id
        session.flush()

    with pytest.raises(NotFound):
        await mallory._context.database.write(add)
    with pytest.raises(NotFound):
        await gate.workspace._context.database.write(hand_over)
    assert [agent.name for agent in await gate.workspace.agents.list()] == ["Postbot"]
    assert await mallory.agents.list() == []


async def test_the_user_of_a_session_cannot_be_changed(gate: Gate) -> None:
    def change(session: Session) -> None:
        assert isinstance(session, UserSession)
        session.user_id = uuid4()  # type: ignore[misc]

    with pytest.raises(AttributeError):
        await gate.workspace._context.database.read(change)
