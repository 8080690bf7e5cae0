"""TLS is verified always, required where it was asked for, and what went wrong is said in words."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from core.delivery.smtp import SmtpTransport
from core.delivery.smtp.connecting import is_loopback
from core.delivery.smtp.tls import verifying_context
from core.delivery.transport import DeliveryReport
from core.errors import (
    PlaintextRefused,
    ServerDeferred,
    ServerDisconnected,
    ServerProtocolError,
    StartTlsMissing,
    TlsFailed,
)
from core.values.configuration import AuthMechanism, Security
from core.values.operation import Outcome
from tests.core.delivery.smtp.servers import (
    Ledger,
    Post,
    Vault,
    envelope,
    real,
    scripted,
    self_signed,
    server_tls,
    settings,
)

CAPABILITIES = b"250-script.test\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n"
BOTH = pytest.mark.parametrize("security", [Security.STARTTLS, Security.IMPLICIT_TLS])


async def send(smtp: SmtpTransport, port: int, **changes: Any) -> DeliveryReport:
    return await smtp.send(settings(port, **changes), Vault().unlock, envelope(), Ledger().before_data)


@BOTH
async def test_mail_arrives_over_verified_tls(
    smtp: SmtpTransport, authority: trustme.CA, authority_pem: str, security: Security
) -> None:
    post = Post()
    tls = server_tls(authority.issue_cert("localhost"))
    async with real(post, tls=tls, is_implicit=security is Security.IMPLICIT_TLS) as port:
        report = await send(smtp, port, security=security, ca_certificate=authority_pem)
    assert report.outcome is Outcome.SENT
    assert post.are_secured == [True]
    assert {"connect", "tls"} <= set(report.timings)


async def test_a_server_by_address_is_verified_by_its_address(
    smtp: SmtpTransport, authority: trustme.CA, authority_pem: str
) -> None:
    good, bad = (server_tls(authority.issue_cert(name)) for name in ("127.0.0.1", "localhost"))
    options = {"security": Security.IMPLICIT_TLS, "ca_certificate": authority_pem, "host": "127.0.0.1"}
    async with real(Post(), tls=good, is_implicit=True) as port:
        assert (await send(smtp, port, **options)).outcome is Outcome.SENT
    async with real(Post(), tls=bad, is_implicit=True) as port:
        assert isinstance((await send(smtp, port, **options)).error, TlsFailed)


async def test_where_starttls_was_stripped_nothing_more_is_said(smtp: SmtpTransport) -> None:
    vault, ledger = Vault(), Ledger()
    async with scripted({"EHLO": b"250-script.test\r\n250 AUTH PLAIN LOGIN\r\n"}) as server:
        report = await smtp.send(
            settings(server.port, security=Security.STARTTLS, auth_mechanism=AuthMechanism.AUTO),
            vault.unlock,
            envelope(),
            ledger.before_data,
        )
        await server.until_ended(1)
    assert report.outcome is Outcome.FAILED
    assert isinstance(report.error, StartTlsMissing)
    assert server.verbs() == ["EHLO"]
    assert (vault.opened, ledger.entries) == (0, 0)


async def test_a_server_that_refuses_starttls_gets_nothing(smtp: SmtpTransport) -> None:
    async with scripted({"EHLO": CAPABILITIES, "STARTTLS": b"454 4.7.0 no TLS today\r\n"}) as server:
        report = await send(smtp, server.port, security=Security.STARTTLS)
        await server.until_ended(1)
    assert isinstance(report.error, ServerDeferred)
    assert "454 4.7.0 no TLS today" in str(report.error)
    assert server.verbs() == ["EHLO", "STARTTLS"]


async def test_a_reply_staged_before_the_handshake_breaks_it(
    smtp: SmtpTransport, authority: trustme.CA, authority_pem: str
) -> None:
    """In one piece with the 220 or behind it: what came in clear is never taken for an answer given in TLS."""
    staged = b"220 go on\r\n250-evil.test\r\n250 AUTH PLAIN\r\n235 fine\r\n"
    tls = server_tls(authority.issue_cert("localhost"))
    vault = Vault()
    after_tls = b"250-script.test\r\n250 SIZE 5000\r\n"
    async with scripted({"EHLO": [CAPABILITIES, after_tls], "STARTTLS": staged}, tls=tls) as server:
        report = await smtp.send(
            settings(
                server.port,
                security=Security.STARTTLS,
                auth_mechanism=AuthMechanism.AUTO,
                ca_certificate=authority_pem,
            ),
            vault.unlock,
            envelope(),
            Ledger().before_data,
        )
    # The server's true answer in TLS counts: it offers no authentication, whatever was staged.
    assert report.error is not None
    assert "offers no authentication" in str(report.error)
    assert server.verbs() == ["EHLO", "STARTTLS", "EHLO"]
    assert vault.opened == 0


async def test_a_reply_staged_in_front_of_starttls_ends_the_session(smtp: SmtpTransport) -> None:
    async with scripted({"EHLO": CAPABILITIES + b"220 go on\r\n"}) as server:
        report = await send(smtp, server.port, security=Security.STARTTLS)
        await server.until_ended(1)
    assert isinstance(report.error, ServerProtocolError)
    assert server.verbs() == ["EHLO"]


async def test_plaintext_behind_the_reply_to_starttls_breaks_the_handshake(smtp: SmtpTransport) -> None:
    """The second piece arrives where the client expects the server's part of the handshake."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            writer.write(b"220 script.test\r\n")
            await reader.readline()
            writer.write(CAPABILITIES)
            await reader.readline()
            writer.write(b"220 go on\r\n")
            await reader.readexactly(1)  # the handshake has begun
            writer.write(b"250-evil.test\r\n250 AUTH PLAIN\r\n235 fine\r\n")
            await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    report = await send(smtp, server.sockets[0].getsockname()[1], security=Security.STARTTLS)
    server.close()
    assert isinstance(report.error, TlsFailed)
    assert "does not speak TLS" in str(report.error)


async def test_a_host_may_end_with_a_dot(
    smtp: SmtpTransport, authority: trustme.CA, authority_pem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = server_tls(authority.issue_cert("localhost"))
    async with real(Post(), tls=tls) as port:

        async def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
            return [(2, 1, 6, "", ("127.0.0.1", port))]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
        report = await send(
            smtp, port, host="localhost.", security=Security.STARTTLS, ca_certificate=authority_pem
        )
    assert report.outcome is Outcome.SENT


@BOTH
async def test_an_expired_certificate_is_refused(
    smtp: SmtpTransport, authority: trustme.CA, authority_pem: str, security: Security
) -> None:
    past = datetime.now(UTC) - timedelta(days=3)
    tls = server_tls(authority.issue_cert("localhost", not_before=past - timedelta(days=9), not_after=past))
    post = Post()
    async with real(post, tls=tls, is_implicit=security is Security.IMPLICIT_TLS) as port:
        options = {"security": security, "ca_certificate": authority_pem}
        report = await send(smtp, port, **options)
        test = await smtp.probe(settings(port, **options), Vault().unlock)
    assert isinstance(report.error, TlsFailed)
    assert "expired" in str(report.error)
    assert not report.is_temporary
    assert not post.received
    assert f"expired on {past:%Y-%m-%d}" in str(test.error_message)
    assert test.certificate_expires_at == past.replace(microsecond=0)


@BOTH
async def test_a_certificate_for_another_name_is_refused(
    smtp: SmtpTransport, authority: trustme.CA, authority_pem: str, security: Security
) -> None:
    tls = server_tls(authority.issue_cert("mail.other.test", "smtp.other.test"))
    post = Post()
    async with real(post, tls=tls, is_implicit=security is Security.IMPLICIT_TLS) as port:
        options = {"security": security, "ca_certificate": authority_pem}
        report = await send(smtp, port, **options)
        test = await smtp.probe(settings(port, **options), Vault().unlock)
    assert isinstance(report.error, TlsFailed)
    assert "not for 'localhost'" in str(report.error)
    assert not post.received
    assert "is for mail.other.test, smtp.other.test, not for 'localhost'" in str(test.error_message)
    assert test.certificate_names == ("mail.other.test", "smtp.other.test")


@BOTH
async def test_a_certificate_from_an_unknown_authority_is_refused(
    smtp: SmtpTransport, authority: trustme.CA, authority_pem: str, security: Security
) -> None:
    stranger = trustme.CA(organization_name="Strange Authority")
    post = Post()
    tls = server_tls(stranger.issue_cert("localhost"))
    async with real(post, tls=tls, is_implicit=security is Security.IMPLICIT_TLS) as port:
        by_system = await smtp.probe(settings(port, security=security), Vault().unlock)
        options = {"security": security, "ca_certificate": authority_pem}
        report = await send(smtp, port, **options)
        by_configuration = await smtp.probe(settings(port, **options), Vault().unlock)
    assert isinstance(report.error, TlsFailed)
    assert not post.received
    assert "that this machine does not know" in str(by_system.error_message)
    assert "that the configuration's CA certificate does not know" in str(by_configuration.error_message)
    assert "Strange Authority" in str(by_configuration.certificate_issuer)


@BOTH
async def test_a_self_signed_certificate_is_refused_unless_it_is_the_one_to_trust(
    smtp: SmtpTransport, authority_pem: str, tmp_path: Path, security: Security
) -> None:
    tls, pem = self_signed(tmp_path)
    post = Post()
    async with real(post, tls=tls, is_implicit=security is Security.IMPLICIT_TLS) as port:
        report = await send(smtp, port, security=security, ca_certificate=authority_pem)
        assert isinstance(report.error, TlsFailed)
        assert "self-signed" in str(report.error)
        assert not post.received
        report = await send(smtp, port, security=security, ca_certificate=pem)
    assert report.outcome is Outcome.SENT


def test_the_configurations_authority_replaces_those_of_the_system(authority_pem: str) -> None:
    context = verifying_context(authority_pem)
    assert len(context.get_ca_certs()) == 1
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


@pytest.mark.parametrize(
    "pem", ["", "  ", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "ü"]
)
async def test_an_authority_that_is_no_certificate_is_named(smtp: SmtpTransport, pem: str) -> None:
    report = await send(smtp, 9, security=Security.IMPLICIT_TLS, ca_certificate=pem)
    assert isinstance(report.error, TlsFailed)
    assert "CA certificate can't be read" in str(report.error)


async def test_tls_before_1_2_is_refused(smtp: SmtpTransport, authority_pem: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(bytes((21, 3, 1, 0, 2, 2, 70)))  # alert, TLS 1.0, fatal, protocol_version (RFC 5246 7.2)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    report = await send(smtp, server.sockets[0].getsockname()[1], security=Security.IMPLICIT_TLS)
    server.close()
    assert isinstance(report.error, TlsFailed)
    assert "no longer safe" in str(report.error)


async def test_a_port_that_speaks_no_tls_is_named(smtp: SmtpTransport) -> None:
    async with scripted() as server:
        report = await send(smtp, server.port, security=Security.IMPLICIT_TLS)
    assert isinstance(report.error, TlsFailed)
    assert "does not speak TLS" in str(report.error)
    assert "587" in report.error.remedy


@pytest.mark.parametrize("end", ["close", "reset"])
async def test_a_handshake_that_is_broken_off_can_be_tried_again(smtp: SmtpTransport, end: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        if end == "reset":
            writer.transport.abort()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    report = await send(smtp, server.sockets[0].getsockname()[1], security=Security.IMPLICIT_TLS)
    server.close()
    assert isinstance(report.error, TlsFailed | ServerDisconnected)
    assert report.is_temporary


# Plaintext


async def test_plaintext_to_another_machine_is_refused_before_anything_is_sent(smtp: SmtpTransport) -> None:
    vault = Vault()
    report = await smtp.send(
        settings(9, host="192.0.2.1", auth_mechanism=AuthMechanism.PLAIN),
        vault.unlock,
        envelope(),
        Ledger().before_data,
    )
    assert report.outcome is Outcome.FAILED
    assert isinstance(report.error, PlaintextRefused)
    assert vault.opened == 0


async def test_plaintext_to_a_name_of_several_addresses_goes_to_this_machine_only(
    smtp: SmtpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scripted() as server:

        async def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
            return [
                (2, 1, 6, "", ("192.0.2.1", server.port)),
                (2, 1, 6, "", ("127.0.0.1", server.port)),
            ]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
        report = await send(smtp, server.port, host="mail.test")
        monkeypatch.undo()
    assert report.outcome is Outcome.SENT


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:192.0.2.1", False),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.0.1", False),
        ("fe80::1%lo", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_what_counts_as_this_machine(address: str, own: bool) -> None:
    assert is_loopback(address) is own
