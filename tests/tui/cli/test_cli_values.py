"""What the command line writes and reads: JSON, tables, sizes, times."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.values.configuration import Security
from core.vault.secret import Secret
from tui.cli import encode, wording
from tui.cli.params import Expiry, Given, Limit, Milliseconds, Size, Words
from tui.cli.table import Column, cells, cut, fitted


@dataclass(frozen=True)
class Sample:
    id: UUID
    at: datetime
    kind: Security
    names: frozenset[str]
    nothing: None = None


def test_values_become_plain_json() -> None:
    at = datetime(2026, 3, 1, 14, 2, tzinfo=timezone(timedelta(hours=2)))
    sample = Sample(UUID(int=1), at, Security.STARTTLS, frozenset({"b", "a"}))
    assert encode.plain([sample, True, 1, {"a": (1,)}]) == [
        {
            "id": "00000000-0000-0000-0000-000000000001",
            "at": "2026-03-01T12:02:00.000000Z",
            "kind": "starttls",
            "names": ["a", "b"],
            "nothing": None,
        },
        True,
        1,
        {"a": [1]},
    ]


@pytest.mark.parametrize("value", [Secret("s"), object(), b"bytes", Sample])
def test_what_has_no_json_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        encode.text(value)


@settings(deadline=None)
@given(st.text() | st.text(st.characters(categories=["Cs", "Cc", "Cf", "Co", "Zl", "Zp"])))
def test_json_is_the_same_data_and_inert(text: str) -> None:
    document = encode.text({"text": text}, indent=None)
    # Two surrogates side by side are one character to JSON.
    same = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    assert json.loads(document) == {"text": same}
    assert "\n" not in document
    assert all(char.isprintable() or char == "\u3000" or char.isspace() for char in document)
    document.encode()


@settings(deadline=None)
@given(st.text(), st.integers(0, 40))
def test_a_cut_text_is_never_too_wide(text: str, width: int) -> None:
    assert cells(cut(text, width)) <= width
    if cells(text) <= width:
        assert cut(text, width) == text


@settings(deadline=None)
@given(st.lists(st.integers(0, 60), min_size=3, max_size=3), st.integers(30, 120))
def test_columns_are_cut_to_fit_but_not_below_their_least(lengths: list[int], width: int) -> None:
    columns = [Column("A", least=8), Column("B"), Column("C", least=6)]
    widths = fitted(columns, [["x" * length for length in lengths]], width)
    assert widths[1] == max(1, lengths[1])
    if sum(widths) + 4 > width:
        assert widths[0] == min(8, max(1, lengths[0]))
        assert widths[2] == min(6, max(1, lengths[2]))


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (25 * 1024**2, "25 MiB")]
)
def test_sizes_are_written_for_people(count: int, words: str) -> None:
    assert wording.size(count) == words


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Size(), "25M", 25 * 1024**2),
        (Size(), "512 kB", 512 * 1024),
        (Size(), "1GiB", 1024**3),
        (Size(), "77", 77),
        (Milliseconds(), "30s", 30_000),
        (Milliseconds(), "500ms", 500),
        (Milliseconds(), "2m", 120_000),
        (Milliseconds(), "250", 250),
        (Limit(), "5", Given(5)),
        (Limit(), "None", Given(None)),
        (Words(Security), "TLS", Security.IMPLICIT_TLS),
        (Expiry(), "never", Given(None)),
        (Expiry(), "2026-12-31", Given(datetime(2026, 12, 31, tzinfo=UTC))),
        (Expiry(), "2026-12-31T12:00", Given(datetime(2026, 12, 31, 12, tzinfo=UTC))),
        (Expiry(), "2026-12-31T12:00+02:00", Given(datetime(2026, 12, 31, 10, tzinfo=UTC))),
    ],
)
def test_options_are_read_as_people_write_them(kind: click.ParamType[Any], text: str, value: object) -> None:
    assert kind.convert(text, None, None) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Size, "big"), (Size, "-1"), (Size, "1T"), (Size, ""),
        (Milliseconds, "soon"), (Milliseconds, "1h"), (Milliseconds, "1.5s"),
        (Limit, "-1"), (Limit, "1.5"), (Limit, "99999999999"),
        (Expiry, "tomorrow"), (Expiry, "30"), (Expiry, "2026-13-01"), (Expiry, "999999w"),
    ],
)  # fmt: skip
def test_what_can_not_be_meant_is_refused(kind: Callable[[], click.ParamType[Any]], text: str) -> None:
    with pytest.raises(click.BadParameter):
        kind().convert(text, None, None)
