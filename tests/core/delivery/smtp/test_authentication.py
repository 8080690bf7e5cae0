"""Each mechanism proves the password to a real server, which never gives it back through us."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import MISSING, SMTP, AuthResult, LoginPassword

from core.delivery.smtp import SmtpTransport
from core.errors import AuthenticationFailed, ServerDeferred, ServerProtocolError, VaultError
from core.values.configuration import AuthMechanism, Security
from core.values.operation import Outcome
from core.vault.secret import MASK, Secret
from tests.core.delivery.smtp.servers import (
    PASSWORD,
    Ledger,
    Post,
    Scripted,
    Vault,
    envelope,
    real,
    scripted,
    server_tls,
    settings,
)

USER = "jürgen@home.test"


def check(server: Any, session: Any, mail: Any, mechanism: str, data: Any) -> AuthResult:
    """aiosmtpd's side of PLAIN and LOGIN."""
    right = isinstance(data, LoginPassword) and data == LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False, auth_data=mechanism if right else None)


class PostWithCram(Post):
    """A server that also speaks CRAM-MD5 (RFC 2195)."""

    async def auth_CRAM__MD5(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802
        challenge = b"<1896.697170952@real.test>"
        answer = await server.challenge_auth(challenge)
        if answer is MISSING:
            return AuthResult(success=False)
        expected = hmac.new(PASSWORD.encode(), challenge, "md5").hexdigest()
        right = answer == f"{USER} {expected}".encode()
        return AuthResult(success=right, handled=False, auth_data="CRAM-MD5" if right else None)


async def send_to_real(
    smtp: SmtpTransport,
    authority: trustme.CA,
    post: Post,
    mechanism: AuthMechanism,
    vault: Vault | None = None,
    **options: Any,
) -> Any:
    tls = server_tls(authority.issue_cert("localhost"))
    async with real(
        post, tls=tls, authenticator=check, auth_required=True, require_starttls=True, **options
    ) as port:
        return await smtp.send(
            settings(
                port,
                security=Security.STARTTLS,
                auth_mechanism=mechanism,
                username=USER,
                ca_certificate=authority.cert_pem.bytes().decode(),
            ),
            (vault or Vault()).unlock,
            envelope(),
            Ledger().before_data,
        )


@pytest.mark.parametrize("mechanism", [AuthMechanism.PLAIN, AuthMechanism.LOGIN, AuthMechanism.CRAM_MD5])
async def test_a_real_server_accepts_each_mechanism_with_letters_beyond_ascii(
    smtp: SmtpTransport, authority: trustme.CA, mechanism: AuthMechanism
) -> None:
    post, vault = PostWithCram(), Vault()
    report = await send_to_real(smtp, authority, post, mechanism, vault)
    assert report.outcome is Outcome.SENT
    assert post.users == [mechanism.value.upper()]
    assert vault.opened == 1
    assert "auth" in report.timings


@pytest.mark.parametrize(
    ("excluded", "chosen"),
    [([], "CRAM-MD5"), (["CRAM-MD5"], "PLAIN"), (["CRAM-MD5", "PLAIN"], "LOGIN")],
)
async def test_auto_takes_the_strongest_that_the_server_offers(
    smtp: SmtpTransport, authority: trustme.CA, excluded: list[str], chosen: str
) -> None:
    post = PostWithCram()
    await send_to_real(smtp, authority, post, AuthMechanism.AUTO, auth_exclude_mechanism=excluded)
    assert post.users == [chosen]


@pytest.mark.parametrize("mechanism", [m for m in AuthMechanism if m is not AuthMechanism.NONE])
async def test_a_wrong_password_fails_for_good(
    smtp: SmtpTransport, authority: trustme.CA, mechanism: AuthMechanism
) -> None:
    post = PostWithCram()
    report = await send_to_real(smtp, authority, post, mechanism, Vault("wrong"))
    assert report.outcome is Outcome.FAILED
    assert isinstance(report.error, AuthenticationFailed)
    assert not report.is_temporary
    assert USER in str(report.error)
    assert not post.received


# What is said, and when


async def attempt(
    smtp: SmtpTransport,
    server: Scripted,
    mechanism: AuthMechanism,
    vault: Vault | None = None,
    **changes: Any,
) -> Any:
    return await smtp.send(
        settings(server.port, auth_mechanism=mechanism, **changes),
        (vault or Vault()).unlock,
        envelope(),
        Ledger().before_data,
    )


def offering(mechanisms: bytes) -> bytes:
    return b"250-script.test\r\n250 AUTH " + mechanisms + b"\r\n"


@pytest.mark.parametrize(("mechanism", "username"), [(AuthMechanism.NONE, "agent"), (AuthMechanism.AUTO, "")])
async def test_without_credentials_the_vault_stays_closed(
    smtp: SmtpTransport, mechanism: AuthMechanism, username: str
) -> None:
    vault = Vault()
    async with scripted({"EHLO": offering(b"PLAIN")}) as server:
        report = await attempt(smtp, server, mechanism, vault, username=username)
    assert report.outcome is Outcome.SENT
    assert "AUTH" not in server.verbs()
    assert vault.opened == 0


@pytest.mark.parametrize(
    ("offer", "words"),
    [
        (b"250 script.test\r\n", "offers no authentication"),
        (offering(b"XOAUTH2 GSSAPI"), "offers XOAUTH2, GSSAPI, but not CRAM-MD5, PLAIN, LOGIN"),
    ],
)
async def test_a_server_that_offers_nothing_we_can_use_never_sees_the_password(
    smtp: SmtpTransport, offer: bytes, words: str
) -> None:
    vault = Vault()
    async with scripted({"EHLO": offer}) as server:
        report = await attempt(smtp, server, AuthMechanism.AUTO, vault)
    assert isinstance(report.error, AuthenticationFailed)
    assert words in str(report.error)
    assert vault.opened == 0


async def test_an_explicit_mechanism_is_never_replaced_by_another(smtp: SmtpTransport) -> None:
    vault = Vault()
    async with scripted({"EHLO": offering(b"PLAIN LOGIN")}) as server:
        report = await attempt(smtp, server, AuthMechanism.CRAM_MD5, vault)
    assert isinstance(report.error, AuthenticationFailed)
    assert "but not CRAM-MD5" in str(report.error)
    assert vault.opened == 0


async def test_auto_goes_on_where_the_server_does_not_know_what_it_offers(smtp: SmtpTransport) -> None:
    answers = [
        b"504 5.5.4 no such mechanism\r\n",
        b"504 5.5.4 no such mechanism\r\n",
        b"334 VXNlcm5hbWU6\r\n",
    ]
    accept = {b64encode(PASSWORD.encode()).decode().upper(): b"235 fine\r\n"}
    user = {b64encode(b"agent").decode().upper(): b"334 UGFzc3dvcmQ6\r\n"}
    offer = offering(b"CRAM-MD5 PLAIN LOGIN")
    async with scripted({"EHLO": offer, "AUTH": answers, **user, **accept}) as server:
        report = await attempt(smtp, server, AuthMechanism.AUTO)
    assert report.outcome is Outcome.SENT
    assert [line.split()[1] for line in server.commands if line.startswith(b"AUTH")] == [
        b"CRAM-MD5",
        b"PLAIN",
        b"LOGIN",
    ]


async def test_a_wrong_password_is_not_tried_with_every_mechanism(smtp: SmtpTransport) -> None:
    refuse = b"535 5.7.8 no\r\n"
    async with scripted({"EHLO": offering(b"PLAIN LOGIN"), "AUTH": refuse}) as server:
        report = await attempt(smtp, server, AuthMechanism.AUTO)
    assert isinstance(report.error, AuthenticationFailed)
    assert server.verbs().count("AUTH") == 1


async def test_a_refusal_for_now_can_be_tried_again(smtp: SmtpTransport) -> None:
    async with scripted({"EHLO": offering(b"PLAIN"), "AUTH": b"454 4.7.0 later\r\n"}) as server:
        report = await attempt(smtp, server, AuthMechanism.AUTO)
    assert isinstance(report.error, ServerDeferred)
    assert report.is_temporary


@pytest.mark.parametrize("challenge", [b"334 !!!\r\n", b"334 ====\r\n"])
async def test_a_challenge_that_is_none_is_named(smtp: SmtpTransport, challenge: bytes) -> None:
    async with scripted({"EHLO": offering(b"CRAM-MD5"), "AUTH": challenge}) as server:
        report = await attempt(smtp, server, AuthMechanism.CRAM_MD5)
    assert report.outcome is Outcome.FAILED
    assert isinstance(report.error, ServerProtocolError | AuthenticationFailed)


async def test_a_vault_that_does_not_open_is_not_the_servers_fault(smtp: SmtpTransport) -> None:
    async def unlock() -> Secret:
        raise VaultError("the key is missing")

    async with scripted({"EHLO": offering(b"PLAIN")}) as server:
        with pytest.raises(VaultError, match="key is missing"):
            await smtp.send(
                settings(server.port, auth_mechanism=AuthMechanism.PLAIN),
                unlock,
                envelope(),
                Ledger().before_data,
            )
        await server.until_ended(1)
    assert server.verbs() == ["EHLO"]


# A server that gives the credentials back


def echoes(command: bytes) -> bytes:
    """Everything that a server can make of what it was told, in every reply."""
    argument = command.split(b" ")[-1]
    try:
        decoded = b64decode(argument, validate=True).replace(b"\0", b" ")
    except ValueError:
        decoded = b""
    return b"535 5.7.8 refused: " + command + b" (" + decoded + b") " + PASSWORD.encode() + b"\r\n"


@pytest.mark.parametrize("mechanism", [AuthMechanism.PLAIN, AuthMechanism.LOGIN, AuthMechanism.CRAM_MD5])
async def test_credentials_that_the_server_echoes_are_redacted(
    smtp: SmtpTransport, mechanism: AuthMechanism
) -> None:
    challenge = b"334 PDE4OTYuNjk3MTcwOTUyQHJlYWwudGVzdD4=\r\n"
    digest = hmac.new(PASSWORD.encode(), b"<1896.697170952@real.test>", "md5").hexdigest()
    cram = b64encode(f"agent {digest}".encode()).decode()
    last = {b64encode(PASSWORD.encode()).decode().upper(): echoes, cram.upper(): echoes}
    first = {b64encode(b"agent").decode().upper(): b"334 UGFzc3dvcmQ6\r\n"}
    answer = echoes if mechanism is AuthMechanism.PLAIN else challenge
    offer = offering(b"PLAIN LOGIN CRAM-MD5")
    async with scripted({"EHLO": offer, "AUTH": answer, **first, **last}) as server:
        report = await attempt(smtp, server, mechanism)
        test = await smtp.probe(settings(server.port, auth_mechanism=mechanism), Vault().unlock)
    assert isinstance(report.error, AuthenticationFailed)
    for text in (str(report.error), report.reply, repr(report), repr(test)):
        assert MASK in text
        for secret in (
            PASSWORD,
            b64encode(PASSWORD.encode()).decode(),
            b64encode(f"\0agent\0{PASSWORD}".encode()).decode(),
            cram,
            digest,
        ):
            assert secret not in text


async def test_the_password_is_redacted_from_every_later_reply_too(smtp: SmtpTransport) -> None:
    password = "".join(
        f"{letter}\x00" for letter in PASSWORD
    ).encode()  # hidden by characters that are stripped
    told = b"250 2.0.0 " + PASSWORD.encode() + b" " + b64encode(PASSWORD.encode()) + b"\r\n"
    hidden = b"250 2.0.0 \x07" + password.replace(b"\x00", b"\xe2\x80\x8b") + b"\r\n"
    async with scripted(
        {"EHLO": offering(b"PLAIN"), "AUTH": b"235 fine\r\n", "RCPT": hidden, "content": told}
    ) as server:
        first = await attempt(smtp, server, AuthMechanism.PLAIN)
        second = await attempt(smtp, server, AuthMechanism.PLAIN)
    assert server.connections == 1
    for report in (first, second):
        assert report.outcome is Outcome.SENT
        assert PASSWORD.replace(" ", "") not in repr(report).replace(" ", "")
        assert PASSWORD not in repr(report)
        assert b64encode(PASSWORD.encode()).decode() not in repr(report)
