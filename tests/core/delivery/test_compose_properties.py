"""Whatever a draft holds, its mail reads back the same, names only what was named, and can be sent as it is."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, message_from_string, policy
from email.message import EmailMessage

from hypothesis import given, settings
from hypothesis import strategies as st

from core.delivery.compose import SenderDefaults, compose
from core.delivery.smtp.wire import stuffed
from core.errors import InvalidInput
from core.policy.address import Mailbox
from core.policy.draft import Attachment, Draft

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
OWN = ["Date", "From", "To", "Cc", "Reply-To", "Subject", "Message-ID", "MIME-Version"]

# What the edge lets through in a header: no control characters, line breaks or halves of characters.
SAFE = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])
HOSTILE = [
    "=?utf-8?q?x=0D=0ABcc:_e@x.test?=",
    "=?utf-8?b?",
    "?=",
    "=?",
    "%0d%0a",
    "''",
    "*",
    "a",
    "ü",
    "世",
    "🎉",
]
HOSTILE += list('"\\<>,:;()')
BREAKS = ["\r", "\n", "\r\n", "\r\nBcc: e@x.test\r\n", "\0", "\u2028", " ", "  "]
BODY_PIECES = [".", "\r", "\n", "\r\n", "From ", "ü", "世", "=", " ", "\t", "--", "DATA\r\n", "x" * 90]
LINES = st.text(SAFE, max_size=100)
ANYTHING = st.lists(st.sampled_from([*HOSTILE, *BREAKS]), max_size=12).map("".join) | st.text(max_size=30)
BODIES = st.lists(st.sampled_from(BODY_PIECES), max_size=30).map("".join) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200
)
MAILBOXES = st.builds(
    Mailbox,
    st.text("abcxyz019_+-ü世", min_size=1, max_size=20),
    st.sampled_from(["ok.test", "xn--bcher-kva.test", "a-rather-long-name.of-a-domain.test"]),
)
HEADER_NAMES = st.text("abcXYZ09-", min_size=1, max_size=30).map("X-{}".format)


def read(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@given(subject=LINES, header=LINES, name=HEADER_NAMES)
@settings(max_examples=100, deadline=None)
def test_a_line_of_text_reads_back_exactly(subject: str, header: str, name: str) -> None:
    draft = Draft(to=(Mailbox("a", "ok.test"),), subject=subject, text="Hi", headers=((name, header),))
    message = read(compose(draft, SenderDefaults(from_email="me@home.test"), now=NOW).content)
    assert message["Subject"] == (subject or None)
    assert message[name] == (header or None)


@given(
    subject=ANYTHING,
    name=ANYTHING,
    header=ANYTHING,
    header_name=HEADER_NAMES | ANYTHING,
    filename=ANYTHING,
    text=BODIES,
)
@settings(max_examples=200, deadline=None)
def test_no_draft_writes_a_field_of_its_own(
    subject: str, name: str, header: str, header_name: str, filename: str, text: str
) -> None:
    draft = Draft(
        to=(Mailbox("a", "ok.test"),),
        subject=subject,
        sender_name=name,
        headers=((header_name, header),),
        text=text,
        attachments=(Attachment(filename=filename, content_type="text/html", content=b"x"),),
    )
    try:
        envelope = compose(draft, SenderDefaults(from_email="me@home.test"), now=NOW)
    except InvalidInput:
        return
    message = read(envelope.content)
    assert set(message.keys()) <= {*OWN, header_name, "Content-Type"}
    assert len(message.keys()) == len({field.lower() for field in message.keys()})  # noqa: SIM118
    assert [address.addr_spec for address in message["From"].addresses] == ["me@home.test"]
    assert [address.addr_spec for address in message["To"].addresses] == ["a@ok.test"]
    body, attached = message.iter_parts()
    assert set(body.keys()) == {"Content-Type", "Content-Transfer-Encoding"}
    assert set(attached.keys()) == {"Content-Type", "Content-Transfer-Encoding", "Content-Disposition"}
    assert envelope.recipients == ("a@ok.test",)


@given(text=st.none() | BODIES, html=st.none() | BODIES, content=st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_bodies_and_files_read_back(text: str | None, html: str | None, content: bytes) -> None:
    draft = Draft(
        to=(Mailbox("a", "ok.test"),),
        text=text,
        html=html,
        attachments=(Attachment(filename="a", content_type="application/x-a", content=content),),
    )
    message = read(compose(draft, SenderDefaults(from_email="me@home.test"), now=NOW).content)
    for kind, body in (("plain", text), ("html", html)):
        part = message.get_body(preferencelist=(kind,))
        assert (part is None) is (body is None)
        if part is not None and body is not None:
            octets = part.get_payload(decode=True)
            assert isinstance(octets, bytes)
            found = unix(octets.decode())
            assert found == (unix(body) if unix(body).endswith("\n") or not body else unix(body) + "\n")
    (attached,) = message.iter_attachments()
    assert attached.get_content() == content


@given(
    to=st.lists(MAILBOXES, max_size=12),
    cc=st.lists(MAILBOXES, max_size=12),
    bcc=st.lists(MAILBOXES, max_size=9),
)
@settings(max_examples=100, deadline=None)
def test_the_header_names_to_and_cc_and_nobody_else(
    to: list[Mailbox], cc: list[Mailbox], bcc: list[Mailbox]
) -> None:
    hidden = [Mailbox(f"hidden.{mailbox.local}", "secret.test") for mailbox in bcc]
    draft = Draft(to=tuple(to), cc=tuple(cc), bcc=tuple(hidden), subject="Hi", text="Hi")
    envelope = compose(draft, SenderDefaults(from_email="me@home.test"), now=NOW)
    everyone = [mailbox.address for mailbox in (*to, *cc, *hidden)]
    assert envelope.recipients == tuple(dict.fromkeys(everyone))
    assert b"hidden" not in envelope.content
    assert b"secret.test" not in envelope.content
    # Decoded first: CPython's parser of bytes does not take UTF-8 in a header (RFC 6532) for what it is.
    header = message_from_string(envelope.content.decode(), policy=policy.default)
    for field, mailboxes in (("To", to), ("Cc", cc)):
        found = header[field].addresses if header[field] else ()
        assert [address.addr_spec for address in found] == [mailbox.address for mailbox in mailboxes]


@given(subject=LINES, name=LINES, text=BODIES, html=BODIES, filename=LINES)
@settings(max_examples=100, deadline=None)
def test_every_mail_can_be_sent_as_it_is(
    subject: str, name: str, text: str, html: str, filename: str
) -> None:
    draft = Draft(
        to=(Mailbox("a", "ok.test"),),
        subject=subject,
        sender_name=name,
        text=text,
        html=html,
        attachments=(Attachment(filename=filename, content_type="text/plain", content=text.encode()),),
    )
    content = compose(draft, SenderDefaults(from_email="me@home.test"), now=NOW).content
    assert content.isascii()
    assert b"\0" not in content
    assert all(len(line) <= 998 and not set(b"\r\n") & set(line) for line in content.split(b"\r\n"))
    stuffed(content)  # raises if a line end is ambiguous
