"""What an agent asks to send: `MailRequest` as it arrives, `Draft` once every part of it is sound."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.policy.address import Mailbox


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentRequest:
    """A file to attach, as it arrives."""

    filename: str
    content: bytes = field(repr=False)
    content_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRequest:
    """A mail as an agent asks for it: untrusted strings, nothing checked."""

    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    subject: str = ""
    text: str | None = None
    html: str | None = None
    from_email: str | None = None  # None: the configuration's
    from_name: str | None = None
    reply_to: str | None = None
    headers: tuple[tuple[str, str], ...] = ()  # further headers, few names allowed
    attachments: tuple[AttachmentRequest, ...] = ()
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file to attach: name and type are safe to stand in a header."""

    filename: str
    content_type: str  # "maintype/subtype", lower case
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What an agent asks to send, validated but not yet judged. `to`, `cc` and `bcc` share no address."""

    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...] = ()
    bcc: tuple[Mailbox, ...] = ()
    subject: str = ""
    text: str | None = None
    html: str | None = None
    sender: Mailbox | None = None  # a From of the agent's own; None: the configuration's
    sender_name: str | None = None
    reply_to: Mailbox | None = None
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    idempotency_key: str | None = None
    size_bytes: int = 0  # an estimate of the finished message: bodies and attachments as they will be encoded

    @property
    def recipients(self) -> tuple[Mailbox, ...]:
        """The envelope: To, Cc and Bcc alike, each address once."""
        return self.to + self.cc + self.bcc

    @property
    def has_custom_sender(self) -> bool:
        """Whether From, its name or Reply-To are the agent's own instead of the configuration's."""
        return self.sender is not None or self.sender_name is not None or self.reply_to is not None
