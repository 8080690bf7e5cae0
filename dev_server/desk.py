"""What all sessions of one server share: its settings, its writer, and who is connected."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dev_server.message import Arrival
from dev_server.settings import ServerSettings

if TYPE_CHECKING:
    from dev_server.wire import Wire

# When every place is taken, a session idle for this long (seconds) gives way to a new one.
_MAY_GIVE_WAY: Final = 10.0


@dataclass(slots=True, kw_only=True, eq=False)
class Desk:
    """Shared by the sessions of one server, on its event loop only."""

    settings: ServerSettings
    loop: asyncio.AbstractEventLoop
    submit: Callable[[Arrival], asyncio.Future[int]]
    tls_context: ssl.SSLContext | None
    sessions: set[Wire] = field(default_factory=set)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    bytes_in_flight: int = 0
    _watch: asyncio.TimerHandle | None = None

    def admit(self, session: Wire) -> bool:
        """Whether there is a place for one more. A session that has long been idle gives way, if there is one."""
        if len(self.sessions) >= self.settings.max_connections:
            now = self.loop.time()
            idle = [other for other in self.sessions if other.idle_since < now - _MAY_GIVE_WAY]
            if not idle:
                return False
            min(idle, key=lambda other: other.idle_since).dismiss(
                "421 4.4.2 Idle for long, and others are waiting"
            )
        self.sessions.add(session)
        return True

    def watch(self) -> None:
        """Closes sessions that have been idle for too long, again and again: one timer for all of them."""
        now = self.loop.time()
        for session in list(self.sessions):
            if session.dismissed:
                session.abort()
            elif session.idle_since < now - self.settings.idle_timeout:
                session.dismiss("421 4.4.2 Idle for too long")
        self._watch = self.loop.call_later(min(5.0, self.settings.idle_timeout / 4), self.watch)

    async def close(self, grace: float) -> None:
        """Ends every session: at once where a command is awaited, within `grace` seconds where work is under way."""
        if self._watch is not None:
            self._watch.cancel()
        for session in list(self.sessions):
            session.retire()
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=grace)
        for session in list(self.sessions):
            session.abort()
        if self.tasks:
            await asyncio.wait(self.tasks)
