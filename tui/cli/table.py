"""Tables and lists of facts for people: aligned, as wide as the terminal, inert."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tui.cli.output import MARKS, Output, clean

_GAP = "  "


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `least` is the width it may be cut to in a narrow terminal; 0: it is never cut."""

    title: str
    right: bool = False
    least: int = 0


@dataclass(frozen=True, slots=True)
class Marked:
    """A cell with a state: its mark before the words, its colour on both."""

    state: str
    words: str


Cell = str | int | Marked | None


def table(out: Output, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> None:
    """Write a table to stdout. Every cell is made inert here."""
    cells = [[_text(cell) for cell in row] for row in rows]
    colours = []
    texts = []
    for row in cells:
        colours.append([colour for _, colour in row])
        texts.append([text for text, _ in row])
    widths = fitted(columns, texts, out.width)
    header = [column.title for column in columns]
    out.data(out.paint(_line(columns, widths, header, [None] * len(columns), out), dim=True))
    for text, colour in zip(texts, colours, strict=True):
        out.data(_line(columns, widths, text, colour, out))


def fitted(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None) -> list[int]:
    """The width of each column, taken from the widest of those that may be cut until all fit `width`."""
    widths = [
        max([cells(column.title), *(cells(row[at]) for row in rows)]) for at, column in enumerate(columns)
    ]
    if width is None:
        return widths
    excess = sum(widths) + len(_GAP) * (len(columns) - 1) - width
    while excess > 0:
        able = [at for at, column in enumerate(columns) if column.least and widths[at] > column.least]
        if not able:
            break  # wider than the terminal after all: better folded than unreadable
        widest = max(able, key=lambda at: widths[at])
        widths[widest] -= 1
        excess -= 1
    return widths


def facts(out: Output, pairs: Iterable[tuple[str, Cell]]) -> None:
    """Write names and values below each other, values aligned. A value of None is a dash."""
    shown = [(name, *_text(value)) for name, value in pairs]
    width = max((cells(name) for name, _, _ in shown), default=0)
    for name, text, colour in shown:
        label = out.paint(name.ljust(width), dim=True)
        out.data(f"{label}{_GAP}{out.paint(text, colour) if colour else text}".rstrip())


def line(out: Output, columns: Sequence[Column], widths: Sequence[int], row: Sequence[Cell]) -> str:
    """One row of a table whose widths are already known: for rows that arrive one by one."""
    pairs = [_text(cell) for cell in row]
    return _line(columns, widths, [text for text, _ in pairs], [colour for _, colour in pairs], out)


def cells(text: str) -> int:
    """How many terminal columns `text` takes."""
    if text.isascii():
        return len(text)
    return sum(_cells_of(char) for char in text)


def cut(text: str, width: int) -> str:
    """`text` in at most `width` columns, with … where something is missing."""
    if cells(text) <= width:
        return text
    kept, used = [], 1
    for char in text:
        used += _cells_of(char)
        if used > width:
            break
        kept.append(char)
    return "".join(kept).rstrip() + "…" if width > 0 else ""


def _cells_of(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _text(cell: Cell) -> tuple[str, str | None]:
    match cell:
        case None:
            return "–", None
        case int():
            return f"{cell:,}", None
        case Marked(state=state, words=words):
            mark, colour = MARKS[state]
            return f"{mark} {clean(words)}", colour
        case _:
            return clean(cell), None


def _line(
    columns: Sequence[Column],
    widths: Sequence[int],
    texts: Sequence[str],
    colours: Sequence[str | None],
    out: Output,
) -> str:
    parts = []
    for column, width, text, colour in zip(columns, widths, texts, colours, strict=True):
        shown = cut(text, width) if column.least and out.is_terminal else text
        blank = " " * (width - cells(shown))
        painted = out.paint(shown, colour) if colour else shown
        parts.append(blank + painted if column.right else painted + blank)
    return _GAP.join(parts).rstrip()
