"""Takes attachments out of a message, and saves them where the user said and nowhere else."""

from __future__ import annotations

import mimetypes
import os
import re
import unicodedata
from pathlib import Path
from typing import Final

from dev_server.errors import AttachmentMissing, TargetExists, TargetUnwritable
from dev_server.mime import Part, decoded_body, take_apart

_LONGEST_NAME: Final = 150  # bytes: with a number behind it, still below the 255 of most file systems
_LONGEST_SUFFIX: Final = 20
_ATTEMPTS: Final = 1_000
_SEPARATORS: Final = re.compile(r"[/\\\u2215\u2044\u29f8\uff0f\uff3c]")
_FORBIDDEN: Final = re.compile(r'[<>:"|?*]')
# Windows takes these for devices, with any suffix; a folder may be shared with it.
_RESERVED: Final = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)", re.IGNORECASE
)


def attachment_content(raw: bytes, index: int) -> bytes:
    """The decoded bytes of an attachment, numbered from 0 as `parse_view` does. Raises AttachmentMissing."""
    return decoded_body(raw, _find(raw, index))[0]


def save_attachment(raw: bytes, index: int, folder: str | Path) -> Path:
    """Writes an attachment into `folder` (made if it is not there), and returns the new file's path.

    The name is the sender's as far as it is safe (`safe_filename`). A file that is there already, a link included, is
    never overwritten or followed: the new one gets a number. Raises AttachmentMissing, TargetUnwritable, or
    TargetExists when a thousand files of that name are there.
    """
    part = _find(raw, index)
    content = decoded_body(raw, part)[0]
    name = safe_filename(part.filename, index, attachment_type(part))
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        stem, suffix = _split(name)
        for number in range(_ATTEMPTS):
            file = target / (f"{stem} ({number}){suffix}" if number else name)
            try:
                write_new(file, content)
            except FileExistsError:
                continue
            return file
    except OSError as error:
        raise TargetUnwritable(f"{target} can't be written: {error.strerror or error}.") from error
    raise TargetExists(f"{target} holds {_ATTEMPTS} files named {name!r} already.")


def write_new(file: Path, content: bytes) -> None:
    """Writes a file that must not be there yet; takes it away again if it can't be written to its end."""
    # Exclusive creation follows no link and overwrites nothing, whoever else writes into the folder.
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def safe_filename(name: str, index: int = 0, content_type: str = "") -> str:
    """A file name made of a sender's: one component, visible, no device, at most 150 bytes, never empty.

    `../../etc/passwd` becomes `passwd`. What is left without a name becomes `attachment-1.pdf` and the like, by
    `index` (from 0) and type.
    """
    name = _SEPARATORS.split(name.rstrip("/\\"))[-1]
    # Control, format (right-to-left marks), surrogate, private and unassigned characters, line and paragraph ends.
    name = "".join(
        char for char in name if unicodedata.category(char)[0] != "C" and char not in "\u2028\u2029"
    )
    name = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", name))
    name = name.strip(" .\u00a0")  # no hidden files, and no ends that Windows drops
    if not name:
        suffix = mimetypes.guess_extension(content_type, strict=False) or ".bin"
        name = f"attachment-{index + 1}{suffix}"
    if _RESERVED.match(name):
        name = f"_{name}"
    return _shortened(name)


def _shortened(name: str) -> str:
    if len(name.encode()) <= _LONGEST_NAME:
        return name
    stem, suffix = _split(name)
    room = _LONGEST_NAME - len(suffix.encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(" .") + suffix


def _split(name: str) -> tuple[str, str]:
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix.encode()) > _LONGEST_SUFFIX:
        return name, ""
    return stem, dot + suffix


def attachment_type(part: Part) -> str:
    """An attachment's content type, with the standard's default where none is given (RFC 2045, 5.2)."""
    return part.content_type.value or "text/plain"


def _find(raw: bytes, index: int) -> Part:
    attached = [part for part in take_apart(raw).parts if part.is_attachment and not part.in_message]
    if not 0 <= index < len(attached):
        raise AttachmentMissing(
            f"The message has no attachment {index}; it has {len(attached)}."
            if attached
            else "The message has no attachments."
        )
    return attached[index]
