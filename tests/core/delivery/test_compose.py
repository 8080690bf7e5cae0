"""What leaves is what was drafted: each part where it belongs, and nothing that was not written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from core.delivery.compose import SenderDefaults, compose
from core.delivery.transport import Envelope
from core.errors import InvalidInput
from core.policy.address import Mailbox, parse_mailbox
from core.policy.draft import Attachment, Draft

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
DEFAULTS = SenderDefaults(from_email="office@home.test", from_name="The Office")


def mailboxes(*addresses: str) -> tuple[Mailbox, ...]:
    return tuple(parse_mailbox(address) for address in addresses)


def draft(**changes: Any) -> Draft:
    return replace(Draft(to=mailboxes("a@ok.test"), subject="Hello", text="Hi\n"), **changes)


def composed(defaults: SenderDefaults = DEFAULTS, **changes: Any) -> Envelope:
    return compose(draft(**changes), defaults, now=NOW)


def parsed(envelope: Envelope) -> EmailMessage:
    message = message_from_bytes(envelope.content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not [part.defects for part in message.walk() if part.defects]
    return message


def lines_of(envelope: Envelope) -> list[bytes]:
    return envelope.content.split(b"\r\n")


# The header


def test_a_plain_mail_looks_as_a_person_would_write_it() -> None:
    envelope = composed(to=mailboxes("a@ok.test", "b@ok.test"), cc=mailboxes("c@ok.test"))
    domain = envelope.message_id.partition("@")[2]
    assert domain == "home.test>"
    assert envelope.content.decode() == (
        "Date: Wed, 04 Mar 2026 05:06:07 +0000\r\n"
        "From: The Office <office@home.test>\r\n"
        "To: a@ok.test, b@ok.test\r\n"
        "Cc: c@ok.test\r\n"
        "Subject: Hello\r\n"
        f"Message-ID: {envelope.message_id}\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=us-ascii\r\n"
        "Content-Transfer-Encoding: 7bit\r\n"
        "\r\n"
        "Hi\r\n"
    )


def test_the_envelope_has_every_recipient_once_in_order_and_the_header_no_bcc() -> None:
    envelope = composed(
        to=mailboxes("a@ok.test"), cc=mailboxes("b@ok.test"), bcc=mailboxes("hidden@secret.test", "a@ok.test")
    )
    assert envelope.sender == "office@home.test"
    assert envelope.recipients == ("a@ok.test", "b@ok.test", "hidden@secret.test")
    assert b"hidden" not in envelope.content
    assert b"bcc" not in envelope.content.lower()


def test_a_mail_to_bcc_alone_names_nobody() -> None:
    envelope = composed(to=(), bcc=mailboxes("hidden@secret.test"))
    assert b"To: undisclosed-recipients:;\r\n" in envelope.content
    assert parsed(envelope)["To"].addresses == ()


def test_the_date_is_utc_wherever_now_was_read() -> None:
    now = datetime(2026, 3, 4, 5, 6, 7, tzinfo=timezone(timedelta(hours=5)))
    assert b"Date: Wed, 04 Mar 2026 00:06:07 +0000\r\n" in compose(draft(), DEFAULTS, now=now).content


def test_every_message_id_is_new_and_can_be_given_its_domain() -> None:
    ids = {composed().message_id for _ in range(100)}
    assert len(ids) == 100
    assert all(len(message_id.partition("@")[0]) >= 32 for message_id in ids)
    other = compose(draft(), DEFAULTS, now=NOW, message_id_domain="ids.home.test")
    assert other.message_id.endswith("@ids.home.test>")
    with pytest.raises(InvalidInput):
        compose(draft(), DEFAULTS, now=NOW, message_id_domain="x.test>\r\nBcc: a@evil.test")


def test_the_configurations_name_goes_with_its_address_only() -> None:
    own = parse_mailbox("agent@other.test")
    assert parsed(composed())["From"] == "The Office <office@home.test>"
    assert parsed(composed(sender=own))["From"] == "agent@other.test"
    assert composed(sender=own).sender == "agent@other.test"
    assert parsed(composed(sender=own, sender_name="Agent"))["From"] == "Agent <agent@other.test>"
    assert parsed(composed(sender_name="Agent"))["From"] == "Agent <office@home.test>"
    assert parsed(composed(SenderDefaults(from_email="a@home.test")))["From"] == "a@home.test"


def test_reply_to_is_the_drafts_else_the_configurations() -> None:
    defaults = SenderDefaults(from_email="a@home.test", reply_to_email="desk@home.test")
    assert parsed(composed(defaults))["Reply-To"] == "desk@home.test"
    own = parse_mailbox("me@home.test")
    assert parsed(composed(defaults, reply_to=own))["Reply-To"] == "me@home.test"
    assert parsed(composed())["Reply-To"] is None


def test_a_sender_may_be_given_as_a_mailbox() -> None:
    defaults = SenderDefaults(
        from_email=parse_mailbox("a@home.test"), reply_to_email=parse_mailbox("b@home.test")
    )
    assert composed(defaults).sender == "a@home.test"


@pytest.mark.parametrize(
    "name",
    [
        "Jörg",
        "O'Brien, Pat",
        'The "Boss"',
        "back\\slash",
        "a@b.test",
        "=?utf-8?q?x?=",
        "<x@evil.test>",
        "a;b:c",
    ],
)
def test_a_senders_name_reads_back_and_stays_a_name(name: str) -> None:
    (found,) = parsed(composed(sender_name=name))["From"].addresses
    assert (found.display_name, found.addr_spec) == (name, "office@home.test")


def test_a_senders_long_name_is_folded_between_characters_never_in_them() -> None:
    envelope = composed(sender_name="世界" * 60)
    (found,) = parsed(envelope)["From"].addresses
    # CPython 3.11 shows a blank between the encoded words of a name, which RFC 2047 6.2 says to leave out.
    assert found.display_name.replace(" ", "") == "世界" * 60
    assert all(len(line) <= 76 for line in lines_of(envelope))


def test_further_headers_are_written_as_text() -> None:
    references = "<" + "a" * 200 + "@x.test> <" + "b" * 200 + "@x.test>"
    message = parsed(
        composed(headers=(("X-Topic", "Größe"), ("References", references), ("In-Reply-To", "<a@x.test>")))
    )
    assert message["X-Topic"] == "Größe"
    assert message["References"] == references
    assert message["In-Reply-To"] == "<a@x.test>"


# Injection: whatever stands in a field stays in it

ENCODED_BCC = "=?utf-8?q?x=0D=0ABcc:_e@x.test?="


@pytest.mark.parametrize(
    "text",
    [
        ENCODED_BCC,
        f"Re: {ENCODED_BCC} and more",
        "=?utf-8?b?eA0KQmNjOiBlQHgudGVzdA==?=",
        "=?us-ascii?q?=00?=",
        "=?x?q?",
        "?==?",
        "a: b",
        "  lead and trail  ",
        "a\tb",
        "double  blank",
        "x" * 998,
        "ü" * 998,
        "word " * 199,
        "🎉" * 300,
        "\u202eevil",
    ],
)
def test_a_subject_reads_back_as_it_was_and_adds_no_field(text: str) -> None:
    envelope = composed(subject=text, headers=(("X-Topic", text),))
    message = parsed(envelope)
    assert message["Subject"] == text
    assert message["X-Topic"] == text
    assert "Bcc" not in message
    assert len(message.keys()) == 9
    assert all(len(line) <= 998 for line in lines_of(envelope))


BREAKING = ["\r\nBcc: e@x.test", "\n", "\r", "\0", "\u2028", "\u2029", "\x85", "\x0b", "\x1b", "\ud800"]


@pytest.mark.parametrize("text", BREAKING)
@pytest.mark.parametrize("field", ["subject", "sender_name", "header", "header name", "filename"])
def test_a_line_break_in_any_field_is_refused(field: str, text: str) -> None:
    text = f"a{text}b"
    changes: dict[str, Any] = {field: text}
    if field == "header":
        changes = {"headers": (("X-Topic", text),)}
    elif field == "header name":
        changes = {"headers": ((f"X-Topic{text}", "value"),)}
    elif field == "filename":
        changes = {"attachments": (Attachment(filename=text, content_type="text/plain", content=b""),)}
    with pytest.raises(InvalidInput):
        composed(**changes)


FORBIDDEN = [
    "Bcc",
    "bcc",
    "To",
    "From",
    "Sender",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
]
FORBIDDEN += [
    "Received",
    "Return-Path",
    "DKIM-Signature",
    "Content-Type",
    "content-transfer-encoding",
    "Resent-To",
]


@pytest.mark.parametrize("name", [*FORBIDDEN, "ARC-Seal", "X:Y", "X-Ü", "", " ", "X Y", "X" * 60])
def test_a_header_that_is_not_the_drafts_to_write_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        composed(headers=((name, "value"),))


def test_a_header_given_twice_is_refused() -> None:
    with pytest.raises(InvalidInput, match="once"):
        composed(headers=(("X-Topic", "a"), ("x-topic", "b")))


@pytest.mark.parametrize("address", ["a@ok.test>\r\nBcc: b", "a@ok.test, b", 'a"b', "<a", "a b", "", "a@b"])
@pytest.mark.parametrize("field", ["to", "cc", "bcc", "sender", "reply_to"])
def test_a_forged_mailbox_is_refused(field: str, address: str) -> None:
    forged = Mailbox(address, "ok.test")
    with pytest.raises(InvalidInput):
        composed(**{field: forged if field in ("sender", "reply_to") else (forged,)})


@pytest.mark.parametrize(
    "content_type", ["text/plain\r\nX: y", "text/plain; name=x", "text", "a/b/c", "", "TEXT/PLAIN", "text/ü"]
)
def test_a_content_type_that_could_be_more_is_refused(content_type: str) -> None:
    with pytest.raises(InvalidInput):
        composed(attachments=(Attachment(filename="a", content_type=content_type, content=b""),))


# Addresses beyond ASCII


def test_a_non_ascii_local_part_stands_in_the_header_as_it_is() -> None:
    envelope = composed(to=mailboxes("jürgen@bücher.test"))
    assert "To: jürgen@xn--bcher-kva.test\r\n".encode() in envelope.content
    assert envelope.recipients == ("jürgen@xn--bcher-kva.test",)


def test_a_non_ascii_domain_needs_nothing_beyond_ascii() -> None:
    assert composed(to=mailboxes("a@bücher.test"), subject="Grüße", text="ü").content.isascii()


# Bodies


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Hello.\n", "7bit"),
        ("a" * 998 + "\n", "7bit"),
        ("a" * 999 + "\n", "quoted-printable"),
        ("Grüße, und viel ganz gewöhnlicher Text dazu.\n", "quoted-printable"),
        ("世界\n", "base64"),
        ("an escape \x1b in a line\n", "quoted-printable"),
    ],
)
def test_a_text_has_the_lightest_encoding_that_carries_it(text: str, encoding: str) -> None:
    envelope = composed(text=text)
    message = parsed(envelope)
    assert message["Content-Transfer-Encoding"] == encoding
    assert message.get_content().replace("\r\n", "\n") == text
    assert envelope.content.isascii()


@pytest.mark.parametrize("subtype", ["text", "html"])
def test_line_ends_of_any_kind_become_crlf(subtype: str) -> None:
    body = "a\r\nb\rc\nd\n\re\r\r\nf"
    for extra in ("", "ü", "世" * 50):
        content = composed(**{"text": None, subtype: body + extra}).content
        assert content.count(b"\r\n") == content.count(b"\r") == content.count(b"\n")
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        found = message.get_content().replace("\r\n", "\n")
        assert found == f"a\nb\nc\nd\n\ne\n\nf{extra}\n"


def test_text_and_html_are_alternatives_with_the_better_one_last() -> None:
    message = parsed(composed(text="Hi", html="<p>Hi</p>"))
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert parsed(composed(text=None, html="<p>Hi</p>")).get_content_type() == "text/html"
    assert parsed(composed(text=None)).get_content() == ""


def test_half_a_character_in_a_body_is_refused() -> None:
    with pytest.raises(InvalidInput, match="surrogate"):
        composed(text="a\ud800b")


# Attachments


def file(
    name: str = "a.bin", content_type: str = "application/pdf", content: bytes = b"\0\1\2"
) -> Attachment:
    return Attachment(filename=name, content_type=content_type, content=content)


@pytest.mark.parametrize(
    "bodies", [{}, {"html": "<p>Hi</p>"}, {"text": None}, {"text": None, "html": "<p>Hi</p>"}]
)
def test_attachments_stand_behind_the_body_as_they_are(bodies: dict[str, Any]) -> None:
    contents = [b"", b"\0\r\n.\r\n" * 100, bytes(range(256)) * 40]
    message = parsed(
        composed(**bodies, attachments=tuple(file(f"{n}.bin", content=c) for n, c in enumerate(contents)))
    )
    assert message.get_content_type() == "multipart/mixed"
    attached = list(message.iter_attachments())
    assert [part.get_filename() for part in attached] == ["0.bin", "1.bin", "2.bin"]
    assert [part.get_content() for part in attached] == contents
    assert all(part.get_content_disposition() == "attachment" for part in attached)


FILENAMES = [
    "report.pdf",
    "Größe.pdf",
    'a"b.pdf',
    "a;b=c.pdf",
    "a\\b",
    "%41.pdf",
    "=?utf-8?q?x?=.exe",
    "🎉.zip",
]
LONG_FILENAMES = ["世界" * 40 + ".pdf", "x" * 250, "ü" * 120 + ".pdf", "it's " * 30 + ".txt", "*." * 99]


@pytest.mark.parametrize(
    "name", [*FILENAMES, *LONG_FILENAMES, "it's.txt", "a'b'c", "a b  c.txt", "*.txt", "a/../b"]
)
def test_a_file_name_reads_back_as_it_was(name: str) -> None:
    envelope = composed(attachments=(file(name),))
    assert [part.get_filename() for part in parsed(envelope).iter_attachments()] == [name]
    assert all(len(line) <= 100 for line in lines_of(envelope))


@pytest.mark.parametrize("content_type", ["message/rfc822", "message/partial", "multipart/mixed"])
def test_a_mail_in_a_mail_is_a_file(content_type: str) -> None:
    inner = b"Subject: inner\r\nBcc: e@x.test\r\n\r\nHi\r\n"
    message = parsed(composed(attachments=(file("inner.eml", content_type, inner),)))
    (attached,) = message.iter_attachments()
    assert attached.get_content_type() == "application/octet-stream"
    assert attached.get_content() == inner


def test_the_boundary_can_not_be_guessed() -> None:
    boundaries = {parsed(composed(attachments=(file(),))).get_boundary() for _ in range(50)}
    assert len(boundaries) == 50
