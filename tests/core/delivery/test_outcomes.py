"""What a delivery ended in is recorded as it was: sent, failed or unknown, with one row of the log for each mail."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

import pytest

from core.delivery.transport import DeliveryReport
from core.errors import (
    DatabaseLocked,
    OutcomeUnknown,
    ServerDeferred,
    ServerRejected,
    ServerTimeout,
    TlsFailed,
    TransportError,
)
from core.values.grant import GrantFields
from core.values.mail import RecipientResult
from core.values.operation import LogStatus, Outcome
from core.vault.secret import Secret
from tests.core.delivery.transports import Pause, SteppingTransport, fail
from tests.core.making import PASSWORD, Gate, configuration_fields, run_sql


async def states(gate: Gate) -> list[str]:
    return [row.state for row in await run_sql(gate.workspace, "SELECT state FROM deliveries ORDER BY id")]


REPORTS = [
    (DeliveryReport(outcome=Outcome.FAILED, error=ServerRejected("550 no")), LogStatus.ERROR, "failed"),
    (
        DeliveryReport(outcome=Outcome.FAILED, error=ServerDeferred("450 later"), is_temporary=True),
        LogStatus.ERROR,
        "failed",
    ),
    (DeliveryReport(outcome=Outcome.FAILED, error=ServerTimeout("silent")), LogStatus.TIMEOUT, "failed"),
    (DeliveryReport(outcome=Outcome.FAILED, error=TlsFailed("expired")), LogStatus.ERROR, "failed"),
    (DeliveryReport(outcome=Outcome.UNKNOWN, error=OutcomeUnknown("no answer")), LogStatus.ERROR, "unknown"),
]


async def test_each_end_of_a_delivery_is_logged_with_code_status_and_remedy(gate: Gate) -> None:
    for report, status, state in REPORTS:
        gate.transport.report = report
        result = await gate.send()
        assert report.error is not None
        row = (await gate.log())[-1]
        assert (result.outcome, row.outcome, row.status) == (report.outcome, report.outcome, status)
        assert (result.error_code, row.error_code) == (report.error.code, report.error.code)
        assert (result.error_message, row.error_message) == (str(report.error), str(report.error))
        assert result.remedy == row.result["remedy"] == report.error.remedy != ""
        assert row.result["temporary"] is report.is_temporary
        assert (await states(gate))[-1] == state
    assert len(await gate.log()) == len(REPORTS)
    assert await gate.used() == (len(REPORTS), len(REPORTS))  # what was handed over was taken


async def test_an_answer_that_no_database_can_keep_is_kept_all_the_same(gate: Gate) -> None:
    reply = "250 \x00 \ud800 " + "x" * 100_000
    gate.transport.report = DeliveryReport(
        outcome=Outcome.SENT,
        recipients=(RecipientResult(address="ada@away.test", accepted=True, code=250, text=reply),),
        reply=reply,
    )
    assert (await gate.send()).outcome is Outcome.SENT
    assert await states(gate) == ["sent"]
    (row,) = await gate.log()
    assert row.result["reply"].startswith("250 \ufffd ? xxx")
    assert len(row.result["reply"]) == 2_000


# What may still stop a mail between the outbox and DATA


async def pause(gate: Gate) -> None:
    await gate.workspace.agents.pause(gate.agent.id)


async def revoke(gate: Gate) -> None:
    await gate.workspace.grants.revoke(gate.grant.id)


async def forbid(gate: Gate) -> None:
    await gate.regrant(can_send_email=False)


async def expire(gate: Gate) -> None:
    await gate.regrant(expires_at=gate.clock.now() + timedelta(seconds=1))
    gate.clock.move(timedelta(seconds=1))


async def archive(gate: Gate) -> None:
    await gate.workspace.configurations.archive(gate.configuration.id)


async def switch_off(gate: Gate) -> None:
    await gate.workspace.configurations.edit(gate.configuration.id, configuration_fields(is_active=False))


async def restore(gate: Gate) -> None:
    grants, configuration = gate.workspace.grants, gate.configuration
    await gate.workspace.agents.resume(gate.agent.id)
    await grants.revoke(gate.grant.id)
    await gate.workspace.configurations.edit(configuration.id, configuration.fields)
    gate.grant = await grants.give(gate.agent.id, configuration.id, GrantFields())


async def test_what_is_withdrawn_while_a_mail_waits_stops_it(
    gate: Gate, transport: SteppingTransport
) -> None:
    ways = (pause, revoke, forbid, expire, switch_off, archive)
    for number, withdraw in enumerate(ways, start=1):
        transport.before = partial(withdraw, gate)
        result = await gate.send()
        assert (result.outcome, result.error_code) == (Outcome.FAILED, "no_longer_allowed"), withdraw
        assert transport.sent == []
        assert await states(gate) == ["failed"] * number
        row = (await gate.log())[-1]
        assert (row.id, row.outcome, row.error_code) == (
            result.operation_id,
            Outcome.FAILED,
            "no_longer_allowed",
        )
        assert "withdrawn" in (row.error_message or "")
        if withdraw is not archive:
            await restore(gate)
    assert len(await gate.log()) == len(ways)


# The vault


async def test_the_transport_is_given_the_password_and_nobody_else(
    gate: Gate, transport: SteppingTransport
) -> None:
    transport.opens_password = True
    result = await gate.send()
    assert transport.passwords == [PASSWORD]
    assert PASSWORD not in f"{result!r} {await gate.log()!r}"


async def test_a_password_that_does_not_open_stops_the_mail_and_is_logged(
    gate: Gate, transport: SteppingTransport
) -> None:
    transport.opens_password = True
    for damage in (
        "ciphertext = wrapped_key",
        "wrapped_key = ciphertext",
        "version = version + 1",
        "purpose = 'something else'",
    ):
        await run_sql(gate.workspace, f"UPDATE vault_secrets SET {damage}")
        result = await gate.send()
        assert (result.outcome, result.error_code) == (Outcome.FAILED, "password_unavailable"), damage
        assert result.remedy
        row = (await gate.log())[-1]
        assert (row.id, row.error_code) == (result.operation_id, "password_unavailable")
        # Entered again, as the remedy says, it opens.
        fields = gate.configuration.fields
        await gate.workspace.configurations.edit(gate.configuration.id, fields, Secret(PASSWORD))
    assert transport.sent == []
    assert await states(gate) == ["failed"] * 4
    assert (await gate.send()).outcome is Outcome.SENT


async def test_a_secret_moved_to_another_configuration_does_not_open(
    gate: Gate, transport: SteppingTransport
) -> None:
    transport.opens_password = True
    other = await gate.workspace.configurations.create(
        configuration_fields(connection_name="Other"), Secret("the other password")
    )
    await run_sql(
        gate.workspace,
        "UPDATE vault_secrets SET ciphertext = (SELECT v.ciphertext FROM vault_secrets v WHERE v.id <> "
        "vault_secrets.id), wrapped_key = (SELECT v.wrapped_key FROM vault_secrets v WHERE v.id <> vault_secrets.id)",
    )
    assert other.has_password
    assert (await gate.send()).error_code == "password_unavailable"


# Errors that nobody foresaw


UNFORESEEN = (ValueError("secret detail"), OSError("secret detail"), TransportError("told"))


async def test_whatever_a_transport_raises_before_data_the_mail_has_failed(
    gate: Gate, transport: SteppingTransport
) -> None:
    for error in UNFORESEEN:
        transport.before = partial(fail, error)
        result = await gate.send()
        assert (result.outcome, result.error_code) == (Outcome.FAILED, "transport")
        row = (await gate.log())[-1]
        assert (row.id, row.outcome) == (result.operation_id, Outcome.FAILED)
        assert "secret detail" not in f"{row!r} {result!r}"
    assert await states(gate) == ["failed"] * len(UNFORESEEN)


async def test_whatever_a_transport_raises_after_data_has_begun_the_outcome_is_unknown(
    gate: Gate, transport: SteppingTransport
) -> None:
    for error in UNFORESEEN:
        transport.after = partial(fail, error)
        result = await gate.send()
        assert (result.outcome, result.error_code) == (Outcome.UNKNOWN, "outcome_unknown")
    assert await states(gate) == ["unknown"] * len(UNFORESEEN)
    assert len(await gate.log()) == len(UNFORESEEN)


async def test_a_database_that_fails_right_before_data_stops_the_mail(
    gate: Gate, transport: SteppingTransport
) -> None:
    transport.before = partial(fail, DatabaseLocked("somebody holds it"))
    result = await gate.send()
    assert (result.outcome, result.error_code) == (Outcome.FAILED, "not_recorded")
    assert transport.sent == []


# Whoever waits goes away


async def cancelled_at(gate: Gate, pause: Pause) -> None:
    sending = asyncio.ensure_future(gate.send())
    await pause.is_reached.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


async def test_a_mail_whose_sender_goes_before_data_has_not_been_sent(
    gate: Gate, transport: SteppingTransport
) -> None:
    transport.before = Pause()
    await cancelled_at(gate, transport.before)
    (row,) = await gate.log()
    assert (row.outcome, row.error_code) == (Outcome.FAILED, "transport")
    assert "before the message was handed over" in (row.error_message or "")
    assert await states(gate) == ["failed"]
    assert transport.sent == []


async def test_a_mail_whose_sender_goes_after_data_has_begun_is_unknown(
    gate: Gate, transport: SteppingTransport
) -> None:
    transport.after = Pause()
    await cancelled_at(gate, transport.after)
    (row,) = await gate.log()
    assert (row.outcome, row.error_code) == (Outcome.UNKNOWN, "outcome_unknown")
    assert await states(gate) == ["unknown"]


async def test_an_outcome_that_is_known_is_recorded_even_if_nobody_waits_for_it(gate: Gate) -> None:
    """Cancelled at each step of the loop in turn, a mail is never sent and recorded as something else."""
    for steps in range(60):
        sent = len(gate.transport.sent)
        rows = len(await gate.log())
        sending = asyncio.ensure_future(gate.send())
        for _ in range(steps):
            await asyncio.sleep(0)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        was_sent = len(gate.transport.sent) > sent
        added = (await gate.log())[rows:]
        if was_sent:
            assert [row.outcome for row in added] in ([Outcome.SENT], [Outcome.UNKNOWN]), steps
        else:
            assert [row.outcome for row in added] in ([], [Outcome.FAILED], [Outcome.UNKNOWN]), steps
    assert not {"sending"} & set(await states(gate))
