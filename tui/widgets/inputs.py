"""Inputs that draw what they hold inertly: a stored or pasted control character is seen, never sent.

Textual's own draw their value as it is. Here every character keeps its place (so the cursor stands where it is
seen to stand), and one that a terminal would act on, or that would hide, is drawn as a sign.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from rich.text import Text
from textual.widgets import Input, TextArea

from tui.safe import sanitise


@lru_cache(maxsize=4096)
def _sign(character: str) -> str:
    """The one character that stands for `character` on the screen."""
    if unicodedata.category(character)[0] == "M":
        return character
    clean = sanitise(character)
    return clean if len(clean) == 1 else "\N{REPLACEMENT CHARACTER}"


def in_place(text: str) -> str:
    """`text` with as many characters, each of them inert."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_sign, text))


class SafeInput(Input):
    """A one-line input over any string."""

    @property
    def _value(self) -> Text:
        if self.password:
            return super()._value
        return Text(in_place(self.value), no_wrap=True, overflow="ignore", end="")


class SafeTextArea(TextArea):
    """A text area over any string."""

    def get_line(self, line_index: int) -> Text:
        return Text(in_place(self.document.get_line(line_index)), no_wrap=True, end="")
