"""Wrapping of long foreign text: every cell counted, nothing lost but the blanks at line ends."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.safe import sanitise
from tui.widgets.text_view import wrap

texts = st.text(st.one_of(st.sampled_from("ab  \u00e9\u4e2d\U0001f44d"), st.characters())).map(sanitise)


@given(texts, st.integers(2, 30), st.integers(2, 30))
def test_no_piece_is_wider_than_its_room(text: str, width: int, first: int) -> None:
    pieces = list(wrap(text, width, first))
    assert cell_len(pieces[0]) <= first
    assert all(cell_len(piece) <= width for piece in pieces[1:])


@given(texts, st.integers(2, 30))
def test_nothing_but_blanks_is_lost(text: str, width: int) -> None:
    assert "".join("".join(wrap(text, width)).split()) == "".join(text.split())


def test_lines_break_between_words() -> None:
    assert list(wrap("Dear Kim, your order has left", 12)) == ["Dear Kim,", "your order", "has left"]


def test_an_indent_stays_and_a_long_word_is_broken() -> None:
    assert list(wrap("  abcdefgh", 6)) == ["  abcd", "efgh"]
    assert list(wrap("       abcd", 6)) == ["abcd"]
    assert list(wrap("abcdef", 6)) == ["abcdef"]


def test_a_line_of_nothing_is_still_a_line() -> None:
    assert list(wrap("", 10)) == [""]
