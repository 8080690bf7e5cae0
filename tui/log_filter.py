"""The filter of the log as people type it: `status:denied agent:billing via:"Work mail" since:2h free text`.

Used by the Log screen and by `gatepost logs`. Parsing is pure: names and the time are handed in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Final
from uuid import UUID

from core.values.operation import LogFilter, OperationType, Outcome

KEYS: Final = ("status", "agent", "via", "since", "until", "type")
_SAME_AS: Final = {"outcome": "status", "config": "via", "configuration": "via"}
TYPES: Final = {"send": OperationType.SEND_EMAIL, "test": OperationType.TEST_CONNECTION}
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_TOKEN = re.compile(r'(?:(?P<key>[A-Za-z_]+):)?(?:"(?P<quoted>[^"]*)"?|(?P<bare>[^\s"]+))?')


class FilterError(ValueError):
    """A filter that can't be meant as it was typed. `start` and `end` say where, in characters."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.start = start
        self.end = end


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What `agent:` and `via:` can refer to: names as the user gave them, and the ids behind them."""

    agents: Mapping[str, UUID]
    configurations: Mapping[str, UUID]


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a filter: `key:value`, or free text when `key` is empty."""

    key: str
    value: str
    start: int
    end: int


def tokens(text: str) -> Iterator[Token]:
    """The words of a filter in order. A quote that is still open reaches to the end."""
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        match = _TOKEN.match(text, place)
        if match is None or match.end() == place:
            place += 1
            continue
        key = (match["key"] or "").lower()
        value = match["quoted"] if match["quoted"] is not None else match["bare"] or ""
        key = _SAME_AS.get(key, key)
        if key and key not in KEYS and not value and match["quoted"] is None:
            key, value = "", match.group()  # "Re:" is a word, not a key
        yield Token(key, value, place, match.end())
        place = match.end()


def parse_filter(text: str, *, names: Names, now: datetime) -> LogFilter:
    """What was typed as a filter of the log. Raises FilterError at the first word that can't be meant."""
    wanted = LogFilter()
    words: list[str] = []
    for token in tokens(text):
        if not token.key:
            words.append(token.value)
            continue
        if not token.value:
            continue  # still being typed
        read = _READERS.get(token.key)
        if read is None:
            raise _wrong(
                token, f"there is no “{token.key}:”; use {', '.join(KEYS)}, or quote it to find it as text"
            )
        wanted = read(wanted, token, names, now)
    if wanted.since is not None and wanted.until is not None and wanted.since >= wanted.until:
        raise FilterError("since: is later than until:", 0, len(text))
    return replace(wanted, text=" ".join(words))


def with_token(text: str, key: str, value: str) -> str:
    """The filter with `key:value` in place of what it said about `key`; without it, if it said just that."""
    same = [token for token in tokens(text) if token.key == key]
    kept = [text[token.start : token.end] for token in tokens(text) if token.key != key]
    if any(token.value.casefold() == value.casefold() for token in same):
        return " ".join(kept)
    return " ".join([f"{key}:{quoted(value)}", *kept])


def quoted(value: str) -> str:
    """A value as it is typed: in quotes where it has blanks."""
    return f'"{value}"' if re.search(r"\s", value) or not value else value


def complete(text: str, names: Names) -> str | None:
    """The filter with its last word completed, or None when there is nothing to add."""
    last = next(reversed(list(tokens(text))), None)
    if last is None or last.end != len(text):
        return None
    written = text[last.start :]
    key, colon, value = written.partition(":")
    if not colon:
        candidates = [f"{name}:" for name in KEYS]
    else:
        values = _values(_SAME_AS.get(key.lower(), key.lower()), names)
        opened = value.startswith('"')
        candidates = [f'{key}:"{name}"' if opened else f"{key}:{quoted(name)}" for name in values]
    for candidate in candidates:
        if candidate.casefold().startswith(written.casefold()) and len(candidate) > len(written):
            return text + candidate[len(written) :]
    return None


def _values(key: str, names: Names) -> list[str]:
    values: dict[str, list[str]] = {
        "status": [outcome.value for outcome in Outcome],
        "agent": list(names.agents),
        "via": list(names.configurations),
        "type": list(TYPES),
        "since": ["today", "yesterday"],
        "until": ["today", "yesterday"],
    }
    return values.get(key, [])


def _wrong(token: Token, message: str) -> FilterError:
    return FilterError(message, token.start, token.end)


def _status(wanted: LogFilter, token: Token, names: Names, now: datetime) -> LogFilter:
    found = set(wanted.outcomes)
    for word in token.value.lower().split(","):
        matching = [outcome for outcome in Outcome if word and outcome.value.startswith(word)]
        if not matching:
            raise _wrong(token, f"no such status; there are {', '.join(Outcome)}")
        found.update(matching)
    return replace(wanted, outcomes=frozenset(found))


def _agent(wanted: LogFilter, token: Token, names: Names, now: datetime) -> LogFilter:
    found = _named(token, names.agents, "agent")
    if wanted.agent_id not in (None, found):
        raise _wrong(token, "one agent at a time")
    return replace(wanted, agent_id=found)


def _via(wanted: LogFilter, token: Token, names: Names, now: datetime) -> LogFilter:
    found = _named(token, names.configurations, "configuration")
    if wanted.smtp_config_id not in (None, found):
        raise _wrong(token, "one configuration at a time")
    return replace(wanted, smtp_config_id=found)


def _since(wanted: LogFilter, token: Token, names: Names, now: datetime) -> LogFilter:
    return replace(wanted, since=_moment(token, now))


def _until(wanted: LogFilter, token: Token, names: Names, now: datetime) -> LogFilter:
    return replace(wanted, until=_moment(token, now))


def _type(wanted: LogFilter, token: Token, names: Names, now: datetime) -> LogFilter:
    for word, kind in TYPES.items():
        if token.value and word.startswith(token.value.lower()):
            return replace(wanted, operation_type=kind)
    raise _wrong(token, "no such type; there are send and test")


_READERS: Final[Mapping[str, Callable[[LogFilter, Token, Names, datetime], LogFilter]]] = {
    "status": _status,
    "agent": _agent,
    "via": _via,
    "since": _since,
    "until": _until,
    "type": _type,
}


def _named(token: Token, ids: Mapping[str, UUID], what: str) -> UUID:
    """The whole name, else the one name that begins so, else the one that holds it; case does not matter."""
    wanted = token.value.casefold()
    folded = [(name.casefold(), identity, name) for name, identity in ids.items()]
    for rule in (str.__eq__, str.startswith, str.__contains__):
        found = [(identity, name) for fold, identity, name in folded if wanted and rule(fold, wanted)]
        if len(found) == 1:
            return found[0][0]
        if found:
            raise _wrong(token, f"several match: {', '.join(name for _, name in found[:4])}")
    raise _wrong(token, f"there is no {what} of that name")


def _moment(token: Token, now: datetime) -> datetime:
    """`2h` ago; `today`, `yesterday`; `14:30`; `2026-03-01`; `2026-03-01T14:30`. In UTC, as the limits' day."""
    value = token.value.lower()
    midnight = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    if value in ("today", "yesterday"):
        return midnight - timedelta(days=value == "yesterday")
    try:
        if match := re.fullmatch(r"(\d{1,6})([smhdw])", value):
            return now - timedelta(**{_UNITS[match[2]]: int(match[1])})
        if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", value):
            return datetime.combine(midnight.date(), time.fromisoformat(value.zfill(5)), UTC)
        moment = datetime.fromisoformat(token.value)
    except (ValueError, OverflowError):
        raise _wrong(token, "no such time; write 30m, 2h, 7d, today, 14:30 or 2026-03-01 (UTC)") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
