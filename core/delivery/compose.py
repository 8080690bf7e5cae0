"""From a draft to the finished message: bytes that are fixed once and leave as they are.

Bodies and attachments are encoded so that the content is ASCII with CRLF line ends and lines within the limit
of RFC 5322, whatever the server offers. Only a non-ASCII local part brings UTF-8 into the header (RFC 6532),
and with it the need for SMTPUTF8. Leading dots (RFC 5321 4.5.2) are the transport's matter.
"""

from __future__ import annotations

import re
import secrets
from binascii import b2a_base64, b2a_qp
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from core.delivery.headers import MAX_LINE, HeaderBlock, filename_words, phrase_words, refuse_breaks, refused
from core.delivery.transport import Envelope
from core.delivery.wire_address import is_wire_address
from core.policy.address import Mailbox, parse_mailbox
from core.policy.draft import Attachment, Draft

# Written by `compose` itself, and those that are not an author's to write.
_OWN_FIELDS = frozenset(
    ["from", "sender", "to", "cc", "bcc", "reply-to", "subject", "date", "message-id", "mime-version"]
)
_TRACE_FIELDS = frozenset(
    ["return-path", "received", "delivered-to", "dkim-signature", "authentication-results"]
)
_FORBIDDEN_FIELDS = _OWN_FIELDS | _TRACE_FIELDS
_FORBIDDEN_PREFIXES = ("content-", "resent-", "arc-")

_SEVEN_BIT = bytes([*b"\t\r\n", *range(0x20, 0x7F)])
# What quoted-printable quotes: everything but printable ASCII without "=", tab and line breaks.
_QUOTED = bytes(code for code in range(256) if code == 0x3D or code not in _SEVEN_BIT)
_CONTENT_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_DOMAIN = re.compile(r"[A-Za-z0-9._-]{1,255}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderDefaults:
    """As whom a configuration sends, where the draft does not say otherwise."""

    from_email: Mailbox | str
    from_name: str | None = None
    reply_to_email: Mailbox | str | None = None


def compose(
    draft: Draft, defaults: SenderDefaults, *, now: datetime, message_id_domain: str | None = None
) -> Envelope:
    """The finished message of a draft, with a fresh Message-ID and the date `now` (aware).

    The configuration's name goes with the configuration's address only: a draft with its own sender has the
    name that it brings, or none. `message_id_domain` is the domain of From unless it is given. Encoding takes
    some 10 ms per MB of attachments: a caller with an event loop composes large drafts in a thread.
    Raises InvalidInput if any part of the draft could break out of its header field.
    """
    sender = _mailbox(draft.sender or defaults.from_email)
    name = draft.sender_name or (defaults.from_name if draft.sender is None else None)
    reply_to = draft.reply_to or defaults.reply_to_email
    domain = message_id_domain or sender.domain
    if not _DOMAIN.fullmatch(domain):
        raise refused("message_id_domain", f"{domain[:80]!r} is not a domain in ASCII")
    message_id = f"<{secrets.token_hex(16)}@{domain}>"

    header = HeaderBlock()
    header.add("Date", [format_datetime(now.astimezone(UTC))])
    header.add("From", _from_words(sender, name))
    if draft.to:
        header.add("To", _list_words(draft.to))
    elif not draft.cc:
        header.add(
            "To", ["undisclosed-recipients:;"]
        )  # Bcc alone: without any destination field it smells of spam
    if draft.cc:
        header.add("Cc", _list_words(draft.cc))
    if reply_to is not None:
        header.add("Reply-To", [_address(_mailbox(reply_to))])
    if draft.subject:
        header.add_text("Subject", draft.subject)
    header.add("Message-ID", [message_id])
    for field_name, value in draft.headers:
        lowered = field_name.lower()
        if lowered in _FORBIDDEN_FIELDS or lowered.startswith(_FORBIDDEN_PREFIXES):
            raise refused("headers", f"{field_name[:50]!r} is not a field that a draft may bring")
        if value:
            header.add_text(field_name, value)
    header.add("MIME-Version", ["1.0"])
    return Envelope(
        sender=_address(sender),
        recipients=tuple(dict.fromkeys(_address(mailbox) for mailbox in draft.recipients)),
        message_id=message_id,
        content=_content(header, draft),
    )


def _content(header: HeaderBlock, draft: Draft) -> bytes:
    """The message under `header`: one text, an alternative of both, or either with attachments behind it."""
    if not draft.attachments:
        return _body(header, draft)
    parts = []
    if draft.text is not None or draft.html is not None:
        parts.append(_body(HeaderBlock(), draft))
    parts.extend(_attachment(attachment) for attachment in draft.attachments)
    return _multipart(header, "mixed", parts)


def _body(header: HeaderBlock, draft: Draft) -> bytes:
    if draft.html is None:
        return _text(header, "plain", draft.text or "")
    if draft.text is None:
        return _text(header, "html", draft.html)
    # Last is best (RFC 2046 5.1.4).
    parts = [_text(HeaderBlock(), "plain", draft.text), _text(HeaderBlock(), "html", draft.html)]
    return _multipart(header, "alternative", parts)


def _text(header: HeaderBlock, subtype: str, text: str) -> bytes:
    """A text part in UTF-8. Line breaks of any kind become CRLF, and the last line gets one."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text and not text.endswith("\n"):
        text += "\n"
    canonical = text.replace("\n", "\r\n")
    try:
        octets = canonical.encode()
    except UnicodeEncodeError:
        raise refused("html" if subtype == "html" else "text", "has half of a surrogate pair") from None
    if not octets.translate(None, _SEVEN_BIT) and max(map(len, octets.split(b"\r\n"))) <= MAX_LINE:
        encoding, body, charset = "7bit", octets, "us-ascii"
    else:
        # Quoted-printable costs two octets for each that it quotes, base64 a third of all.
        if (len(octets) - len(octets.translate(None, _QUOTED))) * 6 <= len(octets):
            # Fed with LF, b2a_qp breaks lines with LF only: its output is converted as a whole.
            encoding, body = (
                "quoted-printable",
                b2a_qp(octets.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n"),
            )
        else:
            encoding, body = "base64", _base64(octets)
        charset = "utf-8"
    header.add("Content-Type", [f"text/{subtype};", f"charset={charset}"])
    header.add("Content-Transfer-Encoding", [encoding])
    return header.render() + body


def _attachment(attachment: Attachment) -> bytes:
    content_type = attachment.content_type
    if not _CONTENT_TYPE.fullmatch(content_type):
        raise refused("attachments", f"{content_type[:80]!r} is not a content type")
    if content_type.startswith(("message/", "multipart/")):
        # RFC 2046 5.2.1 forbids base64 for these; and here a mail in a mail is a file, not to be opened.
        content_type = "application/octet-stream"
    header = HeaderBlock()
    header.add("Content-Type", [content_type])
    header.add("Content-Disposition", ["attachment;", *filename_words(attachment.filename)])
    header.add("Content-Transfer-Encoding", ["base64"])
    return header.render() + _base64(attachment.content)


def _multipart(header: HeaderBlock, subtype: str, parts: Sequence[bytes]) -> bytes:
    # "=_" stands in neither quoted-printable nor base64, and nobody guesses the rest: no part can contain it.
    boundary = f"=_{secrets.token_hex(16)}"
    header.add("Content-Type", [f"multipart/{subtype};", f'boundary="{boundary}"'])
    delimiter = f"--{boundary}".encode()
    pieces = [header.render()]
    for part in parts:
        pieces += [delimiter, b"\r\n", part, b"\r\n"]
    pieces += [delimiter, b"--\r\n"]
    return b"".join(pieces)


def _base64(octets: bytes) -> bytes:
    """`octets` in base64 with lines of 76 (RFC 2045 6.8)."""
    encoded = b2a_base64(octets, newline=False)
    return b"\r\n".join([encoded[start : start + 76] for start in range(0, len(encoded), 76)]) + b"\r\n"


def _from_words(sender: Mailbox, name: str | None) -> list[str]:
    if not name:
        return [_address(sender)]
    refuse_breaks("from_name", name)
    return [*phrase_words(name, len("From: ")), f"<{_address(sender)}>"]


def _list_words(mailboxes: Sequence[Mailbox]) -> list[str]:
    words = [f"{_address(mailbox)}," for mailbox in mailboxes]
    words[-1] = words[-1].removesuffix(",")
    return words


def _address(mailbox: Mailbox) -> str:
    """The address as it stands in headers and envelope. A `Mailbox` is sound; this stops a forged one."""
    address = mailbox.address
    if not is_wire_address(address):
        raise refused("address", f"{address[:80]!r} can't stand in a header")
    return address


def _mailbox(value: Mailbox | str) -> Mailbox:
    return parse_mailbox(value) if isinstance(value, str) else value
