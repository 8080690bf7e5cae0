"""The embedded engine: one writer thread that commits in groups, a few reader threads, WAL between them."""

from __future__ import annotations

import asyncio
import errno
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.orm import Session

from core.db.faults import translated
from core.db.sessions import SessionMaker
from core.db.types import LOWERED, to_json
from core.errors import (
    DatabaseForeign,
    DatabaseMissing,
    DatabaseReadOnly,
    DatabaseUnavailable,
    DiskFull,
    WorkspaceError,
)

T = TypeVar("T")

# How long a statement waits for another process's write lock before it gives up.
BUSY_TIMEOUT_MS = 30_000
READERS = 3
# How many waiting transactions share one commit, and so one fsync.
GROUP_LIMIT = 64


class SqliteStore:
    """Runs functions inside transactions of one SQLite file, off the event loop.

    Writers of this process take turns in one thread; those that wait together are committed together. If one of
    them fails, all are undone and run again one by one, so that it takes nothing else with it. Other processes are
    waited for.
    """

    dialect = "sqlite"

    def __init__(self, url: URL) -> None:
        self._path = Path(url.database or "")
        self._file = _identity(self._path)
        self._is_closed = False
        self._engine = _engine(url)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="gatepost-read")
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write_all, name="gatepost-write", daemon=True)
        self._writer.start()

    @classmethod
    def open(cls, url: URL, *, create: bool) -> SqliteStore:
        """Open the file, or make it.

        Raises DatabaseMissing where there is none and none may be made, DatabaseForeign for what is no file,
        DatabaseReadOnly, DatabaseUnavailable and DiskFull where it can't be made or reached.
        """
        path = Path(url.database or "")
        try:
            if not path.exists():
                if not create:
                    raise DatabaseMissing(f"there is no workspace at {path}")
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                path.touch(mode=0o600)
            elif not path.is_file():
                what = "a folder" if path.is_dir() else "not a file"
                raise DatabaseForeign(f"{path} is {what}, so it is no workspace")
        except OSError as error:
            raise _unusable(path, error) from None
        return cls(url)

    async def read(self, sessions: SessionMaker, work: Callable[[Session], T]) -> T:
        """Run `work` in a reader thread and roll back."""

        self._require_open()

        def run() -> T:
            self._require_file()
            with translated(), self._engine.connect() as connection:
                connection.begin()  # rolled back when the connection is given back
                with sessions(connection) as session:
                    return work(session)

        return await asyncio.get_running_loop().run_in_executor(self._readers, run)

    async def write(self, sessions: SessionMaker, work: Callable[[Session], T]) -> T:
        """Run `work` in the writer thread and return once it is committed; what raises is rolled back.

        `work` may be run twice, the first time undone: it changes nothing but the database.
        """
        self._require_open()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._jobs.put(_Job(sessions, work, loop, future))
        return await future

    async def close(self) -> None:
        """Finish what is queued, then let go of the file. What comes later is refused, not left to wait."""
        self._is_closed = True
        self._jobs.put(None)
        await asyncio.to_thread(self._writer.join)
        self._readers.shutdown()
        self._engine.dispose()

    def _require_open(self) -> None:
        if self._is_closed:
            raise WorkspaceError("the workspace is closed")

    def _require_file(self) -> None:
        """What is written into a file that was deleted or replaced is lost, and SQLite does not notice."""
        if _identity(self._path) != self._file:
            raise DatabaseMissing(
                f"the workspace at {self._path} was moved, deleted or replaced while it was open",
                remedy="Put the file back, or close Gatepost and open the workspace anew.",
            )

    def _write_all(self) -> None:
        closing = False
        while not closing:
            group = [self._jobs.get()]
            while len(group) < GROUP_LIMIT and not self._jobs.empty():
                group.append(self._jobs.get())
            closing = None in group
            jobs = [job for job in group if job is not None and job.is_wanted()]
            if jobs:
                self._write_group(jobs)

    def _write_group(self, jobs: list[_Job]) -> None:
        """Run jobs in one transaction. When one of them raises, each runs again in a transaction of its own."""
        try:
            self._require_file()
            with translated(), self._engine.connect() as connection, connection.begin():
                for sessions, same_user in groupby(jobs, key=lambda job: job.sessions):
                    with sessions(connection) as session:
                        for job in same_user:
                            job.run(session)
        except WorkspaceError as error:
            # The database itself can't: it would not for any of them.
            _tell(jobs, error)
        except BaseException as error:  # noqa: BLE001 - the one caller's to hear, never the end of the thread
            if len(jobs) == 1:
                _tell(jobs, error)
                return
            for job in jobs:
                self._write_group([job])
        else:
            _tell(jobs, None)


class _Job:
    """One transaction that waits for its turn, and who waits for it."""

    def __init__(
        self,
        sessions: SessionMaker,
        work: Callable[[Session], Any],
        loop: asyncio.AbstractEventLoop,
        future: asyncio.Future[Any],
    ) -> None:
        self.sessions = sessions
        self._work = work
        self.loop = loop
        self._future = future
        self._result: Any = None

    def is_wanted(self) -> bool:
        return not self._future.cancelled()

    def run(self, session: Session) -> None:
        """Do the work in a session that knows nothing of the job before."""
        self._result = self._work(session)
        session.flush()
        if session.identity_map:
            session.expunge_all()

    def settle(self, error: BaseException | None) -> None:
        """Hand over the result, or the error. Runs in the loop of who waits."""
        if self._future.done():
            return
        if error is not None:
            self._future.set_exception(error)
        else:
            self._future.set_result(self._result)


def _tell(jobs: list[_Job], error: BaseException | None) -> None:
    """Wake those who wait, each loop once."""
    for loop in {job.loop for job in jobs}:

        def settle(waiting: tuple[_Job, ...] = tuple(job for job in jobs if job.loop is loop)) -> None:
            for job in waiting:
                job.settle(error)

        with suppress(RuntimeError):  # a loop that is closed has nobody waiting
            loop.call_soon_threadsafe(settle)


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from another one at the same place; None when there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _unusable(path: Path, error: OSError) -> WorkspaceError:
    """What keeps a file from being made or looked at."""
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return DatabaseReadOnly(f"this account may not use {path}")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"there is no space for {path}")
    return DatabaseUnavailable(
        f"{path} can't be used: {error.strerror or type(error).__name__}", remedy="Check the path."
    )


def _is_ours(connection: sqlite3.Connection) -> bool:
    """Whether the file is new or a workspace: the journal mode of another program's database stays as it is."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return not tables or "workspace_info" in tables


def _lower(value: Any) -> Any:
    """What `lowered` calls here."""
    return value.lower() if isinstance(value, str) else value


def _engine(url: URL) -> Engine:
    engine = create_engine(
        url,
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
        json_serializer=to_json,
        hide_parameters=True,  # values belong into no error and no log
        pool_size=READERS + 1,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, record: object) -> None:
        # Transactions begin where we say so, not where the driver guesses.
        connection.isolation_level = None
        for statement in (
            f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
            *(("PRAGMA journal_mode = WAL",) if _is_ours(connection) else ()),
            "PRAGMA synchronous = FULL",  # accepted means that it survives a power cut
            "PRAGMA foreign_keys = ON",
            "PRAGMA recursive_triggers = ON",
            "PRAGMA trusted_schema = OFF",
        ):
            connection.execute(statement)
        connection.create_function(LOWERED, 1, _lower, deterministic=True)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer takes the lock at once: one that upgrades a read later can't wait for it.
        immediate = threading.current_thread().name.startswith("gatepost-write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine
