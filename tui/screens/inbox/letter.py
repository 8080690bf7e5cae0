"""One captured mail made ready for the screen, away from the event loop: parsed, sanitised, bounded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from dev_server.message import CapturedMessage
from dev_server.store import CaptureStore
from dev_server.view import AttachmentView, MessageView, parse_view
from tui.safe import sanitise
from tui.widgets.text_view import Line

MAX_CHARS: Final = 200_000  # of a mail's text or source that are shown
MAX_LINES: Final = 10_000
_MAX_HEADERS: Final = 2_000
_ADDRESS: Final = re.compile(r"""[^\s<>,;:"()\[\]]+@[^\s<>,;:"()]+""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail as it is drawn. Every string but those in `attachments` is sanitised."""

    message: CapturedMessage
    subject: str
    from_: str
    to: str
    cc: str
    sender: str  # the envelope's
    recipients: tuple[str, ...]  # the envelope's that a header names too
    hidden: tuple[str, ...]  # the envelope's that no header names: Bcc
    problems: tuple[str, ...]
    text: Sequence[Line]
    headers: Sequence[Line]
    source: Sequence[Line]
    attachments: tuple[AttachmentView, ...]


def read_letter(store: CaptureStore, message: CapturedMessage) -> Letter:
    """Read and parse one mail. Blocking: call it in a thread. Raises CaptureError."""
    raw = store.raw(message.id)
    view = parse_view(raw)
    named = _named(view)
    recipients = message.recipients
    return Letter(
        message=message,
        subject=sanitise(view.header("Subject") or message.subject, limit=1_000),
        from_=sanitise(view.header("From") or message.from_header, limit=500),
        to=sanitise(view.header("To"), limit=500),
        cc=sanitise(view.header("Cc"), limit=500),
        sender=sanitise(message.sender, limit=320),
        recipients=tuple(sanitise(each, limit=320) for each in recipients if each.casefold() in named),
        hidden=tuple(sanitise(each, limit=320) for each in recipients if each.casefold() not in named),
        problems=tuple(sanitise(each, limit=400) for each in view.problems),
        text=_text(view),
        headers=[
            Line(sanitise(value, limit=5_000), f"{sanitise(name, limit=80)}: ")
            for name, value in view.headers[:_MAX_HEADERS]
        ],
        source=_lines(raw[: MAX_CHARS + 1].decode("utf-8", "surrogateescape")),
        attachments=view.attachments,
    )


def _named(view: MessageView) -> set[str]:
    """The addresses in the headers that a reader sees."""
    shown = (value for name, value in view.headers if name.lower() in ("to", "cc", "resent-to", "resent-cc"))
    return {address.casefold() for value in shown for address in _ADDRESS.findall(value)}


def _text(view: MessageView) -> Sequence[Line]:
    if view.text.strip():
        return _lines(view.text)
    return [Line("This mail has no text.", is_dim=True)]


def _lines(text: str) -> list[Line]:
    clean = sanitise(text[:MAX_CHARS], multiline=True)
    found = clean.split("\n")
    lines = [Line(line, is_dim=line.startswith(">")) for line in found[:MAX_LINES]]
    if len(text) > MAX_CHARS or len(found) > MAX_LINES:
        lines.append(Line("… and more; `gatepost capture export` writes all of it to a file.", is_dim=True))
    return lines


def plain(lines: Iterable[Line]) -> str:
    """Lines as text for the clipboard: sanitised, as what is pasted may land in a shell."""
    return "\n".join(line.lead + line.text for line in lines)
