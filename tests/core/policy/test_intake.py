"""The edge: which requests become a draft, and that every fault in the others is named at its field."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import FieldProblem, InvalidInput
from core.policy.draft import AttachmentRequest, Draft, MailRequest
from core.policy.intake import MAX_ATTACHMENTS, MAX_RECIPIENTS, parse_request


def ask(**request: Any) -> Draft:
    return parse_request(MailRequest(**{"to": ("a@ok.test",), "subject": "Hello", **request}))


def problems(**request: Any) -> tuple[FieldProblem, ...]:
    with pytest.raises(InvalidInput) as refusal:
        ask(**request)
    return refusal.value.problems


def fields(**request: Any) -> list[str]:
    return [problem.field for problem in problems(**request)]


def file(**attachment: Any) -> AttachmentRequest:
    return AttachmentRequest(**{"filename": "report.pdf", "content": b"x", **attachment})


def test_a_sound_request_becomes_a_draft_of_mailboxes() -> None:
    draft = ask(
        to=("A@OK.test",),
        cc=("b@bücher.test",),
        bcc=("c@ok.test",),
        text="Hello",
        html="<p>Hello</p>",
        from_email="me@home.test",
        from_name="Mé",
        reply_to="answers@home.test",
        headers=(("In-Reply-To", "<1@ok.test>"),),
        attachments=(file(content_type="Application/PDF"),),
        idempotency_key="order-1",
    )
    assert [mailbox.address for mailbox in draft.recipients] == [
        "A@ok.test",
        "b@xn--bcher-kva.test",
        "c@ok.test",
    ]
    assert draft.sender is not None
    assert draft.sender.address == "me@home.test"
    assert draft.reply_to is not None
    assert draft.has_custom_sender
    assert draft.attachments[0].content_type == "application/pdf"
    assert draft.size_bytes > 0


def test_every_fault_is_named_at_its_field_not_only_the_first() -> None:
    assert fields(
        to=("a@ok.test", "b@evil.test\r\nDATA"),
        cc=("Bob <b@ok.test>",),
        bcc=("postmaster",),
        from_email="x",
        reply_to="y",
        subject="a\nb",
        text="\0",
        html="\ud800",
        from_name="a\rb",
        headers=(("X-Agent-A", "fine"), ("Bcc", "e@evil.test")),
        attachments=(file(filename="../x", content_type="pdf"),),
        idempotency_key="",
    ) == [
        "to[1]",
        "cc[0]",
        "bcc[0]",
        "from_email",
        "reply_to",
        "subject",
        "text",
        "html",
        "from_name",
        "idempotency_key",
        "headers[1]",
        "attachments[0].filename",
        "attachments[0].content_type",
    ]


def test_every_problem_has_a_sentence_and_a_remedy_that_a_terminal_survives() -> None:
    for problem in problems(to=("\x1b[31m@ok.test",), subject="\x1b]0;x\x07", headers=(("\x1b", "x"),)):
        assert problem.message
        assert problem.message.isprintable()
        assert problem.remedy


# Recipients


def test_a_mail_to_nobody_is_refused() -> None:
    assert fields(to=()) == ["to"]


def test_a_mail_to_bcc_alone_is_a_mail() -> None:
    assert [mailbox.address for mailbox in ask(to=(), bcc=("a@ok.test",)).recipients] == ["a@ok.test"]


def test_the_same_recipient_in_to_cc_and_bcc_counts_once_where_it_is_seen_most() -> None:
    draft = ask(
        to=("a@ok.test", "a@OK.test"),
        cc=("a@ok.test", "b@ok.test"),
        bcc=("b@ok.test", "a@ok.test", "c@ok.test"),
    )
    assert [mailbox.address for mailbox in draft.to] == ["a@ok.test"]
    assert [mailbox.address for mailbox in draft.cc] == ["b@ok.test"]
    assert [mailbox.address for mailbox in draft.bcc] == ["c@ok.test"]


def test_local_parts_that_differ_in_case_are_two_recipients() -> None:
    assert len(ask(to=("bob@ok.test", "Bob@ok.test")).recipients) == 2


def test_recipients_are_bounded_before_any_is_read() -> None:
    assert len(ask(to=tuple(f"u{n}@ok.test" for n in range(MAX_RECIPIENTS))).recipients) == MAX_RECIPIENTS
    assert fields(to=("not an address",) * MAX_RECIPIENTS, bcc=("x",)) == ["to"]


# Text


@pytest.mark.parametrize(
    "hostile", ["\r", "\n", "\r\nBcc: e@evil.test", "\0", "\u2028", "\u2029", "\x85", "\x0b"]
)
@pytest.mark.parametrize("field", ["subject", "from_name", "idempotency_key"])
def test_nothing_that_could_begin_a_new_line_stands_in_a_header(field: str, hostile: str) -> None:
    assert fields(**{field: f"Hello{hostile}"}) == [field]


@pytest.mark.parametrize("hostile", ["\x01", "\t", "\x1b[31m", "\x7f", "\x9b", "\ud83d"])
@pytest.mark.parametrize("field", ["subject", "from_name"])
def test_control_characters_and_lone_surrogates_are_refused_in_a_header(field: str, hostile: str) -> None:
    assert fields(**{field: f"Hello{hostile}"}) == [field]


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "Grüße, 世界 🎉👩‍💻",
        "שלום\u200f!",
        "=?utf-8?q?x=0D=0ABcc:_e@x.test?=",  # data: what composes the mail encodes it as such
        "[/nope] [@click=app.quit]x",
        "x" * 998,
    ],
)
def test_a_subject_of_one_line_is_taken_as_it_is(subject: str) -> None:
    assert ask(subject=subject, text="x").subject == subject


def test_a_subject_longer_than_a_line_of_mail_is_refused() -> None:
    assert fields(subject="x" * 999) == ["subject"]


def test_a_senders_name_turns_no_writing_round() -> None:
    assert fields(from_name="Bank\u202etset") == ["from_name"]
    assert ask(from_name="שלום\u200f").sender_name == "שלום\u200f"


def test_a_body_may_hold_any_line_and_any_command() -> None:
    text = "one\n.\nQUIT\r\n.\r\nRCPT TO:<b@evil.test>\r.\r\x1b[31m"
    assert ask(text=text).text == text


@pytest.mark.parametrize("field", ["text", "html"])
@pytest.mark.parametrize("hostile", ["\0", "\udcff"])
def test_a_body_holds_no_nul_and_no_lone_surrogate(field: str, hostile: str) -> None:
    assert fields(**{field: f"Hello{hostile}"}) == [field]


def test_a_subject_or_a_file_alone_is_a_mail_and_nothing_at_all_is_none() -> None:
    assert ask(subject="done").text is None
    assert ask(subject="", attachments=(file(),)).attachments
    assert fields(subject="  ", text="", html="") == ["text"]


def test_an_empty_sender_name_or_reply_address_means_the_configurations() -> None:
    assert not ask(from_email="", from_name="", reply_to="").has_custom_sender


# Headers


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("In-Reply-To", "<abc.1@mail.ok.test>"),
        ("References", "<1@ok.test> <2@ok.test>"),
        ("Auto-Submitted", "auto-generated"),
        ("Importance", "High"),
        ("Priority", "urgent"),
        ("X-Priority", "1 (Highest)"),
        ("Precedence", "bulk"),
        ("List-Id", "News <news.ok.test>"),
        ("List-Unsubscribe", "<https://ok.test/u?x=1>, <mailto:u@ok.test?subject=stop>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("X-Auto-Response-Suppress", "OOF, AutoReply"),
        ("X-Agent-Run", "Grüße"),
        ("x-custom-a", "=?utf-8?q?x?="),
    ],
)
def test_headers_of_the_documented_list_are_taken(name: str, value: str) -> None:
    assert ask(headers=((name, value),)).headers == ((name, value),)


@pytest.mark.parametrize(
    "name",
    [
        "From",
        "FROM",
        "Sender",
        "Reply-To",
        "Return-Path",
        "To",
        "Cc",
        "Bcc",
        "Subject",
        "Date",
        "Message-ID",
        "Received",
        "Resent-To",
        "Resent-From",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
        "DKIM-Signature",
        "ARC-Seal",
        "Authentication-Results",
        "Delivered-To",
        "Errors-To",
        "Disposition-Notification-To",
        "Apparently-To",
        "X-SMTPAPI",
        "X-MC-BccAddress",
        "X-MSYS-API",
        "X-Bcc",
        "X-Anything",
        "X-Gatepost-Agent",
    ],
)
def test_headers_that_could_reroute_or_disguise_a_mail_are_refused(name: str) -> None:
    (problem,) = problems(headers=((name, "e@evil.test"),))
    assert problem.field == "headers[0]"
    assert name in problem.message


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "X-Agent-A ",
        " X-Agent-A",
        "X-Agent A",
        "X-Agent-A:",
        "X-Agent-A\r\nBcc",
        "X-Agent-A\n",
        "X-Agent-Ä",
        "X-Agent-",
        "X-Agent-\0",
        "X-Agent-" + "a" * 60,
        "\ud800",
    ],
)
def test_a_header_name_is_letters_digits_and_hyphens(name: str) -> None:
    assert fields(headers=((name, "x"),)) == ["headers[0]"]


@pytest.mark.parametrize(
    "value", ["a\r\nBcc: e@evil.test", "a\nb", "a\0", "a\u2028", "\x1b[31m", "", " ", "x" * 999]
)
def test_a_header_value_is_one_line_of_text(value: str) -> None:
    assert fields(headers=(("X-Agent-A", value),)) == ["headers[0]"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("In-Reply-To", "yesterday"),
        ("References", "<1@ok.test>, <2@ok.test>"),
        ("References", "<1@ok.test"),
        ("Auto-Submitted", "maybe"),
        ("Importance", "very"),
        ("X-Priority", "9"),
        ("List-Unsubscribe", "https://ok.test"),
        ("List-Unsubscribe", "<javascript:alert(1)>"),
        ("List-Unsubscribe", "<http://ok.test>"),
        ("List-Unsubscribe", "<https://>"),
        ("List-Unsubscribe", "<https://[>"),
        ("List-Unsubscribe-Post", "yes"),
        ("X-Auto-Response-Suppress", "a;b"),
    ],
)
def test_a_header_with_a_form_of_its_own_is_held_to_it(name: str, value: str) -> None:
    assert fields(headers=((name, value),)) == ["headers[0]"]


def test_a_header_stands_once_and_their_number_is_bounded() -> None:
    assert fields(headers=(("Importance", "low"), ("importance", "high"))) == ["headers[1]"]
    assert fields(headers=tuple((f"X-Agent-{n}", "x") for n in range(51))) == ["headers"]


# Attachments


@pytest.mark.parametrize(
    "filename",
    [
        "",
        " ",
        ".",
        "..",
        "../../x",
        "/etc/passwd",
        "a/b",
        "a\\b",
        "C:\\x",
        "a\r\nb",
        "a\0.pdf",
        "a\x1b.pdf",
        "a\u2028.pdf",
        "fdp.\u202eexe",
        "a\u200b.pdf",
        "\ufeffa.pdf",
        " a.pdf",
        "a.pdf ",
        "\ud800.pdf",
        "ü" * 128,
    ],
)
def test_a_file_name_is_a_plain_name(filename: str) -> None:
    assert fields(attachments=(file(filename=filename),)) == ["attachments[0].filename"]


@pytest.mark.parametrize(
    "filename", ["report.pdf", "Größe 世界.txt", ".profile", "a..b", "👩‍💻.png", "=?utf-8?q?x?=", "ü" * 127]
)
def test_an_honest_file_name_is_taken(filename: str) -> None:
    assert ask(attachments=(file(filename=filename),)).attachments[0].filename == filename


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "pdf",
        "text/",
        "/plain",
        "text/plain; charset=utf-8",
        "text/plain\r\nBcc: e@evil.test",
        "text/pla in",
        "multipart/mixed",
        "message/partial",
        "message/external-body",
        "tëxt/plain",
        "a" * 128 + "/b",
    ],
)
def test_a_content_type_is_type_and_subtype_of_a_file(content_type: str) -> None:
    assert fields(attachments=(file(content_type=content_type),)) == ["attachments[0].content_type"]


def test_a_mail_in_a_mail_is_an_attachment_like_any_other() -> None:
    draft = ask(attachments=(file(filename="old.eml", content_type="message/rfc822"),))
    assert len(draft.attachments) == 1


def test_attachments_are_bounded() -> None:
    assert len(ask(attachments=(file(),) * MAX_ATTACHMENTS).attachments) == MAX_ATTACHMENTS
    assert fields(attachments=(file(filename="/"),) * (MAX_ATTACHMENTS + 1)) == ["attachments"]


def test_content_is_never_in_a_repr() -> None:
    assert "confidential" not in repr(ask(attachments=(file(content=b"confidential"),)))


# Rules for all requests

TEXTS = st.text(max_size=30)
REQUESTS = st.builds(
    MailRequest,
    to=st.lists(TEXTS | st.just("a@ok.test"), max_size=3).map(tuple),
    cc=st.lists(TEXTS | st.just("A@ok.test"), max_size=3).map(tuple),
    bcc=st.lists(st.sampled_from(["a@ok.test", "b@ok.test"]), max_size=3).map(tuple),
    subject=TEXTS,
    text=st.none() | TEXTS,
    html=st.none() | TEXTS,
    from_email=st.none() | TEXTS,
    from_name=st.none() | TEXTS,
    reply_to=st.none() | TEXTS,
    headers=st.lists(st.tuples(TEXTS | st.just("X-Agent-A"), TEXTS), max_size=2).map(tuple),
    attachments=st.lists(
        st.builds(AttachmentRequest, filename=TEXTS, content=st.binary(max_size=9), content_type=TEXTS),
        max_size=2,
    ).map(tuple),
    idempotency_key=st.none() | TEXTS,
)


@given(REQUESTS)
def test_whatever_comes_in_is_a_draft_or_named_problems(request: MailRequest) -> None:
    try:
        draft = parse_request(request)
    except InvalidInput as refusal:
        assert all(problem.field and problem.message for problem in refusal.problems)
        assert all(problem.message.isprintable() for problem in refusal.problems)
        return
    addresses = [mailbox.address for mailbox in draft.recipients]
    assert addresses
    assert len(set(addresses)) == len(addresses)
    for text in (draft.subject, draft.sender_name or "", *(value for _, value in draft.headers)):
        assert len(text.splitlines()) <= 1
        text.encode()
