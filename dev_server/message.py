"""What the capture server hands around: a message that arrived, and the row of one that was kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One message as a session handed it over, not stored yet.

    `raw` is what stood between DATA and the final dot, without the dots of transparency (RFC 5321, 4.5.2), and
    otherwise byte for byte. `sender` and `recipients` are the envelope as it stood on the wire; the null sender
    is "".
    """

    raw: bytes
    sender: str
    recipients: tuple[str, ...]
    received_at: datetime
    peer: str = ""
    tls: str | None = None
    auth_user: str | None = None
    helo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturedMessage:
    """One captured message without its body: what a list shows.

    `id` grows with every message of a store and is never used twice. `recipients` is the envelope, so Bcc is
    among them. `subject`, `from_header` and `message_id` come from a bounded scan of the first header lines,
    decoded as far as possible; they are foreign text, to be made inert before a terminal shows them.
    `has_attachments` is a good guess made on receipt; `parse_view` knows for sure. `tls` is None or the
    version's name (such as "TLSv1.3").
    """

    id: int
    received_at: datetime
    sender: str
    recipients: tuple[str, ...]
    subject: str
    from_header: str
    message_id: str
    size_bytes: int
    has_attachments: bool
    peer: str
    tls: str | None
    auth_user: str | None
    helo: str
