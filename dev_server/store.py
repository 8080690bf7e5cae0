"""Keeps captured mail in one SQLite file that a dashboard may read while the server writes."""

from __future__ import annotations

import builtins
import json
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, Self, TypeVar

from dev_server import schema
from dev_server.errors import MessageMissing
from dev_server.index import scan
from dev_server.message import Arrival, CapturedMessage

T = TypeVar("T")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_COLUMNS: Final = (
    "id, received_at, sender, recipients, subject, from_header, message_id,"
    " size_bytes, has_attachments, peer, tls, auth_user, helo"
)
_INSERT: Final = (
    "INSERT INTO messages (received_at, sender, recipients, subject, from_header, message_id,"
    " size_bytes, has_attachments, peer, tls, auth_user, helo, search_text) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)"
)
_INSERT_BODY: Final = "INSERT INTO bodies (id, raw) VALUES (?, ?)"

Durability = Literal["full", "normal"]


class CaptureStore:
    """Captured messages, newest last. Every method is synchronous and may be called from any thread.

    On a file, reading never waits for writing, in this process or another (write-ahead log). Each method raises
    a `StoreError` of the kind that fits: locked, read-only, full, damaged, closed.
    """

    def __init__(self, path: str, writer: sqlite3.Connection, reader: sqlite3.Connection) -> None:
        """Use `CaptureStore.open`."""
        self.path: Final = path
        self._writer = writer
        self._reader = reader
        self._write_lock = threading.Lock()
        self._read_lock = self._write_lock if reader is writer else threading.Lock()

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        create: bool = True,
        read_only: bool = False,
        busy_timeout: float = 5.0,
        durability: Durability = "full",
        max_bytes: int | None = None,
    ) -> Self:
        """Opens the store at `path`, or one in memory for ":memory:".

        `create=False` refuses a file that is not there. `busy_timeout` (seconds) is how long another program's
        write lock is waited for. `durability` "full" survives a power cut, "normal" a crash of the program.
        `max_bytes` bounds the file: what does not fit raises StoreFull.
        Raises StoreMissing, StoreForeign, StoreNewer, StoreLocked, StoreReadOnly or StoreFull; a file that is not
        a capture store is left as it is.
        """
        writer, reader = schema.connect(
            str(path),
            create=create,
            read_only=read_only,
            busy_timeout=busy_timeout,
            durability=durability,
            max_bytes=max_bytes,
        )
        return cls(str(path), writer, reader)

    def close(self) -> None:
        """Closes the store; closing twice is fine."""
        with self._write_lock, schema.translated(self.path):
            if self._reader is self._writer:
                self._writer.close()
                return
            with self._read_lock:
                self._reader.close()
            # The last to close folds the write-ahead log into the file.
            self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Reading

    def list(
        self, limit: int = 200, before: int | None = None, text: str = ""
    ) -> builtins.list[CapturedMessage]:
        """Up to `limit` messages, newest first; those with an id below `before`, if given.

        `text` keeps messages whose subject, From, envelope sender or recipients contain it, whatever the case.
        """
        where, values = ["1"], list[object]()
        if before is not None:
            where.append("id < ?")
            values.append(before)
        if text:
            where.append("instr(search_text, ?) > 0")
            values.append(text.casefold())
        return self._rows(f"WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT ?", (*values, max(0, limit)))

    def since(self, id: int, limit: int = 500) -> builtins.list[CapturedMessage]:  # noqa: A002 - the word users know
        """Up to `limit` messages that came after message `id`, oldest first: for following. 0 begins at the first."""
        return self._rows("WHERE id > ? ORDER BY id LIMIT ?", (id, max(0, limit)))

    def get(self, id: int) -> CapturedMessage:  # noqa: A002
        """One message. Raises MessageMissing."""
        rows = self._rows("WHERE id = ?", (id,))
        if not rows:
            raise MessageMissing(f"There is no captured message {id}.")
        return rows[0]

    def raw(self, id: int) -> bytes:  # noqa: A002
        """The message's bytes as they were received. Raises MessageMissing."""
        found = self._read("SELECT raw FROM bodies WHERE id = ?", (id,))
        if not found:
            raise MessageMissing(f"There is no captured message {id}.")
        return bytes(found[0][0])

    def count(self) -> int:
        """How many messages there are."""
        return int(self._read("SELECT count(*) FROM messages", ())[0][0])

    # Writing

    def add(
        self,
        raw: bytes,
        *,
        sender: str,
        recipients: Sequence[str],
        received_at: datetime | None = None,
        peer: str = "",
        tls: str | None = None,
        auth_user: str | None = None,
        helo: str = "",
    ) -> int:
        """Stores one message and returns its id; committed when it returns. Raises StoreFull and its like."""
        arrival = Arrival(
            raw=raw,
            sender=sender,
            recipients=tuple(recipients),
            received_at=received_at or datetime.now(UTC),
            peer=peer,
            tls=tls,
            auth_user=auth_user,
            helo=helo,
        )
        return self.add_many((arrival,))[0]

    def add_many(self, arrivals: Sequence[Arrival]) -> builtins.list[int]:
        """Stores messages in one transaction, all or none, and returns their ids; committed when it returns."""
        rows = [(_row(arrival), arrival.raw) for arrival in arrivals]

        def insert(connection: sqlite3.Connection) -> builtins.list[int]:
            cursor = connection.cursor()
            ids: builtins.list[int] = []
            for row, raw in rows:
                cursor.execute(_INSERT, row)
                ids.append(cursor.lastrowid or 0)
                cursor.execute(_INSERT_BODY, (ids[-1], raw))
            return ids

        return self._write(insert)

    def delete(self, id: int) -> None:  # noqa: A002
        """Deletes one message. Raises MessageMissing."""

        def remove(connection: sqlite3.Connection) -> int:
            connection.execute("DELETE FROM bodies WHERE id = ?", (id,))
            return connection.execute("DELETE FROM messages WHERE id = ?", (id,)).rowcount

        if not self._write(remove):
            raise MessageMissing(f"There is no captured message {id}.")

    def clear(self) -> int:
        """Deletes every message and returns how many there were. Their ids are not used again; their space is freed."""

        def remove(connection: sqlite3.Connection) -> int:
            connection.execute("DELETE FROM bodies")
            return connection.execute("DELETE FROM messages").rowcount

        count = self._write(remove)
        self._give_back()
        return count

    # Inside

    def _give_back(self) -> None:
        """Returns the space of a cleared store to the disk, which may be full. Cheap, as next to nothing is left."""
        with self._write_lock, suppress(sqlite3.Error):
            self._writer.execute("VACUUM")
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _rows(self, tail: str, values: Sequence[object]) -> builtins.list[CapturedMessage]:
        found = self._read(f"SELECT {_COLUMNS} FROM messages {tail}", values)  # noqa: S608 - no foreign text
        return [_message(row) for row in found]

    def _read(self, statement: str, values: Sequence[object]) -> builtins.list[tuple[Any, ...]]:
        with self._read_lock, schema.translated(self.path):
            return self._reader.execute(statement, values).fetchall()

    def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._write_lock, schema.translated(self.path):
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                result = work(self._writer)
                self._writer.execute("COMMIT")
            except BaseException:
                # A full disk has rolled back by itself already.
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise
            return result


def _row(arrival: Arrival) -> tuple[object, ...]:
    index = scan(arrival.raw)
    recipients = json.dumps(arrival.recipients, ensure_ascii=False)
    search_text = "\n".join(
        (index.subject, index.from_header, arrival.sender, *arrival.recipients)
    ).casefold()
    return (
        (arrival.received_at - _EPOCH) // _MICROSECOND,
        arrival.sender,
        recipients,
        index.subject,
        index.from_header,
        index.message_id,
        len(arrival.raw),
        index.has_attachments,
        arrival.peer,
        arrival.tls,
        arrival.auth_user,
        arrival.helo,
        search_text,
    )


def _message(row: tuple[Any, ...]) -> CapturedMessage:
    return CapturedMessage(
        id=row[0],
        received_at=_EPOCH + timedelta(microseconds=row[1]),
        sender=row[2],
        recipients=tuple(json.loads(row[3])),
        subject=row[4],
        from_header=row[5],
        message_id=row[6],
        size_bytes=row[7],
        has_attachments=bool(row[8]),
        peer=row[9],
        tls=row[10],
        auth_user=row[11],
        helo=row[12],
    )
