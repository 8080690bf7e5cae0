"""Reading an entry of a TOML file strictly: each key known and of its type, each fault with its place."""

from __future__ import annotations

import enum
import tomllib
from collections.abc import Collection, Iterator, Mapping
from importlib.resources.abc import Traversable
from typing import Any, TypeVar

from sample_data.values import SampleDataError

E = TypeVar("E", bound=enum.StrEnum)


class Entry:
    """One table of a TOML file. Every key that is not asked for until `done` is a fault."""

    def __init__(self, place: str, table: Mapping[str, Any]) -> None:
        self.place = place
        self._table = table
        self._asked: set[str] = set()

    def fault(self, message: str) -> SampleDataError:
        """An error that names this entry."""
        return SampleDataError(f"{self.place}: {message}")

    def has(self, key: str) -> bool:
        self._asked.add(key)
        return key in self._table

    def text(self, key: str) -> str:
        value = self._get(key, str, "a text in quotes")
        if not isinstance(value, str) or not value:
            raise self.fault(f"`{key}` is empty")
        return value

    def optional_text(self, key: str) -> str | None:
        return self.text(key) if self.has(key) else None

    def integer(self, key: str, default: int | None = None, *, least: int | None = None) -> int:
        if default is not None and not self.has(key):
            return default
        value = int(self._get(key, int, "a whole number"))
        if least is not None and value < least:
            raise self.fault(f"`{key}` is {value}, and must be at least {least}")
        return value

    def optional_integer(self, key: str) -> int | None:
        return self.integer(key) if self.has(key) else None

    def number(self, key: str) -> float:
        return float(self._get(key, (int, float), "a number"))

    def boolean(self, key: str, *, default: bool) -> bool:
        return bool(self._get(key, bool, "true or false")) if self.has(key) else default

    def choice(self, key: str, choices: type[E], default: E) -> E:
        if not self.has(key):
            return default
        value = self.text(key)
        if value not in list(choices):
            raise self.fault(f"`{key}` is “{value}”, and must be one of {', '.join(choices)}")
        return choices(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty when the key is not there."""
        if not self.has(key):
            return ()
        return tuple(self._items(key, str, "texts in quotes"))

    def optional_texts(self, key: str) -> tuple[str, ...] | None:
        return self.texts(key) if self.has(key) else None

    def integers(self, key: str) -> tuple[int, ...]:
        return tuple(self._items(key, int, "whole numbers"))

    def table(self, key: str) -> Entry:
        return Entry(f"{self.place}, {key}", self._get(key, dict, "a table"))

    def weights(self, key: str) -> Mapping[str, int]:
        """A table of whole numbers that are greater than zero."""
        table = self.table(key)
        return {name: table.integer(name, least=1) for name in self._table[key]}

    def known(self, key: str, value: str, names: Collection[str]) -> str:
        """The value, if it is one of the names that another file defines."""
        if value not in names:
            raise self.fault(
                f"`{key}` names “{value}”, which is not there; known are {', '.join(sorted(names))}"
            )
        return value

    def done(self) -> None:
        """Complain about every key that nobody asked for."""
        unknown = [key for key in self._table if key not in self._asked]
        if unknown:
            raise self.fault(
                f"unknown key{'s' if len(unknown) > 1 else ''} {', '.join(f'`{key}`' for key in unknown)}; "
                f"known are {', '.join(f'`{key}`' for key in sorted(self._asked))}"
            )

    def _get(self, key: str, kind: type | tuple[type, ...], what: str) -> Any:
        if not self.has(key):
            raise self.fault(f"`{key}` is missing")
        value = self._table[key]
        # A Python bool is an int, and a TOML one is not.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.fault(f"`{key}` must be {what}, not {value!r}")
        return value

    def _items(self, key: str, kind: type, what: str) -> list[Any]:
        value: list[Any] = self._get(key, list, f"a list of {what}")
        if any(not isinstance(item, kind) or isinstance(item, bool) for item in value):
            raise self.fault(f"`{key}` must be a list of {what}")
        return value


def read_table(folder: Traversable, name: str) -> Entry:
    """The whole of a file, as one entry. Raises SampleDataError when it is missing or is not TOML."""
    try:
        return Entry(name, tomllib.loads(folder.joinpath(name).read_text(encoding="utf-8")))
    except (FileNotFoundError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SampleDataError(f"{name}: {error}") from error


def read_entries(whole: Entry, key: str, label: str = "name") -> Iterator[Entry]:
    """The entries of a list of tables, each named by its number and its `label`."""
    for number, table in enumerate(whole._items(key, dict, "tables"), start=1):
        entry_name = table.get(label)
        place = f"{whole.place}, {key} {number}" + (f" ({entry_name})" if isinstance(entry_name, str) else "")
        yield Entry(place, table)
