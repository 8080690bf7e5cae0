"""How the dashboard writes numbers, times and states: the same everywhere, a word beside every colour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from textual.content import Content

# State → (mark, theme colour). Never the colour alone: the mark and the word are there without it.
MARKS: Final = {
    "sent": ("●", "$success"),
    "held": ("◌", "$warning"),
    "denied": ("✕", "$error"),
    "failed": ("!", "$error"),
    "unknown": ("?", "$warning"),
    "tested": ("✓", "$success"),
    "ok": ("●", "$success"),
    "off": ("‖", "$gate-dim"),
    "ended": ("✕", "$gate-dim"),
    "none": ("–", "$gate-dim"),
}


def marked(state: str, words: str) -> Content:
    """A state as mark and words: `● tested 2 h ago`. `words` must be ours or sanitised."""
    mark, style = MARKS[state]
    return Content.assemble((mark, style), " ", (words, style))


def dim(text: str) -> Content:
    """Text of lesser weight. `text` must be ours or sanitised."""
    return Content.styled(text, "$gate-dim")


def number(value: int) -> str:
    """1234 → 1,234."""
    return f"{value:,}"


def size(count: int) -> str:
    """Bytes for people: 84 kB, 25 MiB are both unclear; so powers of 1,024, written KiB and MiB."""
    if count < 1024:
        return f"{count} B"
    amount = float(count)
    for unit in ("KiB", "MiB", "GiB"):
        amount /= 1024
        if amount < 1024 or unit == "GiB":
            return f"{amount:.0f} {unit}" if amount >= 10 or amount == int(amount) else f"{amount:.1f} {unit}"
    raise AssertionError


def span(duration: timedelta) -> str:
    """A duration in its largest unit: 40 s, 12 m, 3 h, 5 d, 2 y."""
    seconds = max(0, int(duration.total_seconds()))
    for length, unit in ((31_536_000, "y"), (86_400, "d"), (3600, "h"), (60, "m")):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def ago(moment: datetime | None, now: datetime) -> str:
    """`2 h ago`, `just now`, or `never`."""
    if moment is None:
        return "never"
    if now - moment < timedelta(seconds=5):
        return "just now"
    return f"{span(now - moment)} ago"


def until(moment: datetime | None, now: datetime) -> str:
    """`in 3 d`, `3 d ago`, or `never`."""
    if moment is None:
        return "never"
    return f"in {span(moment - now)}" if moment > now else ago(moment, now)


def exact(moment: datetime | None) -> str:
    """The moment itself, in UTC as the limits' day is: 2026-03-01 14:02:11 UTC."""
    return "never" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def plural(count: int, one: str, many: str | None = None) -> str:
    """1 mail, 2 mails."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def bar(used: int, limit: int, width: int, style: str) -> Content:
    """How much of a limit is used, in half cells: never nothing for something, full only at the limit."""
    halves = min(used * width * 2 // limit, width * 2) if limit > 0 else width * 2
    if 0 < used < limit:
        halves = min(max(halves, 1), width * 2 - 1)
    whole, half = divmod(halves, 2)
    return Content.assemble(("━" * whole + "╸" * half, style), ("━" * (width - whole - half), "$gate-line"))
