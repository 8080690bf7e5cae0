"""What people type into fields, read into values. Every refusal is a sentence with an example."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(b|k|kb|kib|m|mb|mib|g|gb|gib)?", re.IGNORECASE)
_FACTOR: Final = {"b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_SPAN: Final = re.compile(r"(?:in\s+)?(\d{1,6})\s*(h|d|w|y)", re.IGNORECASE)
_HOURS: Final = {"h": 1, "d": 24, "w": 168, "y": 8760}


def whole(text: str) -> int:
    """`1,000` → 1000. Raises ValueError with a sentence."""
    bare = text.strip().replace(",", "").replace("_", "")
    if not (bare.isascii() and bare.isdigit() and len(bare) <= 12):
        raise ValueError("A whole number belongs here.")
    return int(bare)


def whole_or_none(text: str) -> int | None:
    """As `whole`; empty is None."""
    return whole(text) if text.strip() else None


def seconds(text: str) -> int:
    """`60` or `2.5` seconds → milliseconds. Raises ValueError with a sentence."""
    if not re.fullmatch(r"\d{1,6}(\.\d{1,3})?", text.strip(), re.ASCII):
        raise ValueError("Seconds belong here, such as 60.")
    return round(float(text) * 1000)


def in_seconds(milliseconds: int) -> str:
    """60000 → `60`, as it stands in the field."""
    whole_seconds, rest = divmod(milliseconds, 1000)
    return f"{whole_seconds}.{rest:03}".rstrip("0") if rest else str(whole_seconds)


def byte_size(text: str) -> int:
    """`25 MiB`, `512 k` or plain bytes → bytes. Raises ValueError with a sentence."""
    match = _SIZE.fullmatch(text.strip())
    if match is None or len(match[1]) > 15:
        raise ValueError("A size belongs here, such as 25 MiB.")
    unit = (match[2] or "b")[0].lower()
    return int(float(match[1]) * _FACTOR[unit])


def in_bytes(count: int) -> str:
    """26214400 → `25 MiB`, as it stands in the field; exact, whatever the number."""
    for factor, unit in ((1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB")):
        if count and count % factor == 0:
            return f"{count // factor} {unit}"
    return f"{count} B"


def moment(text: str, now: datetime) -> datetime | None:
    """`2026-03-01`, `2026-03-01 14:00` (both UTC), or `30d`, `12h`, `6w` from now. Empty is None.

    Raises ValueError with a sentence.
    """
    words = text.strip()
    if not words:
        return None
    match = _SPAN.fullmatch(words)
    try:
        if match is not None:
            later = now + timedelta(hours=int(match[1]) * _HOURS[match[2].lower()])
            return later.replace(microsecond=0)
        return datetime.fromisoformat(words.removesuffix("UTC").strip()).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            "A date in UTC belongs here, such as 2026-03-01 or 2026-03-01 14:00; or 30d."
        ) from None


def in_date(when: datetime | None) -> str:
    """The moment as it stands in the field, exact to the second; empty for None."""
    if when is None:
        return ""
    utc = when.astimezone(UTC)
    return utc.strftime(
        "%Y-%m-%d" if utc.time().replace(microsecond=0).isoformat() == "00:00:00" else "%Y-%m-%d %H:%M:%S"
    )


def patterns(text: str) -> tuple[str, ...]:
    """One pattern per line; blank lines don't count."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())
