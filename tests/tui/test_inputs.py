"""Inputs over hostile values: drawn inertly, with every character in its place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.widgets.inputs import in_place


@given(st.text())
def test_every_character_keeps_its_place_and_none_is_acted_on(text: str) -> None:
    drawn = in_place(text)
    assert len(drawn) == len(text)
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in drawn)
    assert not set(drawn) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff")


def test_what_people_write_is_drawn_as_it_is() -> None:
    for text in ("correct horse", "Zoë Müller", "山田太郎", "e\u0301", "हिन्दी", "😀"):
        assert in_place(text) == text


def test_a_control_character_is_drawn_as_its_picture() -> None:
    assert in_place("\x1b]52;c;aGk=\x07") == "␛]52;c;aGk=␇"
