"""Connections are reused, bounded and parted from; a dead one never costs a mail or sends it twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
import trustme

from core.delivery.smtp import SmtpTransport
from core.delivery.transport import DeliveryReport
from core.errors import ServerDeferred, ServerDisconnected
from core.values.configuration import AuthMechanism, Security
from core.values.operation import Outcome
from tests.core.delivery.smtp.servers import (
    Close,
    Hang,
    Ledger,
    Post,
    Reset,
    Scripted,
    Vault,
    envelope,
    real,
    scripted,
    server_tls,
    settings,
)

AUTH = {"EHLO": b"250-script.test\r\n250 AUTH PLAIN\r\n", "AUTH": b"235 fine\r\n"}


async def send(
    smtp: SmtpTransport, server: Scripted, ledger: Ledger | None = None, **changes: object
) -> DeliveryReport:
    return await smtp.send(
        settings(server.port, **changes), Vault().unlock, envelope(), (ledger or Ledger()).before_data
    )


@pytest.fixture
async def narrow() -> AsyncIterator[SmtpTransport]:
    """A transport with one connection per configuration."""
    transport = SmtpTransport(connections_per_configuration=1)
    yield transport
    await transport.close()


# Reuse


async def test_messages_share_a_connection_and_its_authentication(smtp: SmtpTransport) -> None:
    vault = Vault()
    async with scripted(AUTH) as server:
        for _ in range(5):
            report = await smtp.send(
                settings(server.port, auth_mechanism=AuthMechanism.PLAIN),
                vault.unlock,
                envelope(),
                Ledger().before_data,
            )
            assert report.outcome is Outcome.SENT
    assert server.connections == 1
    assert server.verbs().count("AUTH") == 1
    assert vault.opened == 1


async def test_a_real_server_takes_message_after_message_over_tls(
    smtp: SmtpTransport, authority: trustme.CA, authority_pem: str
) -> None:
    post = Post()
    tls = server_tls(authority.issue_cert("localhost"))
    async with real(post, tls=tls) as port:
        for _ in range(10):
            await smtp.send(
                settings(port, security=Security.STARTTLS, ca_certificate=authority_pem),
                Vault().unlock,
                envelope(),
                Ledger().before_data,
            )
        assert len(post.received) == 10
        assert len(post.peers) == 1
        await smtp.close()


async def test_many_at_once_have_no_more_connections_than_allowed(smtp: SmtpTransport) -> None:
    async with scripted() as server:
        reports = await asyncio.gather(*[send(smtp, server) for _ in range(40)])
    assert {report.outcome for report in reports} == {Outcome.SENT}
    assert len(server.contents) == 40
    assert server.connections <= 4


async def test_a_configuration_never_waits_for_another(narrow: SmtpTransport) -> None:
    async with scripted({"MAIL": Hang}) as dead, scripted() as alive:
        stuck = asyncio.create_task(send(narrow, dead))
        queued = asyncio.create_task(send(narrow, dead))
        report = await send(narrow, alive, configuration_id=UUID(int=2))
        assert report.outcome is Outcome.SENT
        for task in (stuck, queued):
            task.cancel()
        await asyncio.gather(stuck, queued, return_exceptions=True)


@pytest.mark.parametrize(
    "changes",
    [
        {"revision": 2},
        {"host": "127.0.0.1"},
        {"username": "someone"},
        {"auth_mechanism": AuthMechanism.AUTO},
        {"socket_timeout": 9_000},
    ],
)
async def test_changed_settings_get_a_new_connection_and_the_old_is_closed(
    smtp: SmtpTransport, changes: dict[str, object]
) -> None:
    async with scripted(AUTH) as server:
        await send(smtp, server)
        await send(smtp, server, **changes)
        await server.until_ended(1)
        assert server.connections == 2
        assert server.verbs().count("QUIT") == 1


async def test_a_connection_is_kept_for_so_many_messages_and_no_more() -> None:
    smtp = SmtpTransport(messages_per_connection=3)
    async with scripted() as server:
        for _ in range(7):
            await send(smtp, server)
        await server.until_ended(2)
        assert server.connections == 3
        await smtp.close()
        await server.until_ended(3)
    assert server.verbs().count("QUIT") == 3


async def test_an_idle_connection_is_closed_politely() -> None:
    smtp = SmtpTransport(idle_seconds=0.02)
    async with scripted() as server:
        await send(smtp, server)
        await server.until_ended(1)
        assert server.verbs()[-1] == "QUIT"
        assert (await send(smtp, server)).outcome is Outcome.SENT
        assert server.connections == 2
        await smtp.close()


# Dead connections


@pytest.mark.parametrize("verb", ["MAIL", "RCPT"])
@pytest.mark.parametrize("end", [Close, Reset, b"421 4.4.2 idle for too long\r\n"])
async def test_a_kept_connection_that_is_dead_before_data_costs_one_more_try(
    smtp: SmtpTransport, verb: str, end: object
) -> None:
    ledger = Ledger()
    async with scripted({verb: [b"250 fine\r\n", end, b"250 fine\r\n"]}) as server:
        await send(smtp, server)
        report = await send(smtp, server, ledger)
    assert report.outcome is Outcome.SENT
    assert server.connections == 2
    assert len(server.contents) == 2
    assert ledger.entries == 1
    assert "connect" in report.timings


async def test_only_one_more_try_is_made(smtp: SmtpTransport) -> None:
    async with scripted({"MAIL": [b"250 fine\r\n", Close]}) as server:
        await send(smtp, server)
        report = await send(smtp, server)
    assert report.outcome is Outcome.FAILED
    assert isinstance(report.error, ServerDisconnected)
    assert report.is_temporary
    assert server.connections == 2


async def test_a_kept_connection_that_the_server_closed_is_not_used(smtp: SmtpTransport) -> None:
    closed = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 x\r\n")
        for reply in (b"250 x\r\n", b"250 x\r\n", b"250 x\r\n", b"354 x\r\n"):
            await reader.readline()
            writer.write(reply)
        await reader.readuntil(b"\r\n.\r\n")
        writer.write(b"250 x\r\n")
        await writer.drain()
        writer.close()
        closed.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for _ in range(3):
        report = await smtp.send(settings(port), Vault().unlock, envelope(), Ledger().before_data)
        assert report.outcome is Outcome.SENT
        await closed.wait()
    server.close()


@pytest.mark.parametrize("end", [Close, Reset])
@pytest.mark.parametrize(("verb", "outcome"), [("DATA", Outcome.FAILED), ("content", Outcome.UNKNOWN)])
async def test_once_data_has_begun_nothing_is_tried_again(
    smtp: SmtpTransport, end: type, verb: str, outcome: Outcome
) -> None:
    first = b"354 go on\r\n" if verb == "DATA" else b"250 fine\r\n"
    ledger = Ledger()
    async with scripted({verb: [first, end, first]}) as server:
        await send(smtp, server)
        report = await send(smtp, server, ledger)
    assert report.outcome is outcome
    assert server.connections == 1
    assert ledger.entries == 1


async def test_421_to_data_on_a_kept_connection_is_not_tried_again(smtp: SmtpTransport) -> None:
    async with scripted({"DATA": [b"354 go on\r\n", b"421 bye\r\n"]}) as server:
        await send(smtp, server)
        report = await send(smtp, server)
    assert isinstance(report.error, ServerDeferred)
    assert server.connections == 1


async def test_a_kept_connection_that_hangs_gives_way_to_a_new_one(smtp: SmtpTransport) -> None:
    async with scripted({"MAIL": [b"250 fine\r\n", Hang, b"250 fine\r\n"]}) as server:
        await send(smtp, server, socket_timeout=250)
        report = await send(smtp, server, socket_timeout=250)
    assert report.outcome is Outcome.SENT
    assert server.connections == 2


# Cancelling and closing


@pytest.mark.parametrize("verb", ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "content"])
async def test_a_cancelled_send_leaves_no_connection_and_no_turn_behind(
    narrow: SmtpTransport, verb: str
) -> None:
    waits = asyncio.Event()

    def stall(_: bytes) -> bytes:
        waits.set()
        return b""

    async with scripted({verb: stall}) as server:
        task = asyncio.create_task(send(narrow, server))
        await waits.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.until_ended(1)
    async with scripted() as server:
        assert (await send(narrow, server)).outcome is Outcome.SENT


async def test_a_send_cancelled_in_before_data_sends_nothing(narrow: SmtpTransport) -> None:
    reached = asyncio.Event()

    async def before_data() -> None:
        reached.set()
        await asyncio.Event().wait()

    async with scripted() as server:
        task = asyncio.create_task(
            narrow.send(settings(server.port), Vault().unlock, envelope(), before_data)
        )
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.until_ended(1)
        assert "DATA" not in server.verbs()
        assert (await send(narrow, server)).outcome is Outcome.SENT
        assert server.connections == 2


async def test_one_who_stops_waiting_for_a_turn_takes_none(narrow: SmtpTransport) -> None:
    waits = asyncio.Event()

    def stall(_: bytes) -> bytes:
        waits.set()
        return b""

    async with scripted({"content": stall}) as server:
        holder = asyncio.create_task(send(narrow, server))
        waiter = asyncio.create_task(send(narrow, server))
        await waits.wait()
        waiter.cancel()
        await asyncio.gather(waiter, return_exceptions=True)
        holder.cancel()
        await asyncio.gather(holder, return_exceptions=True)
        assert server.connections == 1
    async with scripted() as server:
        assert (await send(narrow, server)).outcome is Outcome.SENT


async def test_closing_says_quit_to_every_idle_connection() -> None:
    smtp = SmtpTransport()
    async with scripted() as one, scripted() as two:
        await asyncio.gather(*[send(smtp, one) for _ in range(3)])
        await send(smtp, two, configuration_id=UUID(int=2))
        await smtp.close()
        await one.until_ended(one.connections)
        await two.until_ended(two.connections)
        assert one.verbs().count("QUIT") == one.connections
        assert two.verbs().count("QUIT") == two.connections
        with pytest.raises(RuntimeError, match="closed"):
            await send(smtp, one)


@pytest.mark.parametrize("answer", [Hang, Close, Reset, b"500 what\r\n", b"babble\r\n"])
async def test_closing_does_not_depend_on_the_server(answer: object) -> None:
    smtp = SmtpTransport()
    async with scripted({"QUIT": answer}) as server:
        await send(smtp, server, socket_timeout=50)
        await smtp.close()
        await server.until_ended(1)


async def test_a_send_that_is_on_its_way_when_the_transport_closes_is_finished() -> None:
    smtp = SmtpTransport()
    reached, proceed = asyncio.Event(), asyncio.Event()

    async def before_data() -> None:
        reached.set()
        await proceed.wait()

    async with scripted() as server:
        task = asyncio.create_task(smtp.send(settings(server.port), Vault().unlock, envelope(), before_data))
        await reached.wait()
        await smtp.close()
        proceed.set()
        assert (await task).outcome is Outcome.SENT
        await server.until_ended(1)
        assert server.verbs()[-1] == "QUIT"
        await smtp.close()
