"""Everything the log knows about one operation: what was asked, every check, what the server said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from textual.app import ComposeResult
from textual.content import Content

from core.errors import GatepostError
from core.values.operation import OperationRow, OperationType, Outcome
from tui.reasons import SHORT_REASONS
from tui.safe import inert
from tui.screens.log.cells import checks, first_reason, took
from tui.widgets.facts import Fact, FactPane, FactSheet
from tui.wording import MARKS, ago, exact, marked, size

LABEL: Final = 11  # cells
_LONGEST: Final = 2_000  # characters of one foreign value
_MOST: Final = 200  # entries of one foreign list
_NOTHING: Final[tuple[object, ...]] = (None, "", [], {}, False)
_ASKED: Final = frozenset(
    ("from", "reply_to", "to", "cc", "bcc", "subject", "attachments", "message_id", "operation_type")
)
_ANSWERED: Final = frozenset(
    (
        "verdict",
        "checks",
        "decision",
        "recipients",
        "timings",
        "reply",
        "remedy",
        "message_id",
        "problems",
        "problems_count",
    )
)


def describe(row: OperationRow, now: datetime) -> list[Fact]:
    """The whole operation. Whatever is foreign in it is sanitised."""
    facts: list[Fact] = []
    for block in (
        _heading(row, now),
        _asked(row),
        _error(row),
        _why(row),
        _replies(row),
        _timings(row),
        _rest(row),
    ):
        lines = list(block)
        if lines and facts:
            facts.append(Fact("", Content()))
        facts += lines
    return facts


def as_text(facts: Sequence[Fact]) -> str:
    """The same as plain text, for the clipboard."""
    return "\n".join(
        f"{fact.label:<{LABEL}}{fact.value.plain}" if fact.label else fact.value.plain for fact in facts
    )


def _heading(row: OperationRow, now: datetime) -> Iterator[Fact]:
    words = marked(row.outcome.value, row.outcome.value).stylize("bold")
    yield Fact("", Content.assemble(words, (f"  {ago(row.created_at, now)}", "$gate-dim")))
    yield Fact("", Content.styled(exact(row.created_at), "$gate-dim"))


def _asked(row: OperationRow) -> Iterator[Fact]:
    params = row.params
    if row.operation_type == OperationType.TEST_CONNECTION.value:
        yield _fact("What", "connection test")
    yield _fact("Agent", row.agent_name or "–")
    yield _fact("Via", row.connection_name or "–")
    for label, key in (("From", "from"), ("Reply-To", "reply_to")):
        if params.get(key):
            yield _fact(label, _words(params[key]))
    for label, key in (("To", "to"), ("Cc", "cc"), ("Bcc", "bcc")):
        yield from _list(label, params.get(key))
    if row.subject:
        yield _fact("Subject", row.subject)
    yield from _list("Files", params.get("attachments"))
    if row.email_size_bytes is not None:
        yield _fact("Size", size(row.email_size_bytes))
    again = f" · attempt {row.retry_count + 1}" if row.retry_count else ""
    yield _fact("Took", f"{took(row.execution_time_ms)}{again}")


def _error(row: OperationRow) -> Iterator[Fact]:
    if row.outcome in (Outcome.SENT, Outcome.TESTED) or not (row.error_message or row.error_code):
        return
    code = row.error_code or ""
    yield _title("Why", SHORT_REASONS.get(code, code.replace("_", " ")))
    yield Fact("", inert(first_reason(row), MARKS[row.outcome.value][1], limit=_LONGEST))
    remedy = str(row.result.get("remedy") or _remedy(row.error_code))
    if remedy:
        yield Fact("", inert(f"→ {remedy}", limit=_LONGEST))


def _why(row: OperationRow) -> Iterator[Fact]:
    found = checks(row)
    if not found:
        return
    passed = sum(bool(check.get("passed")) for check in found)
    yield _title("Checks", f"{passed} of {len(found)} passed")
    for check in found[:_MOST]:
        state = "ok" if check.get("passed") else "held" if check.get("holds") else "denied"
        mark = "✓" if state == "ok" else MARKS[state][0]
        rule = str(check.get("rule", "")).replace("_", " ")
        words = Content.assemble(
            (f"{mark} ", MARKS[state][1]),
            inert(rule, "" if state == "ok" else "bold", limit=_LONGEST),
            inert(f"  {check.get('detail') or ''}", "$gate-dim", limit=_LONGEST),
        )
        yield Fact("", words)
        if check.get("remedy") and state != "ok":
            yield Fact("", inert(f"  → {check['remedy']}", limit=_LONGEST))


def _replies(row: OperationRow) -> Iterator[Fact]:
    replies = row.result.get("recipients")
    entries = [entry for entry in replies if isinstance(entry, Mapping)] if isinstance(replies, list) else []
    last = row.result.get("reply")
    if not entries and not last:
        return
    yield _title("What the server said")
    for entry in entries[:_MOST]:
        mark, style = MARKS["sent" if entry.get("accepted") else "failed"]
        words = Content.assemble(
            (f"{mark} ", style),
            inert(_words(entry.get("address")), limit=_LONGEST),
            inert(f"  {_words(entry.get('code'))} {_words(entry.get('text'))}", "$gate-dim", limit=_LONGEST),
        )
        yield Fact("", words)
    if last:
        yield Fact("", inert(_words(last), "$gate-dim", limit=_LONGEST))


def _timings(row: OperationRow) -> Iterator[Fact]:
    timings = row.result.get("timings")
    if not isinstance(timings, Mapping) or not timings:
        return
    yield _title("Time")
    for phase, value in list(timings.items())[:_MOST]:
        shown = took(round(value)) if isinstance(value, int | float) else _words(value)
        yield _fact(str(phase).replace("_", " "), shown)


def _rest(row: OperationRow) -> Iterator[Fact]:
    """What has no line of its own above, so that nothing logged is out of reach; and the ids."""
    yield _title("Record")
    for source, known in ((row.params, _ASKED), (row.result, _ANSWERED)):
        for key, value in list(source.items())[:_MOST]:
            if key not in known and value not in _NOTHING:
                yield _fact(str(key).replace("_", " "), _words(value))
    message_id = row.params.get("message_id") or row.result.get("message_id")
    for label, value in (("Message-ID", message_id), ("Delivery", row.delivery_id), ("Operation", row.id)):
        if value is not None:
            yield _fact(label, _words(value))


def _fact(label: str, value: str) -> Fact:
    """A label and its value. Both may be foreign."""
    if len(label) >= LABEL:
        return Fact(
            "", Content.assemble(inert(label, "$gate-dim", limit=60), "  ", inert(value, limit=_LONGEST))
        )
    return Fact(inert(label, limit=LABEL - 1).plain, inert(value, limit=_LONGEST))


def _title(title: str, aside: str = "") -> Fact:
    return Fact(
        "", Content.assemble((title, "bold"), inert(f"  {aside}" if aside else "", "$gate-dim", limit=120))
    )


def _list(label: str, values: object) -> Iterator[Fact]:
    if not isinstance(values, Sequence) or isinstance(values, str) or not values:
        return
    for index, value in enumerate(values[:_MOST]):
        yield _fact(label if index == 0 else " ", _words(value))
    if len(values) > _MOST:
        yield _fact(" ", f"and {len(values) - _MOST} more")


def _words(value: Any) -> str:
    """A logged value as people write it. Foreign text."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return " · ".join(_entry(str(key), item) for key, item in list(value.items())[:_MOST])
    if isinstance(value, list | tuple):
        return ", ".join(_words(item) for item in value[:_MOST])
    return str(value)


def _entry(key: str, value: Any) -> str:
    if key in ("size", "size_bytes") and isinstance(value, int):
        return size(value)
    return _words(value) if key in ("filename", "address", "content_type") else f"{key} {_words(value)}"


def _remedy(code: str | None) -> str:
    """The remedy that belongs to an error's code."""
    pending: list[type[GatepostError]] = [GatepostError]
    while code and pending:
        kind = pending.pop()
        if kind.code == code:
            return kind.default_remedy
        pending += kind.__subclasses__()
    return ""


class OperationDetail(FactPane):
    """One operation in full; scrolls by itself."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id, title="Operation")
        self._shown: OperationRow | None = None

    def compose(self) -> ComposeResult:
        yield FactSheet(label_width=LABEL)

    def show(self, row: OperationRow | None, now: datetime) -> None:
        """Show this operation, or that none is selected. The same one again keeps its place."""
        facts = describe(row, now) if row else [Fact("", Content.styled("Nothing selected.", "$gate-dim"))]
        if row is not None and self._shown is not None and row.id == self._shown.id:
            self.query_one(FactSheet).set_facts(facts)
        else:
            self.set_facts(facts)
        self._shown = row
