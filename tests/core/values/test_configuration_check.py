"""What a configuration's form refuses, at which field, and with which remedy."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.values.configuration import AuthMechanism, ConfigurationFields, Security
from core.values.configuration_check import check_configuration, is_loopback_host

SOUND = ConfigurationFields(
    connection_name="Office", host="smtp.example.com", username="me", from_email="me@example.com"
)


def fields_of(**changes: Any) -> list[str]:
    return [problem.field for problem in check_configuration(replace(SOUND, **changes))]


def remedy_of(**changes: Any) -> str:
    (problem,) = check_configuration(replace(SOUND, **changes))
    return problem.remedy


def pem(content: bytes = b"\x30\x03abc", label: str = "CERTIFICATE") -> str:
    body = base64.encodebytes(content).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n"


def test_a_sound_configuration_has_no_problem() -> None:
    assert check_configuration(SOUND) == ()
    assert fields_of(from_name="Bürö 🎉", reply_to_email="a@b.test", ca_certificate=pem() + pem()) == []


def test_every_problem_is_named_at_its_field() -> None:
    assert fields_of(
        connection_name=" ",
        host="",
        port=0,
        security="ssl",
        username="",
        from_email="me",
        from_name="a\nb",
        reply_to_email="",
        greeting_timeout=0,
        max_emails_per_day=0,
        ca_certificate="",
    ) == [
        "connection_name",
        "host",
        "port",
        "security",
        "username",
        "from_email",
        "from_name",
        "reply_to_email",
        "greeting_timeout",
        "max_emails_per_day",
        "ca_certificate",
    ]


@pytest.mark.parametrize("name", ["", " ", "a\nb", "a\0", "x" * 101, " a", "a ", "a\u202eb", "\ud800"])
def test_a_name_is_one_line_that_can_be_read(name: str) -> None:
    assert set(fields_of(connection_name=name)) == {"connection_name"}


@pytest.mark.parametrize(
    "host",
    [
        "smtp.example.com",
        "MAIL",
        "localhost",
        "mail_server",
        "192.0.2.1",
        "2001:db8::1",
        "::1",
        "xn--bcher-kva.test",
    ],
)
def test_a_host_is_a_name_or_an_address(host: str) -> None:
    assert fields_of(host=host) == []


@pytest.mark.parametrize(
    ("host", "remedy"),
    [
        ("", "smtp.example.com"),
        ("smtp://x.test:25", "host and port apart"),
        ("https://x.test/", "host and port apart"),
        ("x.test/", "host and port apart"),
        ("x.test:25", "host and port apart"),
        ("192.0.2.1:25", "host and port apart"),
        ("x .test", "the name alone"),
        ("x.test\n", "the name alone"),
        ("x\0.test", "the name alone"),
        ("me@x.test", "belongs into From"),
        ("[::1]", "Write ::1 without"),
        ("x.test.", "Write x.test."),
        ("bücher.test", "Write xn--bcher-kva.test."),
        ("☃.test", "xn--"),
        ("x..test", "letters, digits"),
        ("-x.test", "letters, digits"),
        ("x-.test", "letters, digits"),
        ("a" * 64 + ".test", "letters, digits"),
        ("a." * 130 + "test", "letters, digits"),
        ("256.1.1.1", "all four numbers"),
        ("127.1", "all four numbers"),
        ("2130706433", "all four numbers"),
        ("0x7f.0.0.0x1", "all four numbers"),
        ("fe80::1%eth0", "host and port apart"),
    ],
)
def test_any_other_host_is_refused_with_the_way_to_write_it(host: str, remedy: str) -> None:
    assert remedy in remedy_of(host=host)


@pytest.mark.parametrize("port", [0, -1, 65536, 10**9, True])
def test_a_port_is_1_to_65535(port: int) -> None:
    assert fields_of(port=port) == ["port"]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.8.8", "::1"])
def test_mail_without_tls_may_go_to_this_machine(host: str) -> None:
    assert is_loopback_host(host)
    assert fields_of(host=host, security=Security.PLAINTEXT) == []


@pytest.mark.parametrize(
    "host",
    [
        "smtp.example.com",
        "192.0.2.1",
        "10.0.0.1",
        "localhost.evil.test",
        "x.localhost",
        "::",
        "::ffff:10.0.0.1",
    ],
)
def test_mail_without_tls_goes_nowhere_else(host: str) -> None:
    assert not is_loopback_host(host)
    assert fields_of(host=host, security=Security.PLAINTEXT) == ["security"]


def test_a_user_name_is_needed_unless_the_server_wants_none() -> None:
    assert fields_of(username="") == ["username"]
    assert fields_of(username="", auth_mechanism=AuthMechanism.NONE) == []
    assert fields_of(username="a\r\nb") == ["username"]
    assert fields_of(username="x" * 321) == ["username"]


@pytest.mark.parametrize("field", ["from_email", "reply_to_email"])
@pytest.mark.parametrize("address", ["", "me", "Me <me@x.test>", "me@x.test\r\nBcc: e@evil.test", "a@b@c"])
def test_an_address_of_a_sender_is_held_to_what_a_recipients_is(field: str, address: str) -> None:
    assert fields_of(**{field: address}) == [field]


@pytest.mark.parametrize("name", ["a\r\nBcc: e@evil.test", "a\u2028b", "a\0", "a\u202eb", "x" * 201])
def test_a_senders_name_is_one_line(name: str) -> None:
    assert fields_of(from_name=name) == ["from_name"]


@pytest.mark.parametrize("field", ["connection_timeout", "greeting_timeout", "socket_timeout"])
def test_a_timeout_is_above_nothing_and_at_most_ten_minutes(field: str) -> None:
    assert fields_of(**{field: 1}) == []
    assert fields_of(**{field: 600_000}) == []
    for value in (0, -1, 600_001, 1.5, None):
        assert fields_of(**{field: value}) == [field]


@pytest.mark.parametrize("field", ["max_emails_per_day", "max_recipients_per_email", "max_message_bytes"])
def test_a_limit_is_a_whole_number_above_nothing_that_the_columns_hold(field: str) -> None:
    assert fields_of(**{field: 1}) == []
    for value in (0, -1, 2**31, None, True):
        assert fields_of(**{field: value}) == [field]


@pytest.mark.parametrize("field", ["security", "auth_mechanism", "on_uncertain"])
def test_a_choice_is_one_of_those_there_are(field: str) -> None:
    assert fields_of(**{field: "x"}) == [field]


@pytest.mark.parametrize("text", [pem(), "comment\n" + pem() + "\r\n" + pem(), pem().replace("\n", "\r\n")])
def test_certificates_in_pem_form_are_taken(text: str) -> None:
    assert fields_of(ca_certificate=text) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "/etc/ssl/ca.pem",
        pem(b"abc"),  # not DER
        pem().replace("MAN", "M*N"),
        pem().replace("-----END CERTIFICATE-----\n", ""),
        pem().replace("-----BEGIN CERTIFICATE-----\n", ""),
        "-----BEGIN CERTIFICATE-----\n" + pem(),
        pem(label="CERTIFICATE REQUEST"),
        pem() + "\0",
        pem() + "ü",
        "x" * 300_000,
    ],
)
def test_anything_else_in_the_field_for_certificates_is_refused(text: str) -> None:
    assert fields_of(ca_certificate=text) == ["ca_certificate"]


def test_a_private_key_among_the_certificates_is_not_kept() -> None:
    assert "keep the key to yourself" in remedy_of(ca_certificate=pem() + pem(label="PRIVATE KEY"))


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_whatever_is_typed_is_sound_or_a_named_problem(name: str, host: str, address: str, text: str) -> None:
    problems = check_configuration(
        replace(
            SOUND, connection_name=name, host=host, from_email=address, from_name=text, ca_certificate=text
        )
    )
    assert all(problem.field and problem.message.isprintable() and problem.remedy for problem in problems)
    if not {problem.field for problem in problems} & {"host"}:
        assert host.isascii()
        assert not set(host) & set(" \t\r\n\0/@")
