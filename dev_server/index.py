"""Reads what a list needs from a message on receipt: a cheap bounded scan, no MIME parsing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from dev_server.charsets import decode_header

# A mail may have 50,000 headers; the ones that matter stand first, and no list shows a subject of a megabyte.
_HEADER_BYTES: Final = 65_536
_VALUE_BYTES: Final = 4_096
_VALUE_CHARS: Final = 998  # RFC 5322, 2.1.1
_PARTS: Final = 200
_PART_HEADER_BYTES: Final = 2_048

_END: Final = re.compile(rb"\r?\n\r?\n")
_FIELD: Final = re.compile(
    rb"^(subject|from|message-id|content-type|content-disposition)[ \t]*:((?:[^\n]|\n(?=[ \t]))*)",
    re.IGNORECASE | re.MULTILINE,
)
_ATTACHED: Final = re.compile(
    rb"^content-disposition[ \t]*:[ \t]*attachment"
    rb"|^content-type[ \t]*:[ \t]*(?:application|audio|video)/(?!pgp-signature|pkcs7-signature|x-pkcs7-signature)"
    rb"|^content-type[ \t]*:[ \t]*message/rfc822"
    rb"|^content-(?:type|disposition)[ \t]*:(?:[^\n]|\n(?=[ \t]))*?\b(?:file)?name\*?(?:0\*?)?=",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class HeaderIndex:
    """The headers that a list shows, decoded, and whether the message seems to carry attachments."""

    subject: str
    from_header: str
    message_id: str
    has_attachments: bool


def scan(raw: bytes) -> HeaderIndex:
    """The index of one raw message. Never raises; reads at most 64 KB of headers and 200 part headers."""
    head = raw[:_HEADER_BYTES]
    end = _END.search(head)
    if head.startswith((b"\r\n", b"\n")):
        head = b""
    elif end is not None:
        head = head[: end.start() + 1]
    fields: dict[bytes, bytes] = {}
    for match in _FIELD.finditer(head):
        fields.setdefault(match[1].lower(), match[2])
    return HeaderIndex(
        subject=_text(fields.get(b"subject", b"")),
        from_header=_text(fields.get(b"from", b"")),
        message_id=_text(fields.get(b"message-id", b"")),
        has_attachments=_seems_attached(raw, head, fields.get(b"content-type", b"")),
    )


def _text(value: bytes) -> str:
    text = decode_header(value[:_VALUE_BYTES])
    return text if len(text) <= _VALUE_CHARS else text[: _VALUE_CHARS - 1] + "…"


def _seems_attached(raw: bytes, head: bytes, content_type: bytes) -> bool:
    if not content_type.strip()[:10].lower().startswith(b"multipart/"):
        return _ATTACHED.search(head) is not None
    # Every line that begins with two hyphens may begin a part, whatever boundary is in force there: this finds the
    # parts of nested multiparts too. A signature's "-- " costs one look.
    position = raw.find(b"\n--", len(head) - 1)
    for _ in range(_PARTS):
        if position < 0:
            return False
        part = raw[position + 3 : position + 3 + _PART_HEADER_BYTES]
        part = part[part.find(b"\n") + 1 :]
        end = _END.search(part)
        if not part.startswith((b"\r\n", b"\n")) and _ATTACHED.search(
            part, 0, end.start() + 1 if end else len(part)
        ):
            return True
        position = raw.find(b"\n--", position + 3)
    return False
