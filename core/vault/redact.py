"""Taking secrets out of text that others wrote: a server's replies, a driver's errors.

A server may echo what it was sent in any dress. A secret is found as it is, in capitals and small letters, in
hexadecimal, percent-encoding, escapes of JSON, Python and HTML, with its letters wrongly decoded, and in
base64: by itself, as AUTH PLAIN's NUL user NUL password (RFC 4616), or anywhere within something longer.
"""

from __future__ import annotations

import base64
import contextlib
import html
import json
import re
import string
import unicodedata
import urllib.parse
from collections.abc import Iterable, Iterator
from typing import Final, NoReturn

from core.vault.secret import MASK, Secret

# Unlike lower(), this keeps every position where it is.
_LOWER: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_STANDARD: Final = str.maketrans("-_", "+/")
_BASE64_RUN: Final = re.compile(r"[A-Za-z0-9+/_-]{2,}={0,2}")
_CRAM_RESPONSE: Final = re.compile(rb"[^\x00-\x1f]+ [0-9a-f]{32}")
_SHORTEST_CORE: Final = 4  # characters; fewer would also be found in ordinary words


class Redactor:
    """Replaces every trace of the given secrets by the mask. Made once per connection, used on every reply.

    `username` is not a secret, but lets CRAM-MD5's answer (RFC 2195: user, blank, 32 digits) be recognised
    without knowing the challenge. A digest that is known is given as one more secret. Empty secrets are
    ignored. Redact before cutting a text to length: half a secret is not recognised. The time is linear in
    the text's length.
    """

    __slots__ = ("_cores", "_count", "_forms", "_raw", "_username")

    def __init__(self, secrets: Iterable[Secret], *, username: str | None = None) -> None:
        values = {secret.reveal() for secret in secrets if secret}
        raw = {form for value in values for form in _as_bytes(value)}
        self._count = len(values)
        self._raw = tuple(raw)
        self._cores = tuple({core for value in raw for core in _base64_cores(value)})
        self._forms = tuple(sorted({form.translate(_LOWER) for value in values for form in _forms(value)}))
        self._username = username.translate(_LOWER) if username else None

    def redact(self, text: str) -> str:
        """The text with each trace, and traces that touch or overlap together, replaced by the mask."""
        spans = sorted(self._find(text))
        if not spans:
            return text
        parts: list[str] = []
        end = -1  # of what is hidden so far
        shown_from = 0
        for first, last in spans:
            if first > end:
                parts += (text[shown_from:first], MASK)
            end = max(end, last)
            shown_from = end
        parts.append(text[shown_from:])
        return "".join(parts)

    def _find(self, text: str) -> Iterator[tuple[int, int]]:
        lowered = text.translate(_LOWER)
        for form in self._forms:
            at = lowered.find(form)
            while at >= 0:
                yield at, at + len(form)
                at = lowered.find(form, at + 1)  # not after it: a secret may overlap itself
        for run in _BASE64_RUN.finditer(text):
            if self._is_telling(run[0]):
                yield run.span()
        if self._username:
            at = lowered.find(self._username)
            while at >= 0:
                end = at + len(self._username) + 33
                if re.fullmatch(r"\s[0-9a-f]{32}", lowered[end - 33 : end]):
                    yield at, end
                at = lowered.find(self._username, at + 1)

    def _is_telling(self, run: str) -> bool:
        digits = run.rstrip("=").translate(_STANDARD)
        if any(core in digits for core in self._cores):
            return True
        if len(digits) % 4 == 1:
            return False  # no base64 has this length
        content = base64.b64decode(digits + "=" * (-len(digits) % 4))
        return _CRAM_RESPONSE.fullmatch(content) is not None or any(
            content == value or content.endswith(b"\x00" + value) for value in self._raw
        )

    def __repr__(self) -> str:
        return f"Redactor({self._count} secrets)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Redactor is not to be pickled or copied")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a Redactor is not to be pickled or copied")


def redact(text: str, secrets: Iterable[Secret], *, username: str | None = None) -> str:
    """The text with every trace of the secrets replaced by the mask. For many texts keep a `Redactor`."""
    return Redactor(secrets, username=username).redact(text)


def _spellings(value: str) -> set[str]:
    """The value, and as a server that prepares strings (RFC 4013, RFC 8265) would write it."""
    return {value, unicodedata.normalize("NFC", value), unicodedata.normalize("NFKC", value)}


def _as_bytes(value: str) -> set[bytes]:
    found = {spelling.encode("utf-8", "surrogatepass") for spelling in _spellings(value)}
    with contextlib.suppress(UnicodeEncodeError):  # a secret outside Latin-1 can't have been sent in it
        found.add(value.encode("latin-1"))
    return found


def _forms(value: str) -> Iterator[str]:
    """Every way to write the secret that stands for itself wherever it is found."""
    for spelling in _spellings(value):
        yield spelling
        yield spelling.upper()
        yield spelling.lower()
        yield repr(spelling)[1:-1]
        yield json.dumps(spelling)[1:-1]
        yield json.dumps(spelling, ensure_ascii=False)[1:-1]
        yield html.escape(spelling)
    for raw in _as_bytes(value):
        yield repr(raw)[2:-1]
        yield raw.decode("latin-1")
        for errors in ("surrogateescape", "backslashreplace", "replace"):
            yield raw.decode("ascii", errors)
        for separator in ("", " ", ":", "-"):
            yield raw.hex(separator) if separator else raw.hex()
        yield "".join(f"%{byte:02x}" for byte in raw)
        yield urllib.parse.quote(raw, safe="")
        yield urllib.parse.quote(raw)
        yield urllib.parse.quote_plus(raw)


def _base64_cores(value: bytes) -> Iterator[str]:
    """The digits that the value gives in base64 whatever stands around it, for each of three alignments."""
    for before in range(3):
        digits = base64.b64encode(bytes(before) + value).rstrip(b"=").decode()
        first = -(-before * 8 // 6)  # digits before this one hold bits of what stands before
        last = (before + len(value)) * 8 // 6  # from here on they hold bits of what follows
        core = digits[first:last]
        if len(core) >= _SHORTEST_CORE:
            yield core
