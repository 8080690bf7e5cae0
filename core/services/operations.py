"""The operation log as a user reads it: pages, one row, and following it live."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import UUID

from core.audit import reading
from core.services.context import Context
from core.values.operation import LogCursor, LogFilter, OperationRow

PAGE = 200
BATCH = 500
# How soon rows of other processes are seen; those of this one at once.
POLL_SECONDS = 0.5


class OperationLog:
    """The user's operations."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def page(
        self, wanted: LogFilter, *, before: LogCursor | None = None, limit: int = PAGE
    ) -> list[OperationRow]:
        """Up to `limit` rows, newest first, strictly before the cursor."""
        return await self._context.database.read(lambda session: reading.page(session, wanted, before, limit))

    async def since(self, wanted: LogFilter, cursor: LogCursor, *, limit: int = BATCH) -> list[OperationRow]:
        """Up to `limit` rows, oldest first, strictly after the cursor; none is ever skipped."""
        return await self._context.database.read(
            lambda session: reading.since(session, wanted, cursor, limit)
        )

    async def head(self) -> LogCursor:
        """The place to follow from: everything before it can be seen by `page` already."""
        return await self._context.database.read(reading.head)

    async def get(self, operation_id: UUID) -> OperationRow:
        """One row. Raises NotFound."""
        return await self._context.database.read(lambda session: reading.get(session, operation_id))

    async def follow(
        self, wanted: LogFilter, cursor: LogCursor | None = None
    ) -> AsyncIterator[list[OperationRow]]:
        """Batches of new rows, oldest first, for ever; from the head when no cursor is given."""
        place = await self.head() if cursor is None else cursor
        with self._context.log_signal.listening() as news:
            while True:
                news.clear()
                rows = await self.since(wanted, place, limit=BATCH)
                if rows:
                    place = rows[-1].position
                    yield rows
                if len(rows) < BATCH:
                    # Another process may have written too, and tells nobody.
                    with suppress(TimeoutError):
                        async with asyncio.timeout(POLL_SECONDS):
                            await news.wait()
