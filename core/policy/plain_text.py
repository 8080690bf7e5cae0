"""What may stand in the text of a mail: one line, a name, a body. Shared by intake and the forms."""

from __future__ import annotations

import unicodedata

# Characters that change the direction of what follows them, so that a name reads as another.
_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Of these, the ones that an honest name in a right-to-left script never needs.
_OVERRIDES = _DIRECTION - frozenset("\u061c\u200e\u200f")
_JOINERS = frozenset("\u200c\u200d")  # needed by Persian, Hindi and by emoji


def line_fault(text: str) -> str | None:
    """What keeps `text` out of a header (a line break, a control character, a lone surrogate), or None."""
    if text.isascii() and text.isprintable():
        return None
    for character in text:
        category = unicodedata.category(character)
        if character in "\r\n\x0b\x0c\x1c\x1d\x1e\x85" or category in ("Zl", "Zp"):
            what = "a line break"
        elif category == "Cc":
            what = "a control character"
        elif category == "Cs":
            what = "half of a surrogate pair"
        else:
            continue
        return f"has {what} (U+{ord(character):04X})"
    return None


def name_fault(text: str) -> str | None:
    """As `line_fault`, and nothing that turns the direction of writing, as it stands next to an address."""
    return line_fault(text) or _first_of(text, _OVERRIDES, "a character that turns the direction of writing")


def filename_fault(text: str) -> str | None:
    """As `line_fault`, and nothing invisible but joiners: the end of a file's name decides what opens it."""
    if fault := line_fault(text):
        return fault
    invisible = {character for character in text if unicodedata.category(character) == "Cf"} - _JOINERS
    return _first_of(text, invisible, "an invisible or direction-changing character")


def body_fault(text: str) -> str | None:
    """What keeps `text` from being a body: NUL and lone surrogates, which no encoding carries; or None."""
    if "\0" in text:
        return "has a NUL character"
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            return f"has half of a surrogate pair (U+{ord(text[error.start]):04X})"
    return None


def _first_of(text: str, characters: frozenset[str] | set[str], what: str) -> str | None:
    found = next((character for character in text if character in characters), None)
    return None if found is None else f"has {what} (U+{ord(found):04X})"
