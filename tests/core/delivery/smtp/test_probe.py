"""Testing a configuration shows what happened, step by step, or the exact step that failed."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from core.delivery.smtp import SmtpTransport
from core.errors import SecretUnreadable
from core.values.configuration import AuthMechanism, Security, StepStatus, TestReport
from core.vault.secret import Secret
from tests.core.delivery.smtp.servers import (
    PASSWORD,
    Close,
    Hang,
    Post,
    Vault,
    real,
    scripted,
    server_tls,
    settings,
)
from tests.core.delivery.smtp.test_authentication import USER, check

TestReport.__test__ = False  # type: ignore[attr-defined]


def statuses(report: TestReport) -> dict[str, str]:
    return {step.name: step.status.value for step in report.steps}


def detail(report: TestReport, name: str) -> str:
    return next(step.detail for step in report.steps if step.name == name)


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.IMPLICIT_TLS])
async def test_a_working_configuration_shows_every_step(
    smtp: SmtpTransport, authority: trustme.CA, authority_pem: str, security: Security
) -> None:
    expiry = (datetime.now(UTC) + timedelta(days=90)).replace(microsecond=0)
    tls = server_tls(authority.issue_cert("localhost", common_name="mail.home.test", not_after=expiry))
    post, vault = Post(), Vault()
    is_implicit = security is Security.IMPLICIT_TLS
    options = {"authenticator": check, "auth_require_tls": not is_implicit}
    async with real(post, tls=tls, is_implicit=is_implicit, **options) as port:
        report = await smtp.probe(
            settings(
                port,
                security=security,
                auth_mechanism=AuthMechanism.AUTO,
                username=USER,
                ca_certificate=authority_pem,
            ),
            vault.unlock,
        )
    assert report.ok
    assert set(statuses(report).values()) == {"passed"}
    middle = ["tls", "greeting"] if is_implicit else ["greeting", "tls"]
    assert list(statuses(report)) == ["resolve", "connect", *middle, "capabilities", "authentication"]
    assert report.addresses == ("127.0.0.1",)
    assert report.tls_version == "TLSv1.3"
    assert report.tls_cipher is not None
    assert report.tls_cipher.startswith("TLS_")
    assert report.certificate_subject == "mail.home.test"
    assert "Test Authority" in str(report.certificate_issuer)
    assert report.certificate_names == ("localhost",)
    assert report.certificate_expires_at == expiry
    assert "SMTPUTF8" in report.capabilities
    assert "AUTH LOGIN PLAIN" in report.capabilities
    assert report.authenticated_with == "plain"
    assert f"valid until {expiry:%Y-%m-%d}" in detail(report, "tls")
    assert detail(report, "greeting").startswith("220 real.test")
    assert vault.opened == 1
    assert not post.received


async def test_nothing_is_sent_but_what_a_session_needs(smtp: SmtpTransport) -> None:
    async with scripted() as server:
        report = await smtp.probe(settings(server.port), Vault().unlock)
        await server.until_ended(1)
    assert report.ok
    assert server.verbs() == ["EHLO", "QUIT"]


async def test_what_the_configuration_does_not_ask_for_is_skipped(smtp: SmtpTransport) -> None:
    vault = Vault()
    async with scripted() as server:
        report = await smtp.probe(settings(server.port), vault.unlock)
    assert statuses(report) == {
        "resolve": "passed",
        "connect": "passed",
        "greeting": "passed",
        "tls": "skipped",
        "capabilities": "passed",
        "authentication": "skipped",
    }
    assert all(step.detail for step in report.steps)
    assert vault.opened == 0


@pytest.mark.parametrize(
    ("script", "step", "code"),
    [
        ({"greeting": b"554 go away\r\n"}, "greeting", "rejected"),
        ({"greeting": b"421 busy\r\n"}, "greeting", "deferred"),
        ({"greeting": Close}, "greeting", "disconnected"),
        ({"greeting": Hang}, "greeting", "timeout"),
        ({"greeting": b"HTTP/1.1 400 Bad Request\r\n"}, "greeting", "protocol"),
        ({"EHLO": b"250 x\r\n"}, "tls", "starttls_missing"),
        ({"EHLO": b"250-x\r\n250 STARTTLS\r\n", "STARTTLS": b"454 no\r\n"}, "tls", "deferred"),
        ({"EHLO": Close}, "tls", "disconnected"),
    ],
)
async def test_the_step_that_failed_is_named_and_the_rest_not_reached(
    smtp: SmtpTransport, script: dict[str, object], step: str, code: str
) -> None:
    async with scripted(script) as server:  # type: ignore[arg-type]
        report = await smtp.probe(
            settings(server.port, security=Security.STARTTLS, greeting_timeout=250), Vault().unlock
        )
    names = list(statuses(report))
    found = [statuses(report)[name] for name in names]
    assert found == ["passed"] * names.index(step) + ["failed"] + ["skipped"] * (5 - names.index(step))
    assert (report.error_code, report.ok) == (code, False)
    assert detail(report, step) == report.error_message
    assert report.remedy


async def test_a_refused_connection_and_an_unknown_host_are_their_own_steps(smtp: SmtpTransport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    refused = await smtp.probe(settings(port), Vault().unlock)
    assert refused.error_code == "connection_refused"
    assert statuses(refused)["connect"] == "failed"
    assert refused.addresses == ("127.0.0.1",)
    unknown = await smtp.probe(settings(25, host="no-such-host.invalid"), Vault().unlock)
    assert unknown.error_code == "host_unknown"
    assert statuses(unknown)["resolve"] == "failed"


async def test_plaintext_to_another_machine_fails_at_the_connection(smtp: SmtpTransport) -> None:
    report = await smtp.probe(settings(25, host="192.0.2.1"), Vault().unlock)
    assert report.error_code == "plaintext_refused"
    assert statuses(report)["connect"] == "failed"


async def test_a_wrong_password_is_shown_with_the_servers_words_but_without_itself(
    smtp: SmtpTransport,
) -> None:
    answers = {
        "EHLO": b"250-x\r\n250 AUTH PLAIN\r\n",
        "AUTH": lambda command: b"535 5.7.8 bad: " + command + PASSWORD.encode() + b"\r\n",
    }
    async with scripted(answers) as server:
        report = await smtp.probe(settings(server.port, auth_mechanism=AuthMechanism.PLAIN), Vault().unlock)
    assert report.error_code == "authentication"
    assert "535 5.7.8 bad" in str(report.error_message)
    assert PASSWORD not in repr(report)
    assert report.capabilities == ("AUTH PLAIN",)


async def test_a_password_that_the_vault_does_not_open_is_a_failed_step(smtp: SmtpTransport) -> None:
    async def unlock() -> Secret:
        raise SecretUnreadable("The stored password does not open.")

    async with scripted({"EHLO": b"250-x\r\n250 AUTH PLAIN\r\n"}) as server:
        report = await smtp.probe(settings(server.port, auth_mechanism=AuthMechanism.PLAIN), unlock)
    assert report.error_code == "secret_unreadable"
    assert next(step for step in report.steps if step.name == "authentication").status is StepStatus.FAILED


async def test_a_look_at_a_refused_certificate_sends_nothing_over_it(
    smtp: SmtpTransport, authority: trustme.CA
) -> None:
    tls = server_tls(authority.issue_cert("localhost"))
    vault = Vault()
    offer = b"250-x\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n"
    async with scripted({"EHLO": offer}, tls=tls) as server:
        report = await smtp.probe(
            settings(server.port, security=Security.STARTTLS, auth_mechanism=AuthMechanism.PLAIN),
            vault.unlock,
        )
        await server.until_ended(2)
    assert report.error_code == "tls"
    assert report.certificate_names == ("localhost",)
    assert server.verbs() == ["EHLO", "STARTTLS"] * 2
    assert vault.opened == 0
