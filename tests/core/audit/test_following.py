"""Following the log: own rows at once, those of others too, and none missed that commits late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Session

import core.services.operations
from core.audit.record import log_smtp_operation
from core.db.postgres import PostgresStore
from core.testing import FakeTransport, MemoryKeyStore
from core.values.operation import LogCursor, LogFilter, OperationRow, Outcome
from core.workspace import Workspace
from tests.core.making import Gate
from tests.support.postgres import Postgres


async def take(batches: AsyncIterator[list[OperationRow]], count: int) -> list[UUID]:
    found: list[UUID] = []
    async with asyncio.timeout(30):
        while len(found) < count:
            found += [row.id for row in await anext(batches)]
    return found


async def test_what_this_process_writes_is_seen_at_once(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.services.operations, "POLL_SECONDS", 3600)  # only the signal can wake it
    head = await gate.workspace.log.head()
    async with aclosing(gate.workspace.log.follow(LogFilter(), head)) as batches:
        reading = asyncio.ensure_future(take(batches, 20))
        ids = [(await gate.send()).operation_id for _ in range(20)]
        assert await reading == ids


async def test_what_was_written_while_nobody_listened_is_not_lost(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core.services.operations, "POLL_SECONDS", 3600)
    async with aclosing(gate.workspace.log.follow(LogFilter(), LogCursor())) as batches:
        first = (await gate.send()).operation_id
        assert await take(batches, 1) == [first]
        second = [(await gate.send()).operation_id for _ in range(2)]  # between two batches
        assert await take(batches, 2) == second


async def test_what_another_process_writes_is_seen_too(
    gate: Gate, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core.services.operations, "POLL_SECONDS", 0.01)
    async with (
        await Workspace.open(
            database_url,
            key_store=MemoryKeyStore(gate.workspace._context.vault._key),
            transport=FakeTransport(),
            clock=gate.clock,
        ) as other,
        aclosing(other.log.follow(LogFilter(), LogCursor())) as batches,
    ):
        reading = asyncio.ensure_future(take(batches, 2))
        ids = [(await gate.send()).operation_id for _ in range(2)]
        assert await reading == ids


async def test_only_what_fits_the_filter_is_followed(gate: Gate) -> None:
    wanted = LogFilter(outcomes=frozenset({Outcome.DENIED}))
    async with aclosing(gate.workspace.log.follow(wanted, LogCursor())) as batches:
        await gate.send()
        await gate.workspace.agents.pause(gate.agent.id)
        denied = (await gate.send()).operation_id
        assert await take(batches, 1) == [denied]


async def test_more_than_a_batch_comes_in_order(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.services.operations, "BATCH", 4)
    ids = [(await gate.send()).operation_id for _ in range(10)]
    async with aclosing(gate.workspace.log.follow(LogFilter(), LogCursor())) as batches:
        assert await take(batches, 10) == ids


# Two real transactions


class Writing:
    """A transaction that has written a row of the log and is not over yet."""

    def __init__(self, workspace: Workspace, connection: AsyncConnection) -> None:
        self._workspace = workspace
        self._connection = connection

    async def write(self) -> UUID:
        def work(connection: object) -> UUID:
            with Session(bind=connection, join_transaction_mode="rollback_only") as session:  # type: ignore[arg-type]
                return log_smtp_operation(session, None, self._workspace.user.id, None, "send_email")

        return await self._connection.run_sync(work)


async def test_a_row_that_commits_late_is_never_passed_by(postgres: Postgres) -> None:
    async with await Workspace.open(
        postgres.create_database(), key_store=MemoryKeyStore(), transport=FakeTransport()
    ) as workspace:
        store = workspace._database._store
        assert isinstance(store, PostgresStore)
        start = await workspace.log.head()
        seen: list[UUID] = []
        cursor = start

        async def read_on() -> list[UUID]:
            nonlocal cursor
            rows = await workspace.log.since(LogFilter(), cursor)
            cursor = rows[-1].position if rows else cursor
            seen.extend(row.id for row in rows)
            return [row.id for row in rows]

        async with store._engine.connect() as one, store._engine.connect() as two:
            early, late = Writing(workspace, one), Writing(workspace, two)
            await one.begin()
            await two.begin()
            first = await early.write()  # the earlier place in the log …
            second = await late.write()
            await two.commit()
            assert await read_on() == []  # … is still open, so nothing behind it is shown
            assert await workspace.log.page(LogFilter()) == []
            assert [
                row.id for row in await workspace.log.since(LogFilter(), await workspace.log.head())
            ] == []
            head = await workspace.log.head()
            await one.commit()  # … and commits last
        assert await read_on() == [first, second]
        assert [row.id for row in await workspace.log.since(LogFilter(), head)] == [first, second]
        third = await workspace._context.database.write(
            lambda session: log_smtp_operation(session, None, workspace.user.id, None, "send_email")
        )
        assert await read_on() == [third]
        assert seen == [row.id for row in reversed(await workspace.log.page(LogFilter()))]


async def test_a_transaction_that_is_rolled_back_holds_nobody_up(postgres: Postgres) -> None:
    async with await Workspace.open(
        postgres.create_database(), key_store=MemoryKeyStore(), transport=FakeTransport()
    ) as workspace:
        store = workspace._database._store
        assert isinstance(store, PostgresStore)
        async with store._engine.connect() as one, store._engine.connect() as two:
            await one.begin()
            await two.begin()
            await Writing(workspace, one).write()
            second = await Writing(workspace, two).write()
            await two.commit()
            await one.rollback()
        assert [row.id for row in await workspace.log.since(LogFilter(), LogCursor())] == [second]
