"""Writing header fields: folded, encoded where needed, and unable to become other fields than they are.

Own code instead of `email.message.EmailMessage`: that costs more than sending the mail, and CPython 3.11 and
3.12 turn an encoded word in a subject into further header fields when they write it.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Sequence
from urllib.parse import quote

from core.errors import FieldProblem, InvalidInput

MAX_LINE: int = 998  # octets without CRLF (RFC 5322 2.1.1)
_FOLD_AT = 76  # RFC 2047 2: a line with an encoded word has at most 76 characters
_OCTETS_PER_WORD = 45  # give 72 characters: RFC 2047 2 allows 75
_MAX_NAME = 50
_LONGEST_WORD = 900  # what is longer is encoded, so that no line comes near the limit
_LONGEST_FILENAME_VALUE = 60

_NAME = re.compile(r"[!-9;-~]+")  # RFC 5322 2.2: printable ASCII without the colon
_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_BREAKING = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_PLAIN_FILENAME = re.compile(r"[A-Za-z0-9 ._+,@()-]{1,60}")
# RFC 2231 7: what may stand unencoded in an extended parameter value.
_ATTRIBUTE_CHARACTERS = "!#$&+-.^_`{|}~"


class HeaderBlock:
    """The header of one message or part. `render()` refuses to return other fields than those added."""

    __slots__ = ("_lines", "_names")

    def __init__(self) -> None:
        self._names: list[str] = []
        self._lines: list[str] = []

    def add(self, name: str, words: Sequence[str]) -> None:
        """Add a field made of words that are ready for the wire; it is folded between them."""
        self._names.append(name)
        line = f"{name}: {words[0]}"
        for word in words[1:]:
            if len(line) + 1 + len(word) > _FOLD_AT:
                self._lines.append(line)
                line = " " + word
            else:
                line = f"{line} {word}"
        self._lines.append(line)

    def add_text(self, name: str, value: str) -> None:
        """Add an unstructured field (RFC 5322 2.2.1). Raises InvalidInput for what could break out of it."""
        if len(name) > _MAX_NAME or not _NAME.fullmatch(name):
            raise refused("headers", f"{name[:_MAX_NAME]!r} is not the name of a header field")
        refuse_breaks(name, value)
        self.add(name, text_words(value, len(name) + 2))

    def render(self) -> bytes:
        """The block with the empty line after it, verified line by line against the names that were added."""
        block = "\r\n".join(self._lines).encode()
        found = []
        for line in block.split(b"\r\n"):
            if b"\r" in line or b"\n" in line or len(line) > MAX_LINE or not line.strip():
                raise refused("headers", "the header has a line that no mail may have")
            if line[:1] not in b" \t":
                found.append(line.partition(b":")[0].decode("utf-8", "replace"))
        if found != self._names or len({name.lower() for name in found}) != len(found):
            raise refused(
                "headers", "the header would not have exactly the fields that it was given, each once"
            )
        return block + b"\r\n\r\n"


def refused(field: str, message: str) -> InvalidInput:
    """The error for a message that must not be composed. The intake refuses the same, earlier and better."""
    return InvalidInput((FieldProblem(field, message, "Remove it; nothing was composed or sent."),))


def refuse_breaks(field: str, value: str) -> None:
    """Raise InvalidInput if `value` has a line break, a control character or half a character."""
    found = _BREAKING.search(value)
    if found:
        raise refused(field.lower(), f"has a line break or control character (U+{ord(found[0]):04X})")


def text_words(value: str, used: int) -> list[str]:
    """An unstructured value as words: as it is where that is unmistakable, else encoded (RFC 2047)."""
    if "=?" not in value and _PLAIN.fullmatch(value):
        words = value.split(" ")
        if max(map(len, words)) <= _LONGEST_WORD:
            return words
    return encoded_words(value, used)


def phrase_words(value: str, used: int) -> list[str]:
    """A display name (RFC 5322 3.2.5): atoms, a quoted string or encoded words.

    A name that looks like an encoded word is encoded: `email.headerregistry` would decode it even in quotes.
    """
    if "=?" not in value and value.isascii() and len(value) <= _LONGEST_FILENAME_VALUE:
        if _ATOMS.fullmatch(value):
            return value.split(" ")
        return ['"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"']
    return encoded_words(value, used)


def encoded_words(value: str, used: int) -> list[str]:
    """`value` as encoded words in UTF-8 and base64, none splitting a character; `used` columns are taken."""
    words: list[str] = []
    chunk = bytearray()
    room = min(_OCTETS_PER_WORD, (_FOLD_AT - used - len(_encoded_word(b""))) // 4 * 3)
    for character in value:
        octets = character.encode()
        if len(chunk) + len(octets) > room:
            words.append(_encoded_word(chunk))
            chunk.clear()
            room = _OCTETS_PER_WORD
        chunk += octets
    words.append(_encoded_word(chunk))
    return words


def filename_words(filename: str) -> list[str]:
    """The parameters that name a file (RFC 2183): quoted if plain, else encoded in pieces (RFC 2231)."""
    refuse_breaks("filename", filename)
    if _PLAIN_FILENAME.fullmatch(filename):
        return [f'filename="{filename}"']
    encoded = quote(filename, safe=_ATTRIBUTE_CHARACTERS)
    if len(encoded) <= _LONGEST_FILENAME_VALUE:
        return [f"filename*=utf-8''{encoded}"]
    # No piece ends inside a character: some readers, `email.headerregistry` too, decode them one by one.
    pieces = [""]
    for character in filename:
        octets = quote(character, safe=_ATTRIBUTE_CHARACTERS)
        if len(pieces[-1]) + len(octets) > _LONGEST_FILENAME_VALUE:
            pieces.append("")
        pieces[-1] += octets
    words = [f"filename*{number}*={piece};" for number, piece in enumerate(pieces)]
    words[0] = f"filename*0*=utf-8''{pieces[0]};"
    words[-1] = words[-1].removesuffix(";")
    return words


def _encoded_word(octets: bytes | bytearray) -> str:
    return f"=?utf-8?B?{b2a_base64(octets, newline=False).decode('ascii')}?="
