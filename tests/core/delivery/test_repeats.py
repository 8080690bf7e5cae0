"""The same mail asked for twice under one key is one mail."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.delivery.describe import request_hash
from core.errors import Conflict
from core.policy.draft import AttachmentRequest, MailRequest
from core.values.grant import Approval, GrantFields
from core.values.mail import SendResult
from core.values.operation import Outcome
from core.vault.secret import Secret
from tests.core.delivery.transports import Pause, SteppingTransport
from tests.core.making import PASSWORD, Gate, configuration_fields, mail

KEY = "order-7"


def essence(result: SendResult) -> tuple[Any, ...]:
    return (
        result.outcome,
        result.operation_id,
        result.delivery_id,
        result.message_id,
        result.recipients,
        result.reply,
    )


async def test_the_same_mail_again_gives_what_it_gave_before(gate: Gate) -> None:
    first = await gate.send(idempotency_key=KEY)
    for _ in range(3):
        assert essence(await gate.send(idempotency_key=KEY)) == essence(first)
    assert len(gate.transport.sent) == 1
    assert len(await gate.log()) == 1
    assert await gate.used() == (1, 1)


async def test_it_does_so_when_nothing_more_would_be_allowed(gate: Gate) -> None:
    await gate.regrant(daily_email_limit=1)
    first = await gate.send(idempotency_key=KEY)
    assert essence(await gate.send(idempotency_key=KEY)) == essence(first)
    await gate.workspace.grants.revoke(gate.grant.id)
    assert essence(await gate.send(idempotency_key=KEY)) == essence(first)
    assert len(await gate.log()) == 1


async def test_a_mail_that_is_held_stays_the_one_that_is_held(gate: Gate) -> None:
    await gate.regrant(approval=Approval.ALWAYS)
    first = await gate.send(idempotency_key=KEY)
    assert first.outcome is Outcome.HELD
    assert essence(await gate.send(idempotency_key=KEY)) == essence(first)


async def test_a_mail_that_was_denied_is_judged_anew(gate: Gate) -> None:
    await gate.regrant(can_send_email=False)
    assert (await gate.send(idempotency_key=KEY)).outcome is Outcome.DENIED
    await gate.regrant()
    assert (await gate.send(idempotency_key=KEY)).outcome is Outcome.SENT


OTHER_MAILS: list[dict[str, Any]] = [
    {"text": "Other."},
    {"subject": "Other"},
    {"cc": ("eve@away.test",)},
    {"html": ""},
]


async def test_the_key_of_another_mail_is_a_conflict(gate: Gate) -> None:
    await gate.send(idempotency_key=KEY)
    for changes in OTHER_MAILS:
        with pytest.raises(Conflict, match="another mail"):
            await gate.send(idempotency_key=KEY, **changes)
    assert len(gate.transport.sent) == 1
    assert await gate.used() == (1, 1)


async def test_the_same_mail_through_another_configuration_is_another_mail(gate: Gate) -> None:
    other = await gate.workspace.configurations.create(
        configuration_fields(connection_name="Other"), Secret(PASSWORD)
    )
    await gate.workspace.grants.give(gate.agent.id, other.id, GrantFields())
    request = mail(idempotency_key=KEY)
    await gate.workspace.mail.send(gate.agent.id, gate.configuration.id, request)
    with pytest.raises(Conflict, match="another mail"):
        await gate.workspace.mail.send(gate.agent.id, other.id, request)


async def test_two_agents_may_use_the_same_key(gate: Gate) -> None:
    other = await gate.workspace.agents.create("Second")
    await gate.workspace.grants.give(other.id, gate.configuration.id, GrantFields())
    first = await gate.send(idempotency_key=KEY)
    second = await gate.workspace.mail.send(other.id, gate.configuration.id, mail(idempotency_key=KEY))
    assert first.delivery_id != second.delivery_id
    assert len(gate.transport.sent) == 2


async def test_asked_for_many_times_at_once_it_leaves_once(gate: Gate) -> None:
    results = await asyncio.gather(
        *(gate.send(idempotency_key=KEY) for _ in range(12)), return_exceptions=True
    )
    for result in results:
        assert isinstance(result, SendResult | Conflict), result
    assert len(gate.transport.sent) == 1
    assert await gate.used() == (1, 1)
    assert len(await gate.log()) == 1
    assert (await gate.send(idempotency_key=KEY)).outcome is Outcome.SENT


async def test_while_it_is_on_its_way_that_is_said(gate: Gate, transport: SteppingTransport) -> None:
    transport.after = Pause()
    sending = asyncio.ensure_future(gate.send(idempotency_key=KEY))
    await transport.after.is_reached.wait()
    with pytest.raises(Conflict, match="still on its way") as caught:
        await gate.send(idempotency_key=KEY)
    assert "same key" in caught.value.remedy
    transport.after.may_go_on.set()
    assert (await sending).outcome is Outcome.SENT


def test_the_hash_tells_every_part_of_a_request_apart() -> None:
    file = AttachmentRequest(filename="a", content=b"bc")
    requests = [
        MailRequest(to=("a",)),
        MailRequest(cc=("a",)),
        MailRequest(bcc=("a",)),
        MailRequest(to=("a", "b")),
        MailRequest(to=("ab",)),
        MailRequest(to=("a",), text=""),
        MailRequest(to=("a",), html=""),
        MailRequest(to=("a",), from_email="x"),
        MailRequest(to=("a",), from_name="x"),
        MailRequest(to=("a",), reply_to="x"),
        MailRequest(to=("a",), headers=(("x", "y"),)),
        MailRequest(to=("a",), headers=(("xy", ""),)),
        MailRequest(to=("a",), attachments=(file,)),
        MailRequest(to=("a",), attachments=(AttachmentRequest(filename="ab", content=b"c"),)),
        MailRequest(to=("a",), attachments=(file, file)),
    ]
    assert len({request_hash(request) for request in requests}) == len(requests)
