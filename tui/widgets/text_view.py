"""Long text from outside, drawn line by line: wrapped to the width, scrolled, never formatted as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

_WORDS = re.compile(r"\S+\s*|\s+")


@dataclass(frozen=True, slots=True)
class Line:
    """One line before wrapping. Both strings are sanitised; `lead` stands dim before the text."""

    text: str
    lead: str = ""
    is_dim: bool = False


def wrap(text: str, width: int, first: int | None = None) -> Iterator[str]:
    """The text in pieces of at most `width` cells (the first of `first`), broken between words where possible."""
    room = width if first is None else first
    piece = ""
    used = 0
    for word in _WORDS.findall(text):
        bare = word.rstrip()
        cells = cell_len(bare)
        if used + cells <= room:
            piece += word
            used += cell_len(word)
            continue
        if piece.strip():
            yield piece.rstrip()
            piece, used, room = "", 0, width
        if room - used < 2:
            piece, used = "", 0  # an indent as wide as the room
        if used + cells > room:
            # too long for any line: broken where the room ends
            head = chop_cells(bare, room - used)[0]
            yield piece + head
            *whole, bare = chop_cells(bare[len(head) :], width)
            yield from whole
            piece, room = "", width
        piece += bare + word[len(word.rstrip()) :]
        used = cell_len(piece)
    yield piece.rstrip()


class TextView(ScrollView, can_focus=True):
    """Shows lines. Their number is the caller's to bound."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    TextView {
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        & > .text--dim { color: $gate-dim; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"text--dim"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", "Up", show=False),
        Binding("down,j", "scroll_down", "Down", show=False),
        Binding("pageup", "page_up", "Page up", show=False),
        Binding("pagedown,space", "page_down", "Page down", show=False),
        Binding("home,g", "scroll_home", "Top", show=False),
        Binding("end,G", "scroll_end", "End", show=False),
    ]

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._lines: Sequence[Line] = ()
        self._pieces: list[Line] = []
        self._width = 0

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines from their beginning."""
        self._lines = lines
        self._wrap()
        self.scroll_home(animate=False)

    def on_resize(self) -> None:
        if self.scrollable_content_region.width != self._width:
            self._wrap()

    def _wrap(self) -> None:
        self._width = self.scrollable_content_region.width
        width = max(self._width - 1, 8)
        self._pieces = []
        for line in self._lines:
            indent = "  " if line.lead else ""
            first = max(width - cell_len(line.lead), 4)
            for number, piece in enumerate(wrap(line.text, width - len(indent), first)):
                self._pieces.append(Line(piece, line.lead if number == 0 else indent, line.is_dim))
        self.virtual_size = Size(0, len(self._pieces))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        place = self.scroll_offset.y + y
        base = self.rich_style
        if place >= len(self._pieces):
            return Strip.blank(self._width, base)
        piece = self._pieces[place]
        dim = base + self.get_component_rich_style("text--dim", partial=True)
        segments = [Segment(piece.lead, dim), Segment(piece.text, dim if piece.is_dim else base)]
        return Strip(segments).adjust_cell_length(self._width, base)
