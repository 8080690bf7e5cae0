"""The `.eml` files: a mail as an agent asks for it, written the way mail is written."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Mapping
from email.message import EmailMessage
from importlib.resources.abc import Traversable

from core.policy.draft import AttachmentRequest
from sample_data.values import SampleDataError, SampleMessage


def read_messages(folder: Traversable) -> Mapping[str, SampleMessage]:
    """Every `.eml` file of the folder by its name. Raises SampleDataError."""
    if not folder.is_dir():
        raise SampleDataError(f"{folder.name}: the folder with the .eml files is missing")
    found = sorted(
        (item for item in folder.iterdir() if item.name.endswith(".eml")), key=lambda item: item.name
    )
    return {item.name: _read(item.name, item.read_bytes()) for item in found}


def _read(name: str, content: bytes) -> SampleMessage:
    # The policy below makes the parser take UTF-8 in headers as it stands, so that people can edit it.
    parsed = email.message_from_bytes(content, policy=email.policy.default)
    defects = [defect for part in parsed.walk() for defect in part.defects]
    if defects:
        raise SampleDataError(f"messages/{name}: not a sound message: {defects[0]!r}")
    if not parsed["Subject"]:
        raise SampleDataError(f"messages/{name}: the Subject header is missing")
    text, html = _body(parsed, "plain"), _body(parsed, "html")
    if text is None and html is None:
        raise SampleDataError(f"messages/{name}: there is neither a text/plain nor a text/html part")
    return SampleMessage(
        name=name,
        subject=str(parsed["Subject"]),
        text=text,
        html=html,
        from_email=next(iter(_addresses(parsed, "From")), None),
        from_name=_display_name(parsed),
        reply_to=next(iter(_addresses(parsed, "Reply-To")), None),
        cc=_addresses(parsed, "Cc"),
        bcc=_addresses(parsed, "Bcc"),
        attachments=tuple(_attachment(name, part) for part in parsed.iter_attachments()),
    )


def _body(parsed: EmailMessage, kind: str) -> str | None:
    part = parsed.get_body((kind,))
    return None if part is None else str(part.get_content())


def _addresses(parsed: EmailMessage, header: str) -> tuple[str, ...]:
    value = parsed[header]
    return () if value is None else tuple(address.addr_spec for address in value.addresses)


def _display_name(parsed: EmailMessage) -> str | None:
    value = parsed["From"]
    return None if value is None or not value.addresses else value.addresses[0].display_name or None


def _attachment(name: str, part: EmailMessage) -> AttachmentRequest:
    filename = part.get_filename()
    if not filename:
        raise SampleDataError(f"messages/{name}: an attachment has no filename")
    content = part.get_payload(decode=True)
    return AttachmentRequest(
        filename=filename,
        content=content if isinstance(content, bytes) else b"",
        content_type=part.get_content_type(),
    )
