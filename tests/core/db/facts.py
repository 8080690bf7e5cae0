"""Facts as the tests of the database keep them: rows of `workspace_info`, written and read beneath everything."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, event, text
from sqlalchemy.orm import Session

from core.db.database import Database
from core.db.sqlite import SqliteStore
from core.db.url import database_url
from core.models.schema import ensure_schema


async def open_database(path: Path | str) -> Database:
    """A new database with its tables, without any user."""
    database = Database.open(database_url(str(path)), create=True)
    await database.as_operator().write(lambda session: ensure_schema(session, create=True))
    return database


def adding(key: str) -> Callable[[Session], str]:
    """Work that adds one fact and returns its key."""

    def work(session: Session) -> str:
        session.execute(text("INSERT INTO workspace_info (key, value) VALUES (:key, '')"), {"key": key})
        return key

    return work


def failing(key: str) -> Callable[[Session], str]:
    """Work that adds one fact and then raises."""

    def work(session: Session) -> str:
        adding(key)(session)
        raise RuntimeError(f"{key} went wrong")

    return work


async def facts(database: Database) -> set[str]:
    def work(session: Session) -> set[str]:
        return set(session.scalars(text("SELECT key FROM workspace_info WHERE key <> 'schema_version'")))

    return await database.as_operator().read(work)


def engine_of(database: Database) -> Engine:
    store = database._store
    assert isinstance(store, SqliteStore)
    return store._engine


class Barrier:
    """Work that keeps the writer busy until it is let go: what is asked for meanwhile waits together."""

    def __init__(self) -> None:
        self.has_begun = threading.Event()
        self.may_end = threading.Event()

    def __call__(self, session: Session) -> None:
        self.has_begun.set()
        assert self.may_end.wait(30)


@contextmanager
def seen(engine: Engine, what: str) -> Iterator[list[str]]:
    """Count an engine's events of a kind ("commit", "begin")."""
    found: list[str] = []

    def listener(*arguments: object) -> None:
        found.append(what)

    event.listen(engine, what, listener)
    try:
        yield found
    finally:
        event.remove(engine, what, listener)
