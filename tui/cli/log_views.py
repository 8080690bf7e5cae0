"""How `gatepost logs` draws operations: in columns, line by line as they come, and one with everything."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.values.operation import OperationRow, OperationType, Outcome
from tui.cli import wording
from tui.cli.output import Output, clean
from tui.cli.session import Session
from tui.cli.table import Cell, Column, Marked, facts, fitted, line
from tui.reasons import SHORT_REASONS

_COLUMNS = (
    Column("When"),
    Column("Agent", least=8),
    Column("Configuration", least=8),
    Column("To", least=12),
    Column("Outcome", least=20),
    Column("ms", right=True),
    Column("Subject", least=8),
)
# A row that arrives later must fit the columns that were laid out before it was known.
_ROOM = ("2026-03-01 14:02:11", "x" * 14, "x" * 14, "x" * 26, "x" * 24, "x" * 6, "x" * 30)
# Narrower terminals do without the subject: why a mail was denied matters more.
_WIDE = 100


class Printer:
    """Writes rows one by one, in columns that were laid out once."""

    def __init__(self, session: Session) -> None:
        self._out = session.out
        self._as_json = session.as_json
        self._widths: list[int] | None = None
        width = self._out.width
        self._columns = _COLUMNS if width is None or width >= _WIDE else _COLUMNS[:-1]

    def table(self, rows: list[OperationRow]) -> None:
        """All rows at once: the columns are as wide as these rows need."""
        out = self._out
        plain = [[clean(_words(cell)) for cell in self._fitting(row)] for row in rows]
        self._widths = fitted(self._columns, plain, out.width)
        self._header()
        self.rows(rows)

    def rows(self, rows: list[OperationRow]) -> None:
        """Rows that came just now."""
        if self._as_json:
            for row in rows:
                self._out.json(row, line=True)
            return
        if self._widths is None:
            self._widths = fitted(self._columns, [_ROOM], self._out.width or 200)
            self._header()
        for row in rows:
            self._out.data(line(self._out, self._columns, self._widths, self._fitting(row)))

    def _fitting(self, row: OperationRow) -> tuple[Cell, ...]:
        return _cells(row)[: len(self._columns)]

    def _header(self) -> None:
        titles = line(
            self._out, self._columns, self._widths or (), [column.title for column in self._columns]
        )
        self._out.data(self._out.paint(titles, dim=True))


def _words(cell: Cell) -> str:
    if isinstance(cell, Marked):
        return f"x {cell.words}"
    return f"{cell:,}" if isinstance(cell, int) else cell or "–"


def _cells(row: OperationRow) -> tuple[Cell, ...]:
    return (
        _when(row.created_at),
        row.agent_name,
        row.connection_name,
        _to(row),
        _outcome(row),
        row.execution_time_ms,
        row.subject or None,
    )


def _when(moment: datetime) -> str:
    return wording.exact(moment).removesuffix(" UTC")


def _to(row: OperationRow) -> str | None:
    recipients = row.recipients
    if not recipients:
        return "connection test" if row.operation_type == OperationType.TEST_CONNECTION else None
    return recipients[0] + (f" +{len(recipients) - 1}" if len(recipients) > 1 else "")


def _outcome(row: OperationRow) -> Marked:
    state = "good" if row.outcome is Outcome.TESTED else row.outcome.value
    code = row.error_code or ""
    reason = f" {SHORT_REASONS.get(code, code.replace('_', ' '))}" if code else ""
    return Marked(state, f"{row.outcome.value}{reason}")


def show_row(out: Output, row: OperationRow) -> None:
    """Write everything that the log keeps of one operation."""
    facts(
        out,
        [
            ("When", wording.exact(row.created_at)),
            ("Outcome", _outcome(row)),
            ("What", row.operation_type),
            ("Agent", row.agent_name),
            ("Configuration", row.connection_name),
            *(
                (role.capitalize(), ", ".join(row.params.get(role, ())) or None)
                for role in ("to", "cc", "bcc")
            ),
            ("Subject", row.subject or None),
            ("Message-ID", str(row.params.get("message_id") or "–")),
            ("Size", wording.size(row.email_size_bytes)),
            ("Attachments", wording.yes_no(row.has_attachments)),
            ("Took", f"{row.execution_time_ms:,} ms"),
            ("Error", row.error_message),
            ("Delivery", str(row.delivery_id) if row.delivery_id else None),
            ("Id", str(row.id)),
        ],
    )
    result = row.result
    for step in _dicts(result.get("steps")):
        state = {"passed": "good", "failed": "bad"}.get(str(step.get("status")), "none")
        out.data(
            f"  {out.marked(state, clean(step.get('name', '')))}  {clean(step.get('detail', ''))}".rstrip()
        )
    for check in _dicts(result.get("checks")):
        state = "good" if check.get("passed") else "held" if check.get("holds") else "bad"
        out.data(
            f"  {out.marked(state, clean(check.get('rule', '')))}  {clean(check.get('detail', ''))}".rstrip()
        )
    for recipient in _dicts(result.get("recipients")):
        state = "good" if recipient.get("accepted") else "bad"
        reply = f"{recipient.get('code', '')} {recipient.get('text', '')}"
        out.data(f"  {out.marked(state, clean(recipient.get('address', '')))}  {clean(reply)}".rstrip())
    for name, value in (("Reply", result.get("reply")), ("Remedy", result.get("remedy"))):
        if value:
            out.data(f"  {name}: {clean(value)}")


def _dicts(value: object) -> list[dict[str, Any]]:
    """What the log keeps under a key, where it is a list of objects as this version writes it."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
