"""One opened database, and the two ways to work in it: as a user, or as the program itself.

Work is a plain function of a `Session`. `read` rolls back when it returns, `write` commits; what raises is rolled
back. The same functions run on both engines.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar
from uuid import UUID

from sqlalchemy import URL
from sqlalchemy.orm import Session

from core.db.sessions import SessionMaker, operator_sessions, user_sessions
from core.db.sqlite import SqliteStore
from core.db.url import label

T = TypeVar("T")


class Store(Protocol):
    """An engine: where transactions run."""

    @property
    def dialect(self) -> str: ...

    async def read(self, sessions: SessionMaker, work: Callable[[Session], T]) -> T: ...

    async def write(self, sessions: SessionMaker, work: Callable[[Session], T]) -> T: ...

    async def close(self) -> None: ...


class BoundDatabase:
    """A database as one user sees it, or as the program itself."""

    def __init__(self, store: Store, sessions: SessionMaker) -> None:
        self._store = store
        self._sessions = sessions

    async def read(self, work: Callable[[Session], T]) -> T:
        """Run `work` and roll back. Raises WorkspaceError where the database can't answer."""
        return await self._store.read(self._sessions, work)

    async def write(self, work: Callable[[Session], T]) -> T:
        """Run `work` and return once it is committed. Raises WorkspaceError, and whatever `work` raises."""
        return await self._store.write(self._sessions, work)


class Database:
    """One opened database."""

    def __init__(self, store: Store, url: URL) -> None:
        self._store = store
        self.label = label(url)
        self.url = url

    @classmethod
    def open(cls, url: URL, *, create: bool) -> Database:
        """Open it without touching a table. Raises DatabaseMissing, DriverMissing, DatabaseReadOnly."""
        if url.drivername == "sqlite":
            return cls(SqliteStore.open(url, create=create), url)
        from core.db.postgres import PostgresStore

        return cls(PostgresStore(url), url)

    def as_user(self, user_id: UUID) -> BoundDatabase:
        """The database as this user sees it."""
        return BoundDatabase(self._store, user_sessions(user_id))

    def as_operator(self) -> BoundDatabase:
        """The database as the program itself sees it: unfiltered."""
        return BoundDatabase(self._store, operator_sessions)

    async def close(self) -> None:
        """Finish what is running and let go of the database."""
        await self._store.close()
