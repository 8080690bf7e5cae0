"""Takes captured mail out of the store: one message as .eml, all as mbox or a folder of .eml, a JSON summary."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import IO, Any, Final

from dev_server.attachments import write_new
from dev_server.errors import MessageMissing, TargetExists, TargetUnwritable
from dev_server.message import CapturedMessage
from dev_server.store import CaptureStore

_BATCH: Final = 200
_FROM_LINE: Final = re.compile(rb"^(>*From )", re.MULTILINE)


def export_eml(store: CaptureStore, id: int, path: str | Path) -> Path:  # noqa: A002
    """Writes one message, byte for byte, to the new file `path`.

    Raises MessageMissing, TargetExists or TargetUnwritable.
    """
    content = store.raw(id)
    file = Path(path)
    try:
        write_new(file, content)
    except OSError as error:
        raise _named(error, file) from error
    return file


def export_folder(store: CaptureStore, folder: str | Path) -> int:
    """Writes every message, oldest first, to `folder` (made if it is not there) as 00000001.eml and so on.

    Returns how many. A file that is there already stops it with TargetExists; those written before it stay.
    """
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _named(error, target) from error
    count = 0
    for message, raw in _each(store):
        file = target / f"{message.id:08d}.eml"
        try:
            write_new(file, raw)
        except OSError as error:
            raise _named(error, file) from error
        count += 1
    return count


def export_mbox(store: CaptureStore, path: str | Path) -> int:
    """Writes every message, oldest first, to the new file `path` as mbox, and returns how many.

    The dialect is mboxrd (lines that begin with "From ", after any number of ">", get one more ">"), so nothing is
    lost; line ends become LF, as readers of mbox expect. Raises TargetExists or TargetUnwritable, and leaves no half
    a file then.
    """
    file = Path(path)
    try:
        with file.open("xb") as stream:
            try:
                return _write_mbox(store, stream)
            except BaseException:
                file.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise _named(error, file) from error


def _write_mbox(store: CaptureStore, stream: IO[bytes]) -> int:
    count = 0
    for message, raw in _each(store):
        # The sender of a separator line may hold no blank.
        sender = re.sub(r"\s", "_", message.sender) or "MAILER-DAEMON"
        date = message.received_at.astimezone(UTC).strftime("%a %b %d %H:%M:%S %Y")
        body = _FROM_LINE.sub(rb">\1", raw.replace(b"\r\n", b"\n"))
        stream.write(f"From {sender} {date}\n".encode())
        stream.write(body if body.endswith(b"\n") else body + b"\n")
        stream.write(b"\n")
        count += 1
    return count


def summary(message: CapturedMessage) -> dict[str, Any]:
    """One message as JSON types: times in ISO 8601 (UTC), sizes in bytes, no body."""
    return {
        "id": message.id,
        "received_at": message.received_at.isoformat().replace("+00:00", "Z"),
        "sender": message.sender,
        "recipients": list(message.recipients),
        "subject": message.subject,
        "from": message.from_header,
        "message_id": message.message_id,
        "size_bytes": message.size_bytes,
        "has_attachments": message.has_attachments,
        "peer": message.peer,
        "tls": message.tls,
        "auth_user": message.auth_user,
        "helo": message.helo,
    }


def export_json(store: CaptureStore, path: str | Path) -> int:
    """Writes the summaries of every message, oldest first, to the new file `path` as one JSON array; how many.

    Raises TargetExists or TargetUnwritable.
    """
    rows = [summary(message) for message in _messages(store)]
    file = Path(path)
    try:
        write_new(file, (json.dumps(rows, ensure_ascii=False, indent=1) + "\n").encode())
    except OSError as error:
        raise _named(error, file) from error
    return len(rows)


def _messages(store: CaptureStore) -> Iterator[CapturedMessage]:
    last = 0
    while batch := store.since(last, _BATCH):
        yield from batch
        last = batch[-1].id


def _each(store: CaptureStore) -> Iterator[tuple[CapturedMessage, bytes]]:
    for message in _messages(store):
        try:
            yield message, store.raw(message.id)
        except MessageMissing:
            continue  # somebody deleted it meanwhile


def _named(error: OSError, path: Path) -> TargetExists | TargetUnwritable:
    if isinstance(error, FileExistsError):
        return TargetExists(f"{path} exists already.")
    return TargetUnwritable(f"{path} can't be written: {error.strerror or error}.")
