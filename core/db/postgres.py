"""The shared engine: the same functions inside transactions of a PostgreSQL database."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import URL, Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session

from core.db.faults import translated
from core.db.sessions import SessionMaker
from core.db.types import to_json
from core.errors import DriverMissing

T = TypeVar("T")

# All that one process ever holds: a server admits 100 by default, and several processes share it.
POOL_SIZE = 5
CONNECT_TIMEOUT_SECONDS = 10


class PostgresStore:
    """Runs functions inside transactions of one PostgreSQL database, on the event loop's own connections."""

    dialect = "postgresql"

    def __init__(self, url: URL) -> None:
        if importlib.util.find_spec("asyncpg") is None:
            raise DriverMissing("the PostgreSQL driver asyncpg is not installed")
        self._engine = create_async_engine(
            url,
            pool_size=POOL_SIZE,
            max_overflow=0,
            pool_pre_ping=True,
            json_serializer=to_json,
            hide_parameters=True,  # values belong into no error and no log
            connect_args={"timeout": CONNECT_TIMEOUT_SECONDS},
        )

    async def read(self, sessions: SessionMaker, work: Callable[[Session], T]) -> T:
        """Run `work` and roll back."""

        def run(connection: Connection) -> T:
            with sessions(connection) as session:
                return work(session)

        with translated():
            async with self._engine.connect() as connection:
                return await connection.run_sync(run)

    async def write(self, sessions: SessionMaker, work: Callable[[Session], T]) -> T:
        """Run `work` and return once it is committed; what raises is rolled back."""

        def run(connection: Connection) -> T:
            with sessions(connection) as session:
                result = work(session)
                session.flush()
                return result

        with translated():
            async with self._engine.begin() as connection:
                return await connection.run_sync(run)

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()
