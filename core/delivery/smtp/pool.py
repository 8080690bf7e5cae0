"""Connections that are kept between messages: a bounded number per configuration, none kept for long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from core.delivery.smtp.session import Session
from core.delivery.transport import ServerSettings


class _Lane:
    """What belongs to one configuration: who may connect, and which sessions wait for the next message."""

    def __init__(self, width: int) -> None:
        self.turns = asyncio.Semaphore(width)
        self.users = 0
        self.idle: list[tuple[Session, asyncio.TimerHandle]] = []


class Pool:
    """Keeps sessions between messages. A configuration waits for its own only, never for another's."""

    def __init__(self, *, width: int, idle_seconds: float, messages_per_connection: int) -> None:
        self._width = width
        self._idle_seconds = idle_seconds
        self._messages_per_connection = messages_per_connection
        self._lanes: dict[UUID, _Lane] = {}
        self._farewells: set[asyncio.Task[None]] = set()
        self._is_closed = False

    @asynccontextmanager
    async def turn(self, settings: ServerSettings) -> AsyncIterator[None]:
        """Wait until this configuration has a connection to spare; hold it while the block runs."""
        if self._is_closed:
            raise RuntimeError("the transport is closed")
        lane = self._lanes.setdefault(settings.configuration_id, _Lane(self._width))
        lane.users += 1
        try:
            async with lane.turns:
                yield
        finally:
            lane.users -= 1
            self._tidy(settings.configuration_id)

    def take(self, settings: ServerSettings) -> Session | None:
        """A kept session with exactly these settings that still looks alive; others are closed."""
        lane = self._lanes[settings.configuration_id]
        while lane.idle:
            session, timer = lane.idle.pop()  # the one used last is the one most likely alive
            timer.cancel()
            if session.settings == settings and session.is_usable:
                return session
            self._part_from(session)
        return None

    def give_back(self, session: Session) -> None:
        """Keep the session for the next message, or part from it if it has done enough or is unusable."""
        if self._is_closed or not session.is_usable or session.messages >= self._messages_per_connection:
            self._part_from(session)
            return
        lane = self._lanes[session.settings.configuration_id]
        timer = asyncio.get_running_loop().call_later(self._idle_seconds, self._expire, session)
        lane.idle.append((session, timer))

    async def close(self) -> None:
        """Say QUIT to every idle session and wait until all are gone. Those in use follow when back."""
        self._is_closed = True
        for lane in self._lanes.values():
            for session, timer in lane.idle:
                timer.cancel()
                self._part_from(session)
            lane.idle.clear()
        while self._farewells:
            await asyncio.wait(self._farewells)

    def _expire(self, session: Session) -> None:
        configuration_id = session.settings.configuration_id
        lane = self._lanes[configuration_id]
        lane.idle = [(kept, timer) for kept, timer in lane.idle if kept is not session]
        self._part_from(session)
        self._tidy(configuration_id)

    def _part_from(self, session: Session) -> None:
        if not session.is_usable:
            session.abort()
            return
        self._in_background(session.quit())

    def _in_background(self, farewell: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(farewell)
        self._farewells.add(task)
        task.add_done_callback(self._farewells.discard)

    def _tidy(self, configuration_id: UUID) -> None:
        lane = self._lanes.get(configuration_id)
        if lane is not None and not lane.users and not lane.idle:
            del self._lanes[configuration_id]
