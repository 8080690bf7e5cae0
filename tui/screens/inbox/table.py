"""The captured mails as a table: the words of its columns."""

from __future__ import annotations

from datetime import datetime

from dev_server.message import CapturedMessage
from tui.safe import fit
from tui.widgets.live_table import GAP, Column, LiveTable
from tui.wording import size, span

_LONGEST = 400  # characters of a foreign string that are looked at for one cell
_WIDE = 64  # cells from which the recipients have a column of their own


class MailTable(LiveTable[CapturedMessage]):
    """Captured mails, newest on top."""

    def columns(self, width: int) -> tuple[Column, ...]:
        when, files, bulk = (
            Column("when", "when", 5, right=True),
            Column("files", "", 1),
            Column("size", "size", 7, right=True),
        )
        wide = width >= _WIDE
        fixed = when.width + files.width + bulk.width + GAP * (5 if wide else 4)
        rest = max(width - fixed, 12)
        people = rest * 13 // 48 if wide else rest * 2 // 5
        to = (Column("to", "to", people),) if wide else ()
        subject = Column("subject", "subject", rest - people * (2 if wide else 1))
        return (when, Column("from", "from", people), *to, subject, files, bulk)

    def key_of(self, row: CapturedMessage) -> int:
        return row.id

    def cell(self, row: CapturedMessage, column: Column, now: datetime) -> str:
        if column.name == "to":
            return _recipients(row, column.width)
        return fit(_text(row, column, now), column.width, right=column.right)

    def style_of(self, row: CapturedMessage, column: Column) -> str:
        return "dim" if column.name in ("when", "size", "files") or _is_empty(row, column) else ""


def _is_empty(row: CapturedMessage, column: Column) -> bool:
    return column.name == "subject" and not row.subject.strip()


def _text(row: CapturedMessage, column: Column, now: datetime) -> str:
    match column.name:
        case "when":
            return span(now - row.received_at)
        case "from":
            return _name(row.from_header[:_LONGEST]) or row.sender[:_LONGEST] or "<>"
        case "subject":
            return row.subject.strip()[:_LONGEST] or "(no subject)"
        case "files":
            return "+" if row.has_attachments else ""
        case _:
            return size(row.size_bytes)


def _name(header: str) -> str:
    """The name of a sender, else the address: the mail itself shows both."""
    name = header.partition("<")[0].strip().strip('"').strip()
    return name or header.strip().strip("<>")


def _recipients(row: CapturedMessage, width: int) -> str:
    more = f" +{len(row.recipients) - 1}" if len(row.recipients) > 1 else ""
    first = row.recipients[0] if row.recipients else "–"
    return fit(fit(first[:_LONGEST], max(width - len(more), 1)).rstrip() + more, width)
