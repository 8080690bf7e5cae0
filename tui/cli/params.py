"""What options may hold: enums by their words, limits that can be lifted, sizes, durations, moments."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Generic, TypeVar

import click

from tui.cli.wording import now

E = TypeVar("E", bound=enum.StrEnum)
T = TypeVar("T")

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_BYTES: Final = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


@dataclass(frozen=True, slots=True)
class Given(Generic[T]):
    """An option that was given, even if what it says is None (`--daily none`, `--expires never`)."""

    value: T | None


class Words(click.Choice[E]):
    """One member of an enum, by its value as it is stored and printed."""

    def __init__(self, kind: type[E]) -> None:
        super().__init__(kind, case_sensitive=False)

    def normalize_choice(self, choice: object, ctx: click.Context | None) -> str:
        return (choice.value if isinstance(choice, enum.Enum) else str(choice)).casefold()


class Limit(click.ParamType[Given[int]]):
    """A whole number, or `none` for the configuration's own limit."""

    name = "N|none"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Given[int]:
        if isinstance(value, Given):
            return value
        if value.casefold() == "none":
            return Given(None)
        if not re.fullmatch(r"\d{1,9}", value):
            self.fail(f"{value!r} is not a whole number; write one, or none for the configuration's limit.")
        return Given(int(value))


class Size(click.ParamType[int]):
    """A number of bytes: 500000, 512k, 25M, 1GiB (powers of 1,024)."""

    name = "SIZE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d{1,12})\s*(?:([kmg])(?:i?b)?|b)?", value.strip().casefold())
        if match is None:
            self.fail(f"{value!r} is not a size; write bytes, or 512k, 25M.")
        return int(match[1]) * _BYTES[match[2] or ""]


class Milliseconds(click.ParamType[int]):
    """A timeout: 30s, 500ms, 2m. A plain number is milliseconds, as it is stored."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d{1,9})(ms|s|m)?", value.strip().casefold())
        if match is None:
            self.fail(f"{value!r} is not a time; write 30s, 500ms or 2m.")
        return int(match[1]) * {"ms": 1, None: 1, "s": 1000, "m": 60_000}[match[2]]


class Expiry(click.ParamType[Given[datetime]]):
    """When something ends: 30d, 12h, never, 2026-12-31 (as it begins), 2026-12-31T12:00; in UTC."""

    name = "WHEN"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Given[datetime]:
        if isinstance(value, Given):
            return value
        word = value.strip().casefold()
        if word == "never":
            return Given(None)
        try:
            if match := re.fullmatch(r"(\d{1,6})([smhdw])", word):
                return Given(now() + timedelta(**{_UNITS[match[2]]: int(match[1])}))
            moment = datetime.fromisoformat(value.strip())
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no time; write 30d, 12h, 2026-12-31, 2026-12-31T12:00 (UTC) or never.")
        return Given(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
