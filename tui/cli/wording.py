"""How the command line writes numbers, times and sizes. Light: it is imported by every command."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def now() -> datetime:
    """This moment, UTC."""
    return datetime.now(UTC)


def span(duration: timedelta) -> str:
    """A duration in its largest unit: 40 s, 12 m, 3 h, 5 d, 2 y."""
    seconds = max(0, int(duration.total_seconds()))
    for length, unit in ((31_536_000, "y"), (86_400, "d"), (3600, "h"), (60, "m")):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def ago(moment: datetime | None) -> str:
    """`2 h ago`, or `never`."""
    return "never" if moment is None else f"{span(now() - moment)} ago"


def until(moment: datetime | None) -> str:
    """`in 3 d`, `3 d ago`, or `never`."""
    if moment is None:
        return "never"
    return f"in {span(moment - now())}" if moment > now() else ago(moment)


def exact(moment: datetime | None) -> str:
    """The moment itself, in UTC as the limits' day is: 2026-03-01 14:02:11 UTC."""
    return "never" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def yes_no(value: bool | None) -> str:  # noqa: FBT001 (it is the value that is written)
    return "yes" if value else "no"


def size(count: int | None) -> str:
    """Bytes in powers of 1,024: 84 KiB, 25 MiB."""
    if count is None:
        return "–"
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":
            return f"{amount:.0f} {unit}" if amount >= 10 or amount == int(amount) else f"{amount:.1f} {unit}"
        amount /= 1024
    raise AssertionError


def plural(count: int, one: str, many: str | None = None) -> str:
    """1 mail, 2 mails."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
