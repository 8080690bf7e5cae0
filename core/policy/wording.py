"""How the details of a verdict are worded: counts, sizes, moments, bounded lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

MAX_NAMED = 10  # items spelled out in one detail; the rest is counted

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def listed(items: Sequence[str]) -> str:
    """The first few items and how many more there are."""
    named = ", ".join(items[:MAX_NAMED])
    return named if len(items) <= MAX_NAMED else f"{named}, and {len(items) - MAX_NAMED:,} more"


def counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def moment_text(moment: datetime) -> str:
    utc = moment.astimezone(UTC)
    return f"{utc.day} {_MONTHS[utc.month - 1]} {utc.year} {utc.hour:02}:{utc.minute:02} UTC"


def octets(count: int) -> str:
    """A size in binary units, as limits are set in them: 812 bytes, 12.0 KiB, 25.0 MiB."""
    if count < 1024:
        return f"{count} bytes"
    return f"{count / 1024:,.1f} KiB" if count < 1024**2 else f"{count / 1024**2:,.1f} MiB"
