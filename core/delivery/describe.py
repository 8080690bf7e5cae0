"""What the log says was asked: addresses, subject and sizes; never a body, never a secret."""

from __future__ import annotations

import hashlib
from typing import Any

from core.policy.draft import Draft, MailRequest

# How much of an unsound request is kept, so that it can be recognised and can't fill the log.
_MAX_GIVEN = 200  # characters of each text
_MOST_GIVEN = 20  # addresses


def params_of(draft: Draft) -> dict[str, Any]:
    """A draft as `operation_params`."""
    params: dict[str, Any] = {
        role: [mailbox.address for mailbox in mailboxes]
        for role, mailboxes in (("to", draft.to), ("cc", draft.cc), ("bcc", draft.bcc))
        if mailboxes
    }
    params["subject"] = draft.subject
    if draft.sender is not None:
        params["from"] = draft.sender.address
    if draft.reply_to is not None:
        params["reply_to"] = draft.reply_to.address
    if draft.attachments:
        params["attachments"] = [
            {
                "filename": attachment.filename,
                "content_type": attachment.content_type,
                "size_bytes": len(attachment.content),
            }
            for attachment in draft.attachments
        ]
    return params


def params_of_unsound(request: MailRequest) -> dict[str, Any]:
    """A request that never became a draft, as `operation_params`.

    What was given stands apart from what is judged: these strings are nobody's address.
    """
    given = [str(address)[:_MAX_GIVEN] for address in (*request.to, *request.cc, *request.bcc)]
    return {
        "subject": request.subject[:_MAX_GIVEN],
        "given": given[:_MOST_GIVEN],
        "recipients_given": len(request.to) + len(request.cc) + len(request.bcc),
        "attachments_given": len(request.attachments),
    }


def request_hash(request: MailRequest) -> bytes:
    """SHA-256 over everything that was asked: the same key with another hash is another mail."""
    digest = hashlib.sha256()

    def add(part: str | bytes | None) -> None:
        encoded = b"" if part is None else part.encode() if isinstance(part, str) else part
        digest.update((b"-" if part is None else b"+") + len(encoded).to_bytes(8, "big") + encoded)

    for addresses in (request.to, request.cc, request.bcc):
        digest.update(len(addresses).to_bytes(4, "big"))
        for address in addresses:
            add(address)
    for text in (request.subject, request.text, request.html):
        add(text)
    for text in (request.from_email, request.from_name, request.reply_to):
        add(text)
    digest.update(len(request.headers).to_bytes(4, "big"))
    for name, value in request.headers:
        add(name)
        add(value)
    for attachment in request.attachments:
        add(attachment.filename)
        add(attachment.content_type)
        add(attachment.content)
    return digest.digest()
