"""Foreign strings are inert: no terminal acts on what `tui.safe` lets through, and nothing hides in it."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.content import Content

from tui.safe import MAX_MARKS, fit, inert, sanitise

# Text as hostile mail has it: every code point, lone surrogates included, with the dangerous ones more often.
DANGEROUS = (
    "\x00\x07\x08\t\n\x0b\r\x1b\x7f\x85\x9b\x9d\u00ad\u0301\u034f\u061c\u1160\u200b\u200d\u200e\u2028\u2029"
    "\u202e\u2066\u2069\ud800\udfff\ufe0f\ufeff\ufff9\U000e0041\U000e0100"
)
hostile_text = st.text(
    st.one_of(st.sampled_from(DANGEROUS), st.characters(), st.sampled_from("👩💻❤가ᅡé [/]\\"))
)

HOSTILE_SUBJECTS = [
    "Re: [/]",
    "[@click=app.quit]x[/]",
    "[link=https://evil.test]bank[/link]",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x9d52;c;ZXZpbA==\x9c",
    "invoice\u202efdp.exe",
    "two\nlines\r\nand more",
    "a" + "\u0301" * 10_000,
    "\ud800 alone",
    "tag\U000e0065\U000e0076\U000e0069\U000e006c",
]


def is_acted_on(character: str) -> bool:
    """Controls, format characters, separators of lines, surrogates: by Unicode's own table, not by ours."""
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(hostile_text)
@example("\U000e0041")
def test_no_character_of_one_line_is_acted_on_by_a_terminal(text: str) -> None:
    assert not [character for character in sanitise(text) if is_acted_on(character)]


@given(hostile_text)
def test_several_lines_keep_line_feeds_and_nothing_else_that_is_acted_on(text: str) -> None:
    assert not [
        character for character in sanitise(text, multiline=True).replace("\n", "") if is_acted_on(character)
    ]


@given(hostile_text, st.booleans(), st.none() | st.integers(0, 40))
@example("👩\u200d\ufe0f\u200d💻", False, None)
@example("a" + "\u0301" * 4 + "\ufe0f" + "\u0301" * 4, False, None)
@example("a\u0301\u0301\u0301\u0301\u200d\u0301", True, None)
def test_sanitising_twice_changes_nothing(text: str, multiline: bool, limit: int | None) -> None:
    once = sanitise(text, multiline=multiline, limit=limit)
    assert sanitise(once, multiline=multiline, limit=limit) == once


@given(hostile_text, st.booleans())
def test_what_comes_out_can_be_written_to_any_terminal(text: str, multiline: bool) -> None:
    sanitise(text, multiline=multiline).encode("utf-8")


@given(hostile_text, st.integers(0, 60))
def test_a_limit_is_kept(text: str, limit: int) -> None:
    assert len(sanitise(text, limit=limit)) <= max(limit, 1)


@given(hostile_text, st.integers(0, 60), st.booleans())
def test_fitting_gives_exactly_the_cells_asked_for(text: str, width: int, right: bool) -> None:
    assert cell_len(fit(text, width, right=right)) == width


@given(st.text(alphabet=st.characters(categories=["Mn", "Me", "Mc"]), max_size=60))
def test_marks_never_flood_and_never_stand_alone(marks: str) -> None:
    clean = sanitise(f"{marks}e{marks}")
    run = longest = 0
    for character in clean:
        run = run + 1 if unicodedata.category(character)[0] == "M" else 0
        longest = max(longest, run)
    assert longest <= MAX_MARKS
    assert not clean or unicodedata.category(clean[0])[0] != "M"


def test_every_code_point_of_unicode_is_inert() -> None:
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    assert not {hex(ord(c)) for c in sanitise(everything) if is_acted_on(c)}
    invisible = "\u034f\u115f\u1160\u3164\uffa0\ufe00\U000e0100"
    assert not set(sanitise(everything)) & set(invisible)


@pytest.mark.parametrize("text", HOSTILE_SUBJECTS)
def test_content_of_a_hostile_subject_has_no_markup_and_no_links(text: str) -> None:
    content = inert(text, "bold")
    assert isinstance(content, Content)
    assert content.plain == sanitise(text)
    assert {span.style for span in content.spans} <= {"bold"}


def test_what_was_hidden_can_be_read() -> None:
    assert sanitise("\x1b]52;c;x\x07") == "␛]52;c;x␇"
    assert sanitise("a\u202eb") == "a⟨U+202E⟩b"
    assert sanitise("a\nb\tc") == "a␊b c"
    assert sanitise("a\r\nb\rc\td", multiline=True) == "a\nb␍c     d"
    assert sanitise("e" + "\u0301" * 10_000) == "e" + "\u0301" * MAX_MARKS + "⟨+9996 marks⟩"
    assert sanitise("\ud83d") == "⟨U+D83D⟩"


def test_ordinary_text_of_many_scripts_is_left_alone() -> None:
    for text in (
        "Invoice 2231",
        "Grüße aus Köln",
        "こんにちは世界",
        "שלום",
        "नमस्ते",
        "สวัสดี",
        "👍🏽 ok",
        "e\u0301",
        "한국어",
        "C:\\new [ok]",
    ):
        assert sanitise(text) == text
    assert sanitise("👩\u200d💻 ❤\ufe0f") == "👩💻 ❤"
