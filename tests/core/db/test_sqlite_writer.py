"""The one writer of a SQLite file: what waits together is committed together, and nobody suffers for another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.db.database import Database
from core.db.sqlite import GROUP_LIMIT
from core.errors import WorkspaceError
from core.models import User
from tests.core.db.facts import Barrier, adding, engine_of, facts, failing, open_database, seen


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_database(tmp_path / "w.sqlite3")
    yield opened
    await opened.close()


async def behind_a_barrier(database: Database, *works: object) -> list[object]:
    """Run the works as one group, and return each one's result or error."""
    operator, barrier = database.as_operator(), Barrier()
    first = asyncio.ensure_future(operator.write(barrier))
    assert await asyncio.to_thread(barrier.has_begun.wait, 30)
    waiting = [asyncio.ensure_future(operator.write(work)) for work in works]  # type: ignore[arg-type]
    await asyncio.sleep(0)  # each of them steps as far as its place in the queue
    barrier.may_end.set()
    await first
    return await asyncio.gather(*waiting, return_exceptions=True)


async def test_what_waits_together_shares_one_commit(database: Database) -> None:
    with seen(engine_of(database), "commit") as commits:
        results = await behind_a_barrier(database, *(adding(f"fact {each}") for each in range(20)))
    assert results == [f"fact {each}" for each in range(20)]
    assert await facts(database) == set(results)
    assert len(commits) == 2  # the barrier's and theirs


async def test_more_than_a_group_holds_is_committed_all_the_same(database: Database) -> None:
    keys = [f"fact {each}" for each in range(GROUP_LIMIT * 2 + 3)]
    assert await behind_a_barrier(database, *map(adding, keys)) == keys
    assert await facts(database) == set(keys)


async def test_one_that_fails_undoes_only_itself(database: Database) -> None:
    first, broken, last = await behind_a_barrier(database, adding("first"), failing("broken"), adding("last"))
    assert (first, last) == ("first", "last")
    assert isinstance(broken, RuntimeError)
    assert await facts(database) == {"first", "last"}


async def test_one_that_breaks_a_constraint_undoes_only_itself(database: Database) -> None:
    results = await behind_a_barrier(database, adding("a"), adding("a"), adding("b"))
    assert results[0] == "a"
    assert isinstance(results[1], IntegrityError)
    assert results[2] == "b"
    assert await facts(database) == {"a", "b"}


async def test_one_whose_flush_fails_undoes_only_itself(database: Database) -> None:
    def add_user(session: Session) -> str:
        session.add(User(email="ada@home.test"))
        return "added"

    results = await behind_a_barrier(database, add_user, adding("a"), add_user, adding("b"))
    assert results[0] == "added"
    assert isinstance(results[2], IntegrityError)
    assert await facts(database) == {"a", "b"}


def breaking_at_commit(session: Session) -> str:
    """Work whose fault is found by COMMIT only: a deferred foreign key."""
    session.execute(text("PRAGMA defer_foreign_keys = ON"))
    session.execute(text("INSERT INTO agents (user_id, name) VALUES ('nobody', 'orphan')"))
    return "believed to be done"


async def test_an_error_of_the_commit_reaches_the_caller(database: Database) -> None:
    with pytest.raises(IntegrityError):
        await database.as_operator().write(breaking_at_commit)
    assert await database.as_operator().write(adding("after")) == "after"


async def test_an_error_of_a_shared_commit_reaches_its_cause_and_costs_the_others_nothing(
    database: Database,
) -> None:
    results = await behind_a_barrier(database, adding("a"), breaking_at_commit, adding("b"))
    assert (results[0], results[2]) == ("a", "b")
    assert isinstance(results[1], IntegrityError)
    assert await facts(database) == {"a", "b"}


async def test_the_writer_goes_on_after_every_kind_of_error(database: Database) -> None:
    class Unforeseen(BaseException):
        pass

    def unforeseen(session: Session) -> None:
        raise Unforeseen

    for work in (failing("x"), breaking_at_commit, unforeseen):
        with pytest.raises((RuntimeError, IntegrityError, Unforeseen)):
            await database.as_operator().write(work)
    assert await database.as_operator().write(adding("after")) == "after"
    assert await facts(database) == {"after"}


async def test_an_error_tells_no_values(database: Database) -> None:
    secret = "correct-horse"
    await database.as_operator().write(adding(secret))
    with pytest.raises(IntegrityError) as caught:
        await database.as_operator().write(adding(secret))
    assert secret not in f"{caught.value!r} {caught.value}"


async def test_reading_changes_nothing(database: Database) -> None:
    assert await database.as_operator().read(adding("written by a reader")) == "written by a reader"
    assert await facts(database) == set()


async def test_readers_go_on_while_the_writer_is_busy(database: Database) -> None:
    barrier = Barrier()
    writing = asyncio.ensure_future(database.as_operator().write(barrier))
    assert await asyncio.to_thread(barrier.has_begun.wait, 30)
    assert await facts(database) == set()
    barrier.may_end.set()
    await writing


async def test_one_who_goes_away_before_its_turn_has_asked_for_nothing(database: Database) -> None:
    operator, barrier = database.as_operator(), Barrier()
    first = asyncio.ensure_future(operator.write(barrier))
    assert await asyncio.to_thread(barrier.has_begun.wait, 30)
    gone = asyncio.ensure_future(operator.write(adding("gone")))
    stays = asyncio.ensure_future(operator.write(adding("stays")))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    barrier.may_end.set()
    await asyncio.gather(first, stays)
    assert await facts(database) == {"stays"}


async def test_one_who_goes_away_in_the_middle_leaves_a_whole_transaction(database: Database) -> None:
    operator, barrier = database.as_operator(), Barrier()

    def work(session: Session) -> None:
        adding("before")(session)
        barrier(session)
        adding("after")(session)

    leaving = asyncio.ensure_future(operator.write(work))
    assert await asyncio.to_thread(barrier.has_begun.wait, 30)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    assert leaving.cancelled()
    barrier.may_end.set()
    assert await operator.write(adding("next")) == "next"
    assert await facts(database) == {"before", "after", "next"}


async def test_closing_finishes_what_is_queued(tmp_path: Path) -> None:
    database = await open_database(tmp_path / "closing.sqlite3")
    operator, barrier = database.as_operator(), Barrier()
    first = asyncio.ensure_future(operator.write(barrier))
    assert await asyncio.to_thread(barrier.has_begun.wait, 30)
    waiting = [asyncio.ensure_future(operator.write(adding(f"fact {each}"))) for each in range(100)]
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(database.close())
    await asyncio.sleep(0)
    barrier.may_end.set()
    await asyncio.gather(first, closing, *waiting)
    again = await open_database(tmp_path / "closing.sqlite3")
    assert len(await facts(again)) == 100
    await again.close()


async def test_what_comes_after_closing_is_refused_instead_of_waiting_for_ever(tmp_path: Path) -> None:
    database = await open_database(tmp_path / "closed.sqlite3")
    await database.close()
    with pytest.raises(WorkspaceError, match="closed"):
        await database.as_operator().write(adding("late"))
    with pytest.raises(WorkspaceError, match="closed"):
        await facts(database)
    await database.close()  # a second time changes nothing
