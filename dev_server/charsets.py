"""Turns bytes of any claimed charset into text: never raises, never loads a codec that mail could abuse."""

from __future__ import annotations

import binascii
import encodings.aliases
import re
from functools import cache
from typing import Final
from urllib.parse import unquote_to_bytes

# Codecs that are no charset, or take quadratic time (idna, punycode), or run escapes. Asking `codecs.lookup` for
# a name from a mail would also import modules by that name and cache every unknown one for good; so only the
# standard library's own names are looked up, and only those that are not here.
_NOT_CHARSETS: Final = frozenset(
    (
        *("idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem", "palmos"),
        *("base64_codec", "bz2_codec", "hex_codec", "quopri_codec", "rot_13", "uu_codec", "zlib_codec"),
    )
)
_ALIASES: Final = {
    **encodings.aliases.aliases,
    "x_sjis": "shift_jis",
    "windows_31j": "cp932",
    "x_gbk": "gbk",
    "x_euc_jp": "euc_jp",
    "iso_8859_8_i": "iso8859_8",
    "iso_8859_8_e": "iso8859_8",
    "unicode_1_1_utf_7": "utf_7",
}
_KNOWN: Final = frozenset(_ALIASES.values()) | {"cp874", "koi8_u", "koi8_t", "utf_8_sig", "cp720", "cp1006"}
_CLEAN: Final = re.compile(r"[^a-z0-9]+")
_ENCODED_WORD: Final = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?\s]*)\?=")
# ASCII supersets that senders mean by names that say less.
_WIDENED: Final = {"ascii": "utf_8", "latin_1": "cp1252", "iso8859_1": "cp1252"}


@cache
def _known_codecs() -> dict[str, str]:
    """Normalised charset name -> codec of the standard library."""
    table = {_CLEAN.sub("_", alias): codec for alias, codec in _ALIASES.items()}
    table.update({_CLEAN.sub("_", codec): codec for codec in _KNOWN})
    table.update({_CLEAN.sub("_", codec).replace("_", ""): codec for codec in _KNOWN})
    return {name: codec for name, codec in table.items() if codec not in _NOT_CHARSETS}


def codec_for(charset: str) -> str | None:
    """The codec for a charset's name as mail has it, or None where there is none."""
    name = _CLEAN.sub("_", charset[:80].lower()).strip("_")
    table = _known_codecs()
    return table.get(name) or table.get(name.replace("_", ""))


def decode_guessing(data: bytes) -> str:
    """Text of bytes that name no charset: UTF-8 if it is that, else Windows-1252 with nothing refused."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def decode(data: bytes, charset: str | None) -> tuple[str, str | None]:
    """Text of `data`, and a sentence when the charset was unknown or the bytes did not fit it.

    Never raises. Lone surrogates do not come out, so the text can be stored and written anywhere.
    """
    if not charset:
        return decode_guessing(data), None
    codec = codec_for(charset)
    if codec is None:
        return decode_guessing(data), f"The charset {charset[:60]!r} is unknown; the text is a guess."
    codec = _WIDENED.get(codec, codec)
    try:
        return _without_surrogates(data.decode(codec)), None
    except (UnicodeError, ValueError):
        pass
    try:
        text = data.decode(codec, "replace")
    except (UnicodeError, ValueError):
        text = decode_guessing(data)
    return _without_surrogates(text), f"Some bytes are not valid {charset[:60]!r}; they are shown as \ufffd."


def _without_surrogates(text: str) -> str:
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def decode_header(data: bytes) -> str:
    """A header's value as text: unfolded, with its encoded words decoded (RFC 2047, RFC 6532). Never raises."""
    text = data.decode("ascii") if data.isascii() else decode_guessing(data)
    text = unfold(text)
    return decode_words(text) if "=?" in text else text


def unfold(text: str) -> str:
    """A folded header on one line (RFC 5322, 2.2.3)."""
    if "\n" in text or "\r" in text:
        text = text.replace("\r\n", "\n").replace("\n", "").replace("\r", " ")
    return text.strip(" \t")


def decode_words(text: str) -> str:
    """Decodes encoded words, also those inside quotes, as most mail programs do (RFC 2047, 6.2).

    Blanks between two adjacent words vanish, and words of one charset are joined before they are decoded, since
    many senders split in the middle of a character. Linear in the length of the text.
    """
    out: list[str] = []
    pending = b""
    pending_charset = ""
    end = 0
    for match in _ENCODED_WORD.finditer(text):
        between = text[end : match.start()]
        charset, encoding, payload = match[1].partition("*")[0].lower(), match[2], match[3]
        data = _word_bytes(encoding, payload)
        if end == 0 or between.strip(" \t") or charset != pending_charset:
            out.append(decode(pending, pending_charset)[0] if pending else "")
            pending = b""
            if end == 0 or between.strip(" \t"):
                out.append(between)
        pending += data
        pending_charset = charset
        end = match.end()
    if end == 0:
        return text
    out.append(decode(pending, pending_charset)[0])
    out.append(text[end:])
    return "".join(out)


def _word_bytes(encoding: str, payload: str) -> bytes:
    raw = payload.encode("utf-8", "replace")
    if encoding in "bB":
        return decode_base64(raw)[0]
    return binascii.a2b_qp(raw, header=True)


_NOT_BASE64: Final = bytes(
    set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
)


def decode_base64(data: bytes) -> tuple[bytes, bool]:
    """Base64 with everything else in it ignored, and whether it was whole. Never raises."""
    kept = data.translate(None, _NOT_BASE64)
    rest = len(kept) % 4
    whole = rest != 1
    if rest == 1:
        kept = kept[:-1]
    elif rest:
        kept += b"=" * (4 - rest)
    return binascii.a2b_base64(kept), whole


def decode_percent(text: str) -> bytes:
    """Bytes of a percent-encoded parameter value (RFC 2231)."""
    return unquote_to_bytes(text)
