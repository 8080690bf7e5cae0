"""How large a mail will be, before it is composed: an upper bound, so that a limit errs on its safe side."""

from __future__ import annotations

from core.policy.draft import Draft

# Octets for what every message has: From, Date, Message-ID, MIME headers, boundaries.
_MESSAGE_OVERHEAD = 2_048
_PART_OVERHEAD = 512  # per body and attachment: its boundary and headers
_ADDRESS_OVERHEAD = 8  # comma, line break and indent
_HEADER_OVERHEAD = 16

# Encoded words and RFC 2231 parameters take at most this many octets for one of UTF-8, folding included.
_HEADER_FACTOR = 4

# What stands as it is in quoted-printable (RFC 2045 6.7), the line feed aside.
_LITERAL = bytes(octet for octet in range(32, 127) if octet != ord("="))


def estimate_size(draft: Draft) -> int:
    """The most octets that the finished message of `draft` may have (`draft.size_bytes` is not looked at).

    Attachments count as base64 in lines of 76, bodies as the longer of base64 and quoted-printable, header
    texts with every character encoded; Bcc stands in no header. The true size is known once the message is
    composed: about the same for attachments, a quarter less for plain ASCII text.
    """
    total = _MESSAGE_OVERHEAD
    for mailbox in (*draft.to, *draft.cc, draft.sender, draft.reply_to):
        if mailbox is not None:
            total += len(mailbox.address.encode()) + _ADDRESS_OVERHEAD
    total += _encoded(draft.subject) + _encoded(draft.sender_name or "")
    for name, value in draft.headers:
        total += len(name) + _encoded(value) + _HEADER_OVERHEAD
    for body in (draft.text, draft.html):
        if body is not None:
            total += _body(body.encode()) + _PART_OVERHEAD
    for attachment in draft.attachments:
        total += _file(attachment.content) + _PART_OVERHEAD
        # The name stands in Content-Type and in Content-Disposition.
        total += 2 * _encoded(attachment.filename) + len(attachment.content_type)
    return total


def _encoded(text: str) -> int:
    return _HEADER_FACTOR * len(text.encode())


def _file(content: bytes) -> int:
    # message/rfc822 is not encoded (RFC 2046 5.2.1), but its line ends become CRLF.
    return max(_base64(len(content)), len(content) + content.count(b"\n") + content.count(b"\r"))


def _base64(octets: int) -> int:
    characters = (octets + 2) // 3 * 4
    return characters + 2 * (characters // 76 + 1)


def _body(content: bytes) -> int:
    # Each line end becomes CRLF; quoted-printable breaks lines after 75 octets, with 3 octets for each break.
    line_ends = content.count(b"\n") + content.count(b"\r")
    special = len(content.translate(None, _LITERAL))
    blanks = content.count(b" \n") + content.count(b" \r") + 1
    quoted = len(content) + 2 * (special + blanks) + line_ends
    quoted += 3 * (quoted // 73 + 1)
    return max(quoted, _base64(len(content) + line_ends))
