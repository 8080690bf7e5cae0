"""The whole way with the real transport and real servers: what a server does stands in the log as it was."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from core.delivery.smtp import SmtpTransport
from core.testing import FakeTransport, FixedClock, MemoryKeyStore
from core.values.configuration import AuthMechanism, CheckStatus, Security
from core.values.grant import GrantFields
from core.values.operation import LogStatus, Outcome
from core.vault.secret import Secret
from core.workspace import Workspace
from tests.core.delivery.smtp.servers import Close, Hang, Post, real, scripted
from tests.core.making import PASSWORD, Gate, configuration_fields


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[Workspace]:
    """A workspace whose mail really leaves, to servers on this machine."""
    async with await Workspace.open(
        str(tmp_path / "w.sqlite3"), key_store=MemoryKeyStore(), transport=SmtpTransport(), clock=FixedClock()
    ) as workspace:
        yield workspace


async def gate_to(workspace: Workspace, port: int, **changes: Any) -> Gate:
    values: dict[str, Any] = {
        "security": Security.PLAINTEXT,
        "auth_mechanism": AuthMechanism.PLAIN,
        **changes,
    }
    made = await workspace.configurations.create(configuration_fields(port=port, **values), Secret(PASSWORD))
    agent = await workspace.agents.create("Postbot")
    grant = await workspace.grants.give(agent.id, made.id, GrantFields())
    return Gate(workspace, agent, made, grant, FakeTransport(), FixedClock())


def without_login(**changes: Any) -> dict[str, Any]:
    return {"auth_mechanism": AuthMechanism.NONE, "username": "", **changes}


def admits(server: object, session: object, envelope: object, mechanism: str, data: object) -> AuthResult:
    assert isinstance(data, LoginPassword)
    return AuthResult(success=data.password == PASSWORD.encode(), handled=False)


async def test_a_mail_arrives_as_it_was_kept_with_the_vaults_password(wired: Workspace) -> None:
    post = Post()
    async with real(post, authenticator=admits, auth_require_tls=False) as port:
        gate = await gate_to(wired, port)
        result = await gate.send("ada@away.test", bcc=("eve@away.test",), subject="Grüße")
        assert result.outcome is Outcome.SENT
        assert (await wired.configurations.test(gate.configuration.id)).ok
    (received,) = post.received
    assert received.rcpt_tos == ["ada@away.test", "eve@away.test"]
    assert received.mail_from == "owner@home.test"
    assert str(result.message_id).encode() in (received.original_content or b"")
    sent, tested = await gate.log()
    assert [each["address"] for each in sent.result["recipients"]] == received.rcpt_tos
    assert {"connect", "envelope", "data"} <= set(sent.result["timings"])
    assert tested.outcome is Outcome.TESTED
    assert PASSWORD not in f"{sent!r} {tested!r} {result!r}"


async def test_a_wrong_password_is_told_and_never_repeated(wired: Workspace) -> None:
    async with real(Post(), authenticator=admits, auth_require_tls=False) as port:
        gate = await gate_to(wired, port)
        wrong = "not-the-password-at-all"
        await wired.configurations.edit(gate.configuration.id, gate.configuration.fields, Secret(wrong))
        result = await gate.send()
        assert (result.outcome, result.error_code) == (Outcome.FAILED, "authentication")
        assert not (await wired.configurations.test(gate.configuration.id)).ok
        await wired.configurations.edit(gate.configuration.id, gate.configuration.fields, Secret(PASSWORD))
        assert (await gate.send()).outcome is Outcome.SENT
    assert wrong not in f"{await gate.log()!r} {await wired.configurations.list()!r} {result!r}"


async def test_a_server_that_echoes_the_password_is_not_quoted(wired: Workspace) -> None:
    encoded = base64.b64encode(f"\0owner\0{PASSWORD}".encode())
    script = {
        "EHLO": b"250-script.test\r\n250 AUTH PLAIN\r\n",
        "AUTH": b"535 5.7.8 no " + PASSWORD.encode() + b" nor " + encoded + b"\r\n",
    }
    async with scripted(script) as server:
        gate = await gate_to(wired, server.port)
        result = await gate.send()
        await wired.configurations.test(gate.configuration.id)
    assert result.error_code == "authentication"
    said = f"{await gate.log()!r} {await wired.configurations.list()!r} {result!r}"
    assert PASSWORD not in said
    assert encoded.decode() not in said


SCRIPTS: list[tuple[dict[str, Any], Outcome, str, LogStatus]] = [
    ({"greeting": b"554 not you\r\n"}, Outcome.FAILED, "rejected", LogStatus.ERROR),
    ({"greeting": b"421 busy\r\n"}, Outcome.FAILED, "deferred", LogStatus.ERROR),
    ({"greeting": b"HTTP/1.1 400 Bad\r\n\r\n"}, Outcome.FAILED, "protocol", LogStatus.ERROR),
    ({"greeting": Hang}, Outcome.FAILED, "timeout", LogStatus.TIMEOUT),
    ({"MAIL": b"451 later\r\n"}, Outcome.FAILED, "deferred", LogStatus.ERROR),
    ({"MAIL": Hang}, Outcome.FAILED, "timeout", LogStatus.TIMEOUT),
    ({"RCPT": b"550 no such user\r\n"}, Outcome.FAILED, "rejected", LogStatus.ERROR),
    ({"DATA": b"554 no\r\n"}, Outcome.FAILED, "rejected", LogStatus.ERROR),
    ({"content": b"552 too much\r\n"}, Outcome.FAILED, "rejected", LogStatus.ERROR),
    ({"content": b"452 disk full\r\n"}, Outcome.FAILED, "deferred", LogStatus.ERROR),
    ({"content": Close}, Outcome.UNKNOWN, "outcome_unknown", LogStatus.ERROR),
    ({"content": Hang}, Outcome.UNKNOWN, "outcome_unknown", LogStatus.ERROR),
]


async def test_each_way_in_which_a_server_fails_leaves_one_row_that_says_so(wired: Workspace) -> None:
    for number, (script, outcome, code, status) in enumerate(SCRIPTS):
        async with scripted(script) as server:
            made = await wired.configurations.create(
                configuration_fields(
                    connection_name=f"Server {number}",
                    port=server.port,
                    security=Security.PLAINTEXT,
                    greeting_timeout=200,
                    socket_timeout=200,
                    **without_login(),
                ),
                None,
            )
            agent = await wired.agents.create(f"Postbot {number}")
            grant = await wired.grants.give(agent.id, made.id, GrantFields())
            gate = Gate(wired, agent, made, grant, FakeTransport(), FixedClock())
            result = await gate.send()
        assert (result.outcome, result.error_code) == (outcome, code), script
        assert result.remedy, script
        rows = await gate.log()
        assert len(rows) == number + 1
        assert (rows[-1].outcome, rows[-1].error_code, rows[-1].status) == (outcome, code, status), script
        assert result.delivery_id is not None
        assert (await wired.mail.delivery(result.delivery_id)).state == outcome.value


async def test_a_port_where_nobody_listens_is_told(wired: Workspace, unused_tcp_port: int) -> None:
    gate = await gate_to(wired, unused_tcp_port, **without_login())
    result = await gate.send()
    assert (result.outcome, result.error_code) == (Outcome.FAILED, "connection_refused")
    report = await wired.configurations.test(gate.configuration.id)
    assert report.error_code == "connection_refused"
    assert (await wired.configurations.get("Main")).test_status is CheckStatus.FAILED
    assert [row.error_code for row in await gate.log()] == ["connection_refused"] * 2


async def test_a_server_without_starttls_gets_neither_mail_nor_password(wired: Workspace) -> None:
    async with scripted() as server:
        gate = await gate_to(wired, server.port, security=Security.STARTTLS)
        assert (await gate.send()).error_code == "starttls_missing"
        assert not {"AUTH", "MAIL", "DATA"} & set(server.verbs())


async def test_a_refusal_of_one_recipient_is_kept_beside_the_others(wired: Workspace) -> None:
    async with scripted({"RCPT": [b"250 fine\r\n", b"550 no such user\r\n"]}) as server:
        gate = await gate_to(wired, server.port, **without_login())
        result = await gate.send("good@away.test", "bad@away.test")
    assert result.outcome is Outcome.SENT
    assert [(each.address, each.accepted, each.code) for each in result.recipients] == [
        ("good@away.test", True, 250),
        ("bad@away.test", False, 550),
    ]
    (row,) = await gate.log()
    assert [each["accepted"] for each in row.result["recipients"]] == [True, False]


async def test_many_mails_at_once_all_arrive(wired: Workspace) -> None:
    post = Post()
    async with real(post) as port:
        gate = await gate_to(wired, port, **without_login())
        results = await asyncio.gather(*(gate.send(f"a{each}@away.test") for each in range(50)))
    assert {result.outcome for result in results} == {Outcome.SENT}
    assert {mail.rcpt_tos[0] for mail in post.received} == {f"a{each}@away.test" for each in range(50)}
    assert len(await gate.log()) == 50
