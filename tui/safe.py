"""The safety boundary for foreign strings: what comes from mail, servers or files is inert when drawn.

Nothing else may turn such a string into something on the screen. Textual parses markup in plain strings and
lets control sequences through from every widget, so a foreign string is drawn as `inert(…)` (or as `Content`
made of `sanitise(…)`) and never handed to a widget, a title, an option or a notification as `str`.
"""

from __future__ import annotations

import re
import unicodedata

from rich.cells import cell_len, set_cell_size
from textual.content import Content

# A letter of any living script carries at most this many marks; more is a flood that smears over other rows.
MAX_MARKS = 4

# Characters that a terminal acts on, or that are drawn as nothing and so can hide: shown by name.
_NAMED_RANGES: tuple[tuple[int, int], ...] = (
    (0x0000, 0x0008),
    (0x000B, 0x001F),
    (0x007F, 0x009F),  # DEL, C1: CSI, OSC and their kind as single characters
    (0x00AD, 0x00AD),  # soft hyphen
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x0600, 0x0605),
    (0x061C, 0x061C),  # Arabic letter mark (bidi)
    (0x06DD, 0x06DD),
    (0x070F, 0x070F),
    (0x0890, 0x0891),
    (0x08E2, 0x08E2),
    (0x115F, 0x1160),  # Hangul fillers
    (0x17B4, 0x17B5),  # Khmer inherent vowels, drawn as nothing
    (0x180B, 0x180F),  # Mongolian selectors and vowel separator
    (0x200B, 0x200F),  # zero width, directional marks
    (0x2028, 0x202E),  # line and paragraph separator, bidi embeddings and overrides
    (0x2060, 0x206F),  # word joiner, invisible operators, bidi isolates, deprecated controls
    (0x3164, 0x3164),
    (0xD800, 0xDFFF),  # lone surrogates: not encodable, so they would crash the driver
    (0xFDD0, 0xFDEF),  # noncharacters
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB),
    (0xFFFE, 0xFFFF),
    (0x110BD, 0x110BD),
    (0x110CD, 0x110CD),
    (0x13430, 0x1345F),  # Egyptian format controls
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),  # musical format controls
    (0xE0000, 0xE0FFF),  # tags and supplementary variation selectors: whole hidden texts
    *((plane | 0xFFFE, plane | 0xFFFF) for plane in range(0x10000, 0x110000, 0x10000)),
)


def _character_class(ranges: tuple[tuple[int, int], ...]) -> str:
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)


_NAMED = re.compile(f"[{_character_class(_NAMED_RANGES)}]")
_NAMED_OR_BREAK = re.compile(f"[\t\n{_character_class(_NAMED_RANGES)}]")
# Both only choose how a symbol is drawn, and terminals disagree about its width with them: dropped.
_PRESENTATION = re.compile("[\ufe0e\ufe0f]")
# A joiner between two pictures: without it both are drawn, side by side and with a width that all agree on.
_EMOJI = "\u2190-\u21ff\u2300-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
_EMOJI_JOINER = re.compile(f"(?<=[{_EMOJI}])\u200d(?=[{_EMOJI}])")
# Where marks may stand at all (a superset, without the great blocks that have none); the rest is skipped.
_MAY_BE_MARKED = re.compile("[\u0300-\u33ff\ua66f-\uabff\ud7b0-\ud7ff\ufb1e-\U0010ffff]+")


def _name(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return f"⟨U+{code:04X}⟩"


def _name_or_break(match: re.Match[str]) -> str:
    if match.group() == "\t":
        return " "  # a folded header leaves tabs behind; in one line they mean a blank
    return _name(match)


def _is_mark(character: str) -> bool:
    code = ord(character)
    if 0x1160 <= code <= 0x11FF or 0xD7B0 <= code <= 0xD7FF:
        return True  # Hangul vowels and finals are stacked on what stands before them
    return unicodedata.category(character)[0] == "M"


def _bound_marks(text: str) -> str:
    """At most MAX_MARKS marks in a row, and none without a letter to stand on."""
    out: list[str] = []
    done = 0
    for stretch in _MAY_BE_MARKED.finditer(text):
        out.append(text[done : stretch.start()])
        done = stretch.end()
        # a stretch can begin with marks whose letter stands before it, as in "e" followed by an accent
        has_base = stretch.start() > 0 and text[stretch.start() - 1] != "\n"
        run: list[str] = []
        for character in stretch.group():
            if _is_mark(character):
                run.append(character)
                continue
            if run:
                out.append(_marks(run, has_base=has_base))
                run = []
            out.append(character)
            has_base = True
        if run:
            out.append(_marks(run, has_base=has_base))
    out.append(text[done:])
    return "".join(out)


def _marks(run: list[str], *, has_base: bool) -> str:
    kept = ("" if has_base else "◌") + "".join(run[:MAX_MARKS])
    return kept if len(run) <= MAX_MARKS else f"{kept}⟨+{len(run) - MAX_MARKS} marks⟩"


def sanitise(text: str, *, multiline: bool = False, limit: int | None = None) -> str:
    """Make a foreign string inert: nothing in the result is acted on by a terminal, or hides in it.

    Control characters become their pictures (␛), everything else that is drawn as nothing or turns the
    direction of writing becomes its code point (⟨U+202E⟩), marks beyond MAX_MARKS are counted, not drawn.
    `multiline` keeps line feeds (and CRLF as one) and widens tabs to 8 columns; otherwise the result is one
    line. `limit` is in characters; what is longer ends in "…". Applied to its own result it changes nothing.
    The result may still look like markup: draw it with `inert`, not as a `str`.
    """
    if multiline and "\r\n" in text:
        text = text.replace("\r\n", "\n")
    if not (text.isascii() and text.isprintable()):
        if not text.isascii():
            text = _EMOJI_JOINER.sub("", _PRESENTATION.sub("", text))
        text = _NAMED.sub(_name, text) if multiline else _NAMED_OR_BREAK.sub(_name_or_break, text)
        if not text.isascii():
            text = _bound_marks(text)
    if multiline and "\t" in text:
        text = text.expandtabs(8)
    if limit is not None and len(text) > limit:
        text = text[: max(limit - 1, 0)] + "…"
    return text


def inert(text: str, style: str = "", *, multiline: bool = False, limit: int | None = None) -> Content:
    """A foreign string as content without markup. `style` is ours (such as "$text-muted"), never foreign."""
    return Content.styled(sanitise(text, multiline=multiline, limit=limit), style)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """One sanitised line in exactly `width` cells: padded, or cut with "…"; no wide character is halved."""
    clean = sanitise(text, limit=width * (MAX_MARKS + 1) + 1) if width > 0 else ""
    cells = cell_len(clean)
    if cells > width:
        # a wide character that does not fit whole leaves a blank behind, which is not worth showing
        clean = set_cell_size(clean, width - 1).rstrip() + "…" if width > 0 else ""
        cells = cell_len(clean)
    padding = " " * (width - cells)
    return padding + clean if right else clean + padding
