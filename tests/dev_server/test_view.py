from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dev_server import CaptureStore, parse_view
from dev_server.index import scan

# Seconds that no message may take, on a slow and busy machine; the linear paths take a tenth.
HANG = 60  # seconds: a quadratic step would take longer


def crlf(mail: EmailMessage) -> bytes:
    return mail.as_bytes().replace(b"\n", b"\r\n")


@pytest.fixture
def rich() -> bytes:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = "Größe 👋", "Jörg <j@b.test>", "x@y.test"
    mail.set_content("plain text\n")
    mail.add_alternative(
        '<p>Hello <b>world</b></p><p><a href="https://x.test/?a=1&amp;b=2">link</a>', subtype="html"
    )
    mail.get_payload(1).add_related(b"PNG", "image", "png", cid="<logo>")  # type: ignore[union-attr]
    mail.add_attachment(b"\x00\x01", "application", "pdf", filename="résumé – 100 %.pdf")
    inner = EmailMessage()
    inner["Subject"] = "inner"
    inner.set_content("inner text\n")
    inner.add_attachment(b"zzz", "image", "gif", filename="z.gif")
    mail.add_attachment(inner)
    return crlf(mail)


def test_a_message_is_shown_with_its_headers_text_html_and_attachments(rich: bytes) -> None:
    view = parse_view(rich)
    assert view.header("subject") == "Größe 👋"
    assert view.header("From") == "Jörg <j@b.test>"
    assert view.header("absent") == ""
    assert view.text == "plain text"
    assert view.html is not None and "<b>world</b>" in view.html
    assert view.html_as_text == "Hello world\n\nlink <https://x.test/?a=1&b=2>"
    assert [(each.filename, each.content_type, each.size_bytes) for each in view.attachments] == [
        ("résumé – 100 %.pdf", "application/pdf", 2),
        ("", "message/rfc822", view.attachments[1].size_bytes),
    ]
    assert view.problems == ()


def test_the_parts_are_a_tree_in_the_order_of_the_message(rich: bytes) -> None:
    view = parse_view(rich)
    assert [(part.depth, part.content_type, part.attachment) for part in view.parts] == [
        (0, "multipart/mixed", None),
        (1, "multipart/alternative", None),
        (2, "text/plain", None),
        (2, "multipart/related", None),
        (3, "text/html", None),
        (3, "image/png", None),
        (1, "application/pdf", 0),
        (1, "message/rfc822", 1),
        (2, "multipart/mixed", None),
        (3, "text/plain", None),
        (3, "image/gif", None),
    ]
    assert [part.parent for part in view.parts] == [None, 0, 1, 1, 3, 3, 0, 0, 7, 8, 8]


def test_html_alone_is_rendered_as_the_text() -> None:
    view = parse_view(b"Content-Type: text/html; charset=iso-8859-1\r\n\r\n<p>Gr\xfc\xdfe<br>x")
    assert view.text == view.html_as_text == "Grüße\nx"
    assert view.html == "<p>Grüße<br>x"


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (b"=?utf-8?q?a_b=C3=A9?= =?utf-8?b?w6k=?= c", "a béé c"),
        (b"=?utf-8?q?=C3?= =?utf-8?q?=A9?=", "é"),
        (b"=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", "日本"),
        (b"=?x-unknown?q?a?= b", "a b"),
        (b"=?utf-8?b?!!!?=", ""),
        (b"=?utf-8*en?q?x?=", "x"),
        (b"=?idna?q?x?= =?punycode?q?y?=", "xy"),
        (b"=?utf-8?q?unfinished", "=?utf-8?q?unfinished"),
        (b"folded\r\n  on", "folded  on"),
        (b"raw \xc3\xa9 and", "raw é and"),
        (b"raw \xe9", "raw é"),
        (b"=?utf-7?q?+2AA-?=", "�"),
    ],
)
def test_headers_are_decoded_as_far_as_they_can_be(header: bytes, text: str) -> None:
    view = parse_view(b"Subject: " + header + b"\r\n\r\n")
    assert view.header("Subject") == text
    assert scan(b"Subject: " + header + b"\r\n\r\n").subject == text


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        (b"filename=plain.txt", "plain.txt"),
        (b'filename="a \\"b\\" c.txt"', 'a "b" c.txt'),
        (b"filename*=utf-8''%e2%82%ac.txt", "€.txt"),
        (b"filename*0*=utf-8''%e2%82; filename*1*=%ac; filename*2=.txt", "€.txt"),
        (b"filename*1=b; filename*0=a", "ab"),
        (b'filename="=?utf-8?q?=C3=A9?=.txt"', "é.txt"),
        (b'filename="unclosed.txt', "unclosed.txt"),
        (b"filename*=x-unknown''%ff", "ÿ"),
        (b"; ;; =; a; filename=x.txt", "x.txt"),
    ],
)
def test_names_of_attachments_are_read_in_every_form(parameters: bytes, name: str) -> None:
    view = parse_view(b"Content-Disposition: attachment; " + parameters + b"\r\n\r\nx")
    assert [each.filename for each in view.attachments] == [name]


@pytest.mark.parametrize(
    ("raw", "text", "problem"),
    [
        (b"Content-Type: multipart/mixed\r\n\r\nhello", "hello", "names no boundary"),
        (b"Content-Type: multipart/mixed; boundary=b\r\n\r\nhello", "hello", "does not occur"),
        (b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhi", "hi", "not closed"),
        (b"Content-Type: text/plain; charset=klingon\r\n\r\nh\xc3\xa9", "hé", "klingon"),
        (b"Content-Type: text/plain; charset=utf-8\r\n\r\nh\xe9", "h�", "not valid"),
        (b"Content-Transfer-Encoding: base64\r\n\r\naGVsbG8gd29ybGQ\r\n!", "hello world", ""),
        (b"Content-Transfer-Encoding: base64\r\n\r\naGVsbG8gd29ybGQhx", "hello world!", "damaged"),
        (b"Content-Transfer-Encoding: x-uu\r\n\r\nraw", "raw", "unknown"),
        (b"not a header\r\nbut a body", "not a header\nbut a body", "malformed"),
        (b"\r\nonly a body", "only a body", ""),
        (b"Subject: only a header", "", ""),
        (b"Subject: x\n\nbare line ends\n", "bare line ends", ""),
        (b"From me@x Sat Jan  3 2026\nSubject: x\n\nmailbox\n", "mailbox", ""),
        (b"Subject: \x00\r\n\r\n\x00\x00", "\x00\x00", ""),
        (b"Content-Type: nonsense\r\nSubject: x\r\n\r\nhi", "", ""),
        (b"", "", ""),
    ],
)
def test_what_is_broken_is_shown_as_far_as_it_parses(raw: bytes, text: str, problem: str) -> None:
    view = parse_view(raw)
    assert view.text == text
    assert problem in " ".join(view.problems)
    assert bool(view.problems) == bool(problem)


def nested(count: int) -> bytes:
    opened = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (number, number)
        for number in range(count)
    )
    return opened + b"\r\ndeep\r\n" + b"".join(b"--b%d--\r\n" % number for number in reversed(range(count)))


HOSTILE = {
    "2,000 nested parts": nested(2_000),
    "50,000 nested parts": nested(50_000),
    "messages in messages": b"Content-Type: message/rfc822\r\n\r\n" * 100_000,
    "5,000 parameters": b"Content-Type: text/plain" + b'; a="x"' * 5_000 + b"\r\n\r\nx",
    "500,000 unclosed parameters": b"Content-Type: text/plain" + b'; a*0*="x' * 500_000 + b"\r\n\r\nx",
    "50,000 headers": b"X: y\r\n" * 50_000 + b"\r\nbody",
    "3,000,000 malformed headers": b"a b: c\r\n" * 3_000_000,
    "5,000,000 continuations": b"Subject: x\r\n" + b" y\r\n" * 5_000_000,
    "20,000 addresses": b"To: " + b",\r\n ".join([b'"N, N" <a@b.test>'] * 20_000) + b"\r\n\r\nbody",
    "encoded words": b"Subject: " + b"=?utf-8?q?=C3=A9?= " * 100_000 + b"\r\n\r\nbody",
    "almost encoded words": b"Subject: " + b"=?a?q?" * 300_000 + b"\r\n\r\nbody",
    "delimiters of nobody": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--x\r\n" * 5_000_000,
    "delimiters without parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n" * 5_000_000,
    "one line": b"x" * 30_000_000,
    "one base64 line": b"Content-Transfer-Encoding: base64\r\n\r\n" + b"QUJD" * 8_000_000,
    "NUL": b"\x00" * 10_000_000,
}
HOSTILE_HTML = {
    "nested blocks": b"<div>" * 200_000,
    "just below the bound of tags": b"<ul><li>" * 7_900,
    "end tags of nobody": b"<div>" * 7_900 + b"</p>" * 8_000,
    "formatting opened again": b"".join(b"<div><b id=%d></div><p>x" % number for number in range(5_000)),
    "attributes": b"<div " + b" ".join(b"a%d" % number for number in range(200_000)) + b">",
    "attributes in many tags": (b"<p " + b" ".join(b"a%d" % number for number in range(2_000)) + b">") * 80,
    "angle brackets": b"<" * 1_000_000,
    "comments": b"<!--" * 250_000,
    "nested links and tables": b"<table><td><a href=x>" * 5_000,
    "lists": b"<ol><li>" * 7_900,
    "a large picture": b"<img src='data:image/png;base64," + b"A" * 900_000 + b"'>",
}


@pytest.mark.timeout(HANG)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_message_takes_neither_long_nor_breaks_anything(name: str) -> None:
    raw = HOSTILE[name]
    view = parse_view(raw)
    scan(raw)
    assert len(view.text) <= 1_000_000
    assert len(view.headers) <= 2_000 and len(view.parts) <= 5_000
    assert repr(view)


@pytest.mark.timeout(HANG)
@pytest.mark.parametrize("name", HOSTILE_HTML)
def test_hostile_html_takes_neither_long_nor_breaks_anything(name: str) -> None:
    view = parse_view(b"Content-Type: text/html\r\n\r\n" + HOSTILE_HTML[name])
    assert len(view.html_as_text) <= 600_000


def test_2000_nested_parts_are_all_there() -> None:
    view = parse_view(nested(2_000))
    assert [part.depth for part in view.parts] == list(range(2_001))
    assert (view.text, view.problems) == ("deep", ())


def test_an_inner_multipart_that_is_cut_off_ends_with_its_parent() -> None:
    raw = (
        b"Content-Type: multipart/mixed; boundary=outer\r\n\r\n--outer\r\n"
        b"Content-Type: multipart/mixed; boundary=inner\r\n\r\n--inner\r\n\r\none\r\n"
        b"--outer\r\nContent-Disposition: attachment\r\n\r\ntwo\r\n--outer--\r\n"
    )
    view = parse_view(raw)
    assert [(part.depth, part.size_bytes) for part in view.parts[2:]] == [(2, 3), (1, 3)]
    assert view.text == "one"


def test_a_part_without_a_blank_line_ends_at_the_next_delimiter() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nX: y\r\n--b\r\n\r\ntext\r\n--b--\r\n"
    view = parse_view(raw)
    assert [part.size_bytes for part in view.parts[1:]] == [0, 4]
    assert view.text == "text"


alphabet = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b"--b",
        b"--",
        b"b",
        b"Content-Type: ",
        b"multipart/mixed; boundary=b",
        b"message/rfc822",
        b" ",
        b";",
        b"text/html",
        b"<p>",
        b"&#",
        b"=?utf-8?q?",
        b"?=",
        b"Content-Transfer-Encoding: base64",
        b"\x00",
        b"\xff",
        b":",
        b'"',
    ]
)


@settings(max_examples=300)
@given(st.lists(alphabet, max_size=60).map(b"".join) | st.binary(max_size=300))
def test_no_bytes_make_it_raise_and_nothing_comes_out_that_cannot_be_written(raw: bytes) -> None:
    view = parse_view(raw)
    repr(view).encode("utf-8")
    for _, value in view.headers:
        value.encode("utf-8")
    (view.text + (view.html or "") + view.html_as_text).encode("utf-8")
    with CaptureStore.open(":memory:") as store:
        store.add(raw, sender="", recipients=[])


def test_the_guess_on_receipt_agrees_with_the_parser(rich: bytes) -> None:
    plain = EmailMessage()
    plain.set_content("text\n-- \nsignature\n")
    alternative = EmailMessage()
    alternative.set_content("x")
    alternative.add_alternative("<p>x", subtype="html")
    single = EmailMessage()
    single.set_content(b"x", "application", "pdf")
    deep = nested(3).replace(b"\r\n\r\ndeep", b"\r\nContent-Disposition: attachment\r\n\r\ndeep")
    for raw in (rich, deep, nested(3), *map(crlf, (plain, alternative, single))):
        assert scan(raw).has_attachments == bool(parse_view(raw).attachments)
