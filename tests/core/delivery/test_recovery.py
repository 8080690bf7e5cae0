"""Deliveries whose sender died: what may have been sent is not sent again, the rest is sent once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.delivery.outbox import LEASE
from core.errors import WrongState
from core.testing import MemoryKeyStore
from core.values.operation import LogFilter, Outcome
from core.workspace import Workspace, add_user
from tests.core.delivery.transports import Pause, SteppingTransport
from tests.core.making import Gate, run_sql


async def states(gate: Gate) -> list[str]:
    return [row.state for row in await run_sql(gate.workspace, "SELECT state FROM deliveries ORDER BY id")]


async def left_behind(gate: Gate, *, after_data: bool) -> None:
    """A delivery as a process leaves it that is killed before, or after, DATA began."""
    await gate.send()
    gate.transport.sent.clear()
    begun = "data_started_at" if after_data else "NULL"
    await run_sql(
        gate.workspace,
        f"UPDATE deliveries SET state = '{'sending' if after_data else 'queued'}', data_started_at = {begun}, "
        "finished_at = NULL, result = NULL, lease_expires_at = :lease",
        {
            "lease": (gate.clock.now() + LEASE).replace(
                tzinfo=None if is_sqlite(gate) else gate.clock.now().tzinfo
            )
        },
    )
    await run_sql(gate.workspace, "DELETE FROM smtp_operation_logs")


def is_sqlite(gate: Gate) -> bool:
    return gate.workspace.url_label == "SQLite"


async def test_a_delivery_in_its_senders_hands_is_left_alone(gate: Gate) -> None:
    await left_behind(gate, after_data=False)
    gate.clock.move(LEASE - timedelta(seconds=1))
    assert await gate.workspace.mail.recover() == 0
    assert gate.transport.sent == []


async def test_one_that_died_before_data_is_sent_once_as_it_was(gate: Gate) -> None:
    await left_behind(gate, after_data=False)
    stored = await run_sql(gate.workspace, "SELECT content, message_id FROM deliveries")
    gate.clock.move(LEASE)
    assert await gate.workspace.mail.recover() == 1
    (envelope,) = gate.transport.sent
    assert (envelope.content, envelope.message_id) == (bytes(stored[0][0]), stored[0][1])
    (row,) = await gate.log()
    assert (row.outcome, row.retry_count) == (Outcome.SENT, 1)
    assert await gate.workspace.mail.recover() == 0
    assert len(gate.transport.sent) == 1
    assert await gate.used() == (1, 1)  # charged when it was taken in


async def test_one_that_died_after_data_began_is_unknown_and_not_sent_again(gate: Gate) -> None:
    await left_behind(gate, after_data=True)
    gate.clock.move(LEASE)
    assert await gate.workspace.mail.recover() == 1
    assert gate.transport.sent == []
    assert await states(gate) == ["unknown"]
    (row,) = await gate.log()
    assert (row.outcome, row.error_code) == (Outcome.UNKNOWN, "outcome_unknown")
    assert "before you send it again" in row.result["remedy"]
    gate.clock.move(LEASE * 10)
    assert await gate.workspace.mail.recover() == 0
    assert len(await gate.log()) == 1


async def test_one_whose_grant_was_revoked_meanwhile_is_not_sent(gate: Gate) -> None:
    await left_behind(gate, after_data=False)
    await gate.workspace.grants.revoke(gate.grant.id)
    gate.clock.move(LEASE)
    assert await gate.workspace.mail.recover() == 1
    assert gate.transport.sent == []
    assert [row.error_code for row in await gate.log()] == ["no_longer_allowed"]


@pytest.mark.parametrize("after_data", [False, True])
async def test_of_many_who_look_after_it_at_once_one_does(gate: Gate, after_data: bool) -> None:
    await left_behind(gate, after_data=after_data)
    gate.clock.move(LEASE)
    counts = await asyncio.gather(*(gate.workspace.mail.recover() for _ in range(6)))
    assert sum(counts) == 1
    assert len(await gate.log()) == 1
    assert len(gate.transport.sent) == (0 if after_data else 1)


async def test_a_clock_that_steps_back_leases_nothing_twice(gate: Gate) -> None:
    await left_behind(gate, after_data=False)
    gate.clock.move(LEASE)
    pause = Pause()
    transport = gate.transport
    assert isinstance(transport, SteppingTransport)
    transport.before = pause
    first = asyncio.ensure_future(gate.workspace.mail.recover())
    await pause.is_reached.wait()
    gate.clock.move(-LEASE * 3)
    assert await gate.workspace.mail.recover() == 0
    pause.may_go_on.set()
    assert await first == 1
    assert len(transport.sent) == 1


async def test_a_slow_sender_whose_mail_was_taken_over_can_neither_send_nor_rewrite_it(
    gate: Gate, transport: SteppingTransport
) -> None:
    slow = Pause()
    transport.before = slow
    sending = asyncio.ensure_future(gate.send())
    await slow.is_reached.wait()
    gate.clock.move(LEASE)
    transport.before = Pause()
    transport.before.may_go_on.set()
    assert await gate.workspace.mail.recover() == 1
    slow.may_go_on.set()
    with pytest.raises(WrongState, match="taken this mail over"):
        await sending
    assert len(transport.sent) == 1
    assert await states(gate) == ["sent"]
    assert [row.outcome for row in await gate.log()] == [Outcome.SENT]


async def test_an_answer_that_comes_after_all_is_better_than_unknown(
    gate: Gate, transport: SteppingTransport
) -> None:
    slow = Pause()
    transport.after = slow
    sending = asyncio.ensure_future(gate.send())
    await slow.is_reached.wait()
    gate.clock.move(LEASE)
    assert await gate.workspace.mail.recover() == 1
    assert await states(gate) == ["unknown"]
    slow.may_go_on.set()
    assert (await sending).outcome is Outcome.SENT
    assert await states(gate) == ["sent"]
    assert [row.outcome for row in await gate.log()] == [Outcome.UNKNOWN, Outcome.SENT]


async def test_the_mails_of_another_user_are_not_ours_to_look_after(gate: Gate, database_url: str) -> None:
    await left_behind(gate, after_data=False)
    gate.clock.move(LEASE)
    await add_user(database_url, "mallory@home.test")
    async with await Workspace.open(
        database_url,
        user="mallory@home.test",
        key_store=MemoryKeyStore(gate.workspace._context.vault._key),
        transport=SteppingTransport(),
        clock=gate.clock,
    ) as mallory:
        assert await mallory.mail.recover() == 0
        assert await mallory.log.page(LogFilter()) == []
    assert await gate.workspace.mail.recover() == 1


async def test_one_poisoned_delivery_does_not_keep_the_others_back(
    gate: Gate, transport: SteppingTransport
) -> None:
    await gate.send("first@away.test")
    await gate.send("second@away.test")
    transport.sent.clear()
    lease = gate.clock.now().replace(tzinfo=None if is_sqlite(gate) else gate.clock.now().tzinfo)
    await run_sql(
        gate.workspace,
        "UPDATE deliveries SET state = 'queued', data_started_at = NULL, lease_expires_at = :lease",
        {"lease": lease},
    )
    failures = iter([ValueError("poison")])

    async def once() -> None:
        for error in failures:
            raise error

    transport.before = once
    assert await gate.workspace.mail.recover() == 2
    assert await states(gate) == ["failed", "sent"]
