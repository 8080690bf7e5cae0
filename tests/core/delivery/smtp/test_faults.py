"""A server that hangs, hangs up or refuses, in each phase: what is reported, and that nothing lingers."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any

import pytest
import trustme

from core.delivery.smtp import SmtpTransport
from core.errors import (
    ConnectionRefused,
    HostUnknown,
    OutcomeUnknown,
    ServerDeferred,
    ServerDisconnected,
    ServerRejected,
    ServerTimeout,
    TransportError,
)
from core.values.configuration import Security
from core.values.operation import Outcome
from tests.core.delivery.smtp.phases import PHASES, QUICK, SHORT, script, send
from tests.core.delivery.smtp.servers import (
    Close,
    Hang,
    Ledger,
    Reset,
    Vault,
    envelope,
    scripted,
    server_tls,
    settings,
)

# Silence


@pytest.mark.parametrize(("verb", "changes", "words"), PHASES)
async def test_a_server_that_hangs_yields_a_timeout_that_names_the_phase(
    smtp: SmtpTransport, verb: str, changes: dict[str, Any], words: str
) -> None:
    limit = "greeting_timeout" if verb == "greeting" else "socket_timeout"
    async with scripted(script(verb, Hang)) as server:
        report = await send(smtp, server, **{limit: SHORT}, **changes)
        await server.until_ended(1)
    assert report.outcome is Outcome.FAILED
    assert isinstance(report.error, ServerTimeout)
    assert words in str(report.error)
    assert "within 0.25 s" in str(report.error)
    assert report.is_temporary
    assert server.connections == 1


async def test_a_server_that_hangs_after_the_dot_leaves_the_outcome_unknown(smtp: SmtpTransport) -> None:
    async with scripted({"content": Hang}) as server:
        report = await send(smtp, server, **QUICK)
        await server.until_ended(1)
    assert report.outcome is Outcome.UNKNOWN
    assert isinstance(report.error, OutcomeUnknown)
    assert not report.is_temporary
    assert [result.accepted for result in report.recipients] == [True, True]
    assert server.connections == 1


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.IMPLICIT_TLS])
async def test_a_handshake_that_hangs_is_a_timeout_of_connecting(
    smtp: SmtpTransport, security: Security
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if security is Security.STARTTLS:
            writer.write(b"220 script.test\r\n")
            await reader.readline()
            writer.write(b"250-script.test\r\n250 STARTTLS\r\n")
            await reader.readline()
            writer.write(b"220 go on\r\n")
        while await reader.read(65536):
            pass
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    report = await smtp.send(
        settings(port, security=security, connection_timeout=SHORT),
        Vault().unlock,
        envelope(),
        Ledger().before_data,
    )
    server.close()
    assert isinstance(report.error, ServerTimeout)
    assert "TLS handshake" in str(report.error)


async def test_a_reply_to_starttls_that_never_comes_is_a_timeout(smtp: SmtpTransport) -> None:
    async with scripted({"EHLO": b"250-x\r\n250 STARTTLS\r\n", "STARTTLS": Hang}) as server:
        report = await send(smtp, server, security=Security.STARTTLS, connection_timeout=SHORT)
    assert isinstance(report.error, ServerTimeout)
    assert "STARTTLS" in str(report.error)


async def test_a_host_that_never_takes_the_connection_is_a_timeout(
    smtp: SmtpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: Any) -> None:
        await asyncio.Event().wait()

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "sock_connect", never)
    report = await smtp.send(
        settings(25, connection_timeout=SHORT), Vault().unlock, envelope(), Ledger().before_data
    )
    assert isinstance(report.error, ServerTimeout)
    assert "connection request" in str(report.error)


async def test_a_name_service_that_never_answers_is_a_timeout(
    smtp: SmtpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: Any, **__: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", never)
    report = await smtp.send(
        settings(25, connection_timeout=SHORT), Vault().unlock, envelope(), Ledger().before_data
    )
    assert isinstance(report.error, ServerTimeout)
    assert "look-up" in str(report.error)


async def test_a_server_that_stops_reading_a_large_message_is_a_timeout_and_not_unknown(
    smtp: SmtpTransport,
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 script.test\r\n")
        for _ in range(3):
            await reader.readline()
            writer.write(b"250 fine\r\n")
        await reader.readline()
        writer.write(b"354 go on\r\n")
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await gone.wait()
        writer.transport.abort()

    gone = asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    large = envelope(content=b"\r\n" + b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 500_000)
    report = await smtp.send(
        settings(port, socket_timeout=SHORT), Vault().unlock, large, Ledger().before_data
    )
    gone.set()
    server.close()
    assert report.outcome is Outcome.FAILED
    assert isinstance(report.error, ServerTimeout)
    assert report.is_temporary
    assert "only a part of the message" in str(report.error)


# Hanging up


@pytest.mark.parametrize("end", [Close, Reset])
@pytest.mark.parametrize(("verb", "changes", "words"), PHASES)
async def test_a_server_that_hangs_up_is_a_disconnect_that_names_the_phase(
    smtp: SmtpTransport, verb: str, changes: dict[str, Any], words: str, end: type
) -> None:
    async with scripted(script(verb, end)) as server:
        report = await send(smtp, server, **changes)
    assert report.outcome is Outcome.FAILED
    assert isinstance(report.error, ServerDisconnected)
    assert words in str(report.error)
    assert report.is_temporary
    assert server.connections == 1


@pytest.mark.parametrize("end", [Close, Reset])
async def test_a_server_that_hangs_up_after_the_dot_leaves_the_outcome_unknown(
    smtp: SmtpTransport, end: type
) -> None:
    async with scripted({"content": end}) as server:
        report = await send(smtp, server)
    assert report.outcome is Outcome.UNKNOWN
    assert isinstance(report.error, OutcomeUnknown)
    assert server.connections == 1


@pytest.mark.parametrize("then", ["reads on", "closes", "stops reading"])
async def test_a_refusal_in_the_middle_of_a_large_message_is_heard(smtp: SmtpTransport, then: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 script.test\r\n")
        for _ in range(3):
            await reader.readline()
            writer.write(b"250 fine\r\n")
        await reader.readline()
        writer.write(b"354 go on\r\n")
        await reader.readexactly(100_000)
        writer.write(b"552 5.3.4 too large\r\n")
        await writer.drain()
        if then == "reads on":
            while b"QUIT" not in await reader.read(65536):
                pass
        elif then == "stops reading":
            await over.wait()
        writer.close()

    over = asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    large = envelope(content=b"\r\n" + (b"y" * 70 + b"\r\n") * 300_000)
    timeout = 200 if then == "stops reading" else 10_000
    report = await smtp.send(
        settings(port, socket_timeout=timeout), Vault().unlock, large, Ledger().before_data
    )
    over.set()
    await smtp.close()
    server.close()
    assert report.outcome is Outcome.FAILED
    assert report.reply == "552 5.3.4 too large"
    assert not report.is_temporary


async def test_an_acceptance_before_the_end_of_the_message_is_not_believed(smtp: SmtpTransport) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 script.test\r\n")
        for _ in range(3):
            await reader.readline()
            writer.write(b"250 fine\r\n")
        await reader.readline()
        writer.write(b"354 go on\r\n")
        await reader.readexactly(1_000)
        writer.write(b"250 queued\r\n")
        await over.wait()
        writer.close()

    over = asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    large = envelope(content=b"\r\n" + (b"y" * 70 + b"\r\n") * 300_000)
    report = await smtp.send(settings(port, socket_timeout=200), Vault().unlock, large, Ledger().before_data)
    over.set()
    server.close()
    assert report.outcome is Outcome.UNKNOWN


# Refusals


@pytest.mark.parametrize(("verb", "changes", "words"), [*PHASES, ("content", {}, "the message")])
async def test_421_is_a_temporary_failure_in_every_phase(
    smtp: SmtpTransport, verb: str, changes: dict[str, Any], words: str
) -> None:
    async with scripted(script(verb, b"421 4.3.2 shutting down\r\n")) as server:
        report = await send(smtp, server, **changes)
        await server.until_ended(1)
    assert report.outcome is Outcome.FAILED
    assert isinstance(report.error, ServerDeferred)
    assert report.is_temporary
    assert report.reply == "421 4.3.2 shutting down"
    assert server.connections == 1


@pytest.mark.parametrize(("verb", "changes", "words"), [*PHASES, ("content", {}, "the message")])
async def test_4xx_is_temporary_and_says_what_was_refused(
    smtp: SmtpTransport, verb: str, changes: dict[str, Any], words: str
) -> None:
    async with scripted(script(verb, b"451 4.3.0 try later\r\n")) as server:
        report = await send(smtp, server, **changes)
    assert report.outcome is Outcome.FAILED
    assert isinstance(report.error, ServerDeferred)
    assert report.is_temporary
    assert report.reply == "451 4.3.0 try later"
    assert "451 4.3.0 try later" in str(report.error)


@pytest.mark.parametrize(
    ("verb", "words"), [(p[0], p[2]) for p in PHASES if p[0] != "AUTH"] + [("content", "the message")]
)
async def test_5xx_is_for_good_and_says_what_was_refused(smtp: SmtpTransport, verb: str, words: str) -> None:
    async with scripted(script(verb, b"554 5.7.1 not you\r\n")) as server:
        report = await send(smtp, server)
    assert report.outcome is Outcome.FAILED
    assert isinstance(report.error, ServerRejected)
    assert not report.is_temporary
    assert "554 5.7.1 not you" in str(report.error)


async def test_after_a_refusal_the_connection_serves_the_next_message(smtp: SmtpTransport) -> None:
    answers = [b"550 no\r\n", b"550 no\r\n", b"250 fine\r\n"]
    async with scripted(
        {
            "RCPT": answers,
            "content": [b"554 spam\r\n", b"250 fine\r\n"],
            "MAIL": [b"550 no\r\n", b"250 fine\r\n"],
        }
    ) as server:
        outcomes = [(await send(smtp, server)).outcome for _ in range(4)]
    assert outcomes == [Outcome.FAILED] * 3 + [Outcome.SENT]
    assert server.connections == 1
    assert server.verbs().count("RSET") == 2


# No way to the server


async def test_a_refused_connection_names_host_and_port(smtp: SmtpTransport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    report = await smtp.send(settings(port), Vault().unlock, envelope(), Ledger().before_data)
    assert isinstance(report.error, ConnectionRefused)
    assert f"localhost:{port}" in str(report.error)
    assert "nothing listens" in str(report.error)
    assert report.is_temporary


@pytest.mark.parametrize("host", ["no-such-host.invalid", "", " ", "a" * 300, "a\r\nb", "bad host", "x..y"])
async def test_an_unknown_host_is_named(smtp: SmtpTransport, host: str) -> None:
    report = await smtp.send(
        settings(25, host=host, security=Security.STARTTLS), Vault().unlock, envelope(), Ledger().before_data
    )
    assert isinstance(report.error, HostUnknown)
    assert "\r" not in str(report.error)


async def test_the_second_address_is_tried_when_the_first_refuses(
    smtp: SmtpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scripted() as server:

        async def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
            return [(2, 1, 6, "", ("127.0.0.2", server.port)), (2, 1, 6, "", ("127.0.0.1", server.port))]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
        report = await send(smtp, server)
        monkeypatch.undo()
    assert report.outcome is Outcome.SENT


async def test_every_fault_says_what_to_do(smtp: SmtpTransport) -> None:
    for verb, changes, _ in PHASES:
        for answer in (Close, b"451 later\r\n", b"554 no\r\n", b"babble\r\n"):
            async with scripted(script(verb, answer)) as server:
                error = (await send(smtp, server, **changes)).error
            assert isinstance(error, TransportError)
            assert error.remedy
            assert str(error).endswith((".", "later", "no"))


async def test_faults_in_tls_are_the_same_as_without(
    smtp: SmtpTransport, authority: trustme.CA, authority_pem: str
) -> None:
    tls: ssl.SSLContext = server_tls(authority.issue_cert("localhost"))
    options = {"security": Security.IMPLICIT_TLS, "ca_certificate": authority_pem}
    expected = [
        ({"MAIL": Close}, Outcome.FAILED, ServerDisconnected),
        ({"MAIL": Reset}, Outcome.FAILED, ServerDisconnected),
        ({"greeting": Close}, Outcome.FAILED, ServerDisconnected),
        ({"content": Close}, Outcome.UNKNOWN, OutcomeUnknown),
        ({"content": Reset}, Outcome.UNKNOWN, OutcomeUnknown),
    ]
    for answers, outcome, error in expected:
        async with scripted(answers, tls=tls, is_implicit=True) as server:
            report = await send(smtp, server, **options)
        assert report.outcome is outcome
        assert isinstance(report.error, error)
