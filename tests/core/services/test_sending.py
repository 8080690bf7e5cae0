"""The one way of a mail: what is logged, kept and charged when it is allowed, denied, held or unsound."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.delivery.transport import DeliveryReport
from core.errors import InvalidInput, NotFound, ServerRejected
from core.policy.draft import AttachmentRequest, MailRequest
from core.policy.verdict import Decision
from core.values.grant import Approval, GrantFields
from core.values.mail import RecipientResult
from core.values.operation import LogStatus, OperationType, Outcome
from tests.core.making import Gate, mail, run_sql


async def deliveries(gate: Gate) -> list[Any]:
    return await run_sql(
        gate.workspace, "SELECT state, attempts, data_started_at FROM deliveries ORDER BY id"
    )


async def test_an_allowed_mail_is_in_the_outbox_the_log_and_the_limits(gate: Gate) -> None:
    result = await gate.send("ada@away.test", cc=("bob@away.test",), bcc=("eve@away.test",))
    assert result.outcome is Outcome.SENT
    assert result.verdict.decision is Decision.ALLOWED
    (envelope,) = gate.transport.sent
    assert envelope.recipients == ("ada@away.test", "bob@away.test", "eve@away.test")
    assert envelope.message_id == result.message_id
    assert b"eve@away.test" not in envelope.content

    assert result.delivery_id is not None
    delivery = await gate.workspace.mail.delivery(result.delivery_id)
    assert (delivery.state, delivery.subject, delivery.recipients) == ("sent", "Hello", envelope.recipients)
    assert (delivery.message_id, delivery.size_bytes) == (envelope.message_id, len(envelope.content))
    stored = await run_sql(gate.workspace, "SELECT content FROM deliveries")
    assert bytes(stored[0][0]) == envelope.content

    (row,) = await gate.log()
    assert row.id == result.operation_id
    assert (row.operation_type, row.outcome, row.status) == (
        OperationType.SEND_EMAIL,
        Outcome.SENT,
        LogStatus.SUCCESS,
    )
    assert (row.agent_name, row.connection_name) == ("Postbot", "Main")
    assert (row.delivery_id, row.recipients_count) == (result.delivery_id, 3)
    assert row.params == {
        "to": ["ada@away.test"],
        "cc": ["bob@away.test"],
        "bcc": ["eve@away.test"],
        "subject": "Hello",
        "from": "owner@home.test",
        "message_id": envelope.message_id,
    }
    assert [each["accepted"] for each in row.result["recipients"]] == [True] * 3
    assert (row.email_size_bytes, row.error_code, row.retry_count) == (len(envelope.content), None, 0)
    assert await gate.used() == (1, 1)
    configuration = await gate.workspace.configurations.get("Main")
    assert configuration.recipients_today == 3


async def test_the_log_has_neither_bodies_nor_attachments(gate: Gate) -> None:
    await gate.regrant(can_send_attachments=True)
    for allowed in (True, False):
        await gate.regrant(can_send_attachments=True, can_send_email=allowed)
        attachment = AttachmentRequest(filename="plan.pdf", content=b"the secret plan")
        await gate.send(text="the secret body", html="<p>the secret html", attachments=(attachment,))
    sent, denied = await gate.log()
    assert "secret" not in f"{sent!r} {denied!r}"
    for row in (sent, denied):
        assert row.has_attachments
        assert row.params["attachments"] == [
            {"filename": "plan.pdf", "content_type": "application/octet-stream", "size_bytes": 15}
        ]


async def test_a_denial_is_logged_with_every_reason_and_charges_nothing(gate: Gate) -> None:
    await gate.regrant(
        can_send_email=False, allowed_recipients=("@ok.test",), blocked_recipients=("@away.test",)
    )
    await gate.workspace.agents.pause(gate.agent.id)
    result = await gate.send(from_email="boss@home.test")
    assert result.outcome is Outcome.DENIED
    reasons = ["agent_active", "can_send_email", "can_use_custom_from", "recipients_allowed"]
    reasons.append("recipients_not_blocked")
    assert [check.rule.value for check in result.verdict.reasons] == reasons
    (row,) = await gate.log()
    assert (row.id, row.outcome, row.status) == (result.operation_id, Outcome.DENIED, LogStatus.ERROR)
    assert [check["rule"] for check in row.result["checks"] if not check["passed"]] == reasons
    assert row.error_code == "agent_active"
    assert all(check.detail in (row.error_message or "") for check in result.verdict.reasons)
    assert result.remedy
    assert row.params["from"] == "boss@home.test"
    assert row.delivery_id is None
    assert gate.transport.sent == []
    assert await gate.used() == (0, 0)
    assert await deliveries(gate) == []


async def test_an_unsound_request_is_logged_once_and_charges_nothing(gate: Gate) -> None:
    hostile = "a@ok.test\r\nBcc: evil@evil.test"
    with pytest.raises(InvalidInput) as caught:
        await gate.send(hostile, subject="x\r\nBcc: evil@evil.test")
    assert {problem.field for problem in caught.value.problems} == {"to[0]", "subject"}
    (row,) = await gate.log()
    assert (row.outcome, row.error_code, row.status) == (Outcome.DENIED, "draft_valid", LogStatus.ERROR)
    assert row.params == {
        "subject": "x\r\nBcc: evil@evil.test",
        "given": [hostile],
        "recipients_given": 1,
        "attachments_given": 0,
    }
    assert row.recipients == ()  # what was given is nobody's address
    assert [each["field"] for each in row.result["problems"]] == ["to[0]", "subject"]
    assert await gate.used() == (0, 0)
    assert gate.transport.sent == []


async def test_a_request_that_is_wrong_a_thousand_times_fills_one_small_row(gate: Gate) -> None:
    with pytest.raises(InvalidInput):
        await gate.send(*["<script>" * 30] * 1000)
    (row,) = await gate.log()
    assert row.result["problems_count"] == 1000
    assert len(row.result["problems"]) == 20
    assert len(row.error_message or "") <= 2_000


async def test_an_agent_that_is_not_there_leaves_no_trace(gate: Gate) -> None:
    for request in (mail(), mail("not an address")):
        with pytest.raises((NotFound, InvalidInput)):
            await gate.workspace.mail.send(uuid4(), gate.configuration.id, request)
    assert await gate.log() == []


async def test_explaining_charges_keeps_and_logs_nothing(gate: Gate) -> None:
    explain = gate.workspace.mail.explain
    assert (await explain(gate.agent.id, gate.configuration.id, mail())).decision is Decision.ALLOWED
    await gate.regrant(approval=Approval.ALWAYS)
    assert (await explain(gate.agent.id, gate.configuration.id, mail())).decision is Decision.HELD
    assert (await explain(gate.agent.id, uuid4(), mail())).decision is Decision.DENIED
    with pytest.raises(InvalidInput):
        await explain(gate.agent.id, gate.configuration.id, mail("nobody"))
    assert await gate.log() == []
    assert await gate.used() == (0, 0)
    assert await deliveries(gate) == []


async def test_a_mail_that_needs_approval_is_held_as_it_will_leave(gate: Gate) -> None:
    await gate.regrant(approval=Approval.ALWAYS)
    result = await gate.send()
    assert result.outcome is Outcome.HELD
    assert gate.transport.sent == []
    assert result.delivery_id is not None
    delivery = await gate.workspace.mail.delivery(result.delivery_id)
    assert delivery.state == "held"
    assert delivery.reasons == ("every mail under this grant needs approval",)
    (row,) = await gate.log()
    assert (row.outcome, row.error_code, row.delivery_id) == (Outcome.HELD, "approval", delivery.id)
    assert await gate.used() == (1, 1)
    gate.clock.move(timedelta(days=30))
    assert await gate.workspace.mail.recover() == 0  # it waits for its owner, however long
    assert [each.state for each in await deliveries(gate)] == ["held"]


async def test_someone_written_to_once_is_no_longer_new(gate: Gate) -> None:
    await gate.send("known@away.test")
    await gate.regrant(approval=Approval.NEW_RECIPIENTS)
    assert (await gate.send("known@away.test")).outcome is Outcome.SENT
    assert (await gate.send("new@away.test")).outcome is Outcome.HELD
    assert (await gate.send("new@away.test")).outcome is Outcome.HELD  # held is not written to
    assert (await gate.send("known@away.test", bcc=("new@away.test",))).outcome is Outcome.HELD
    assert (await gate.send("KNOWN@away.test")).outcome is Outcome.HELD  # another address (RFC 5321 2.4)


async def test_only_those_whom_the_server_accepted_are_known(gate: Gate) -> None:
    results = (
        RecipientResult(address="good@away.test", accepted=True, code=250, text="fine"),
        RecipientResult(address="bad@away.test", accepted=False, code=550, text="no such user"),
    )
    gate.transport.report = DeliveryReport(outcome=Outcome.SENT, recipients=results, reply="250 fine")
    assert (await gate.send("good@away.test", "bad@away.test")).recipients == results
    gate.transport.report = DeliveryReport(outcome=Outcome.FAILED, error=ServerRejected("no"))
    await gate.send("failed@away.test")
    gate.transport.report = None
    await gate.regrant(approval=Approval.NEW_RECIPIENTS)
    outcomes = [(await gate.send(f"{name}@away.test")).outcome for name in ("good", "bad", "failed")]
    assert outcomes == [Outcome.SENT, Outcome.HELD, Outcome.HELD]


# The day


async def test_the_day_turns_at_midnight_utc_and_a_clock_that_steps_back_resets_nothing(gate: Gate) -> None:
    await gate.regrant(daily_email_limit=1)
    gate.clock.move(
        datetime(2026, 3, 28, 23, 59, 59, tzinfo=UTC) - gate.clock.now()
    )  # a night of DST in Europe
    assert (await gate.send()).outcome is Outcome.SENT
    assert (await gate.send()).error_code == "daily_limit_grant"
    gate.clock.move(timedelta(seconds=1))
    assert await gate.used() == (0, 0)
    assert (await gate.send()).outcome is Outcome.SENT
    assert (await gate.send()).error_code == "daily_limit_grant"
    gate.clock.move(timedelta(seconds=-1))
    assert (await gate.send()).error_code == "daily_limit_grant"
    gate.clock.move(timedelta(hours=-30))
    assert (await gate.send()).outcome is Outcome.SENT  # that day's own
    gate.clock.move(timedelta(hours=30, seconds=1))
    assert (await gate.send()).error_code == "daily_limit_grant"


# Whatever an agent sends


ANYTHING = st.text(st.characters(), max_size=60)  # lone surrogates too
REQUESTS = st.builds(
    MailRequest,
    to=st.lists(ANYTHING | st.just("ada@away.test"), max_size=3).map(tuple),
    cc=st.lists(ANYTHING, max_size=1).map(tuple),
    subject=ANYTHING,
    text=st.none() | ANYTHING,
    html=st.none() | ANYTHING,
    from_email=st.none() | ANYTHING,
    from_name=st.none() | ANYTHING,
    reply_to=st.none() | ANYTHING,
    headers=st.lists(st.tuples(st.just("X-App-Name") | ANYTHING, ANYTHING), max_size=2).map(tuple),
    attachments=st.lists(
        st.builds(
            AttachmentRequest, filename=ANYTHING, content=st.binary(max_size=20), content_type=ANYTHING
        ),
        max_size=1,
    ).map(tuple),
    idempotency_key=st.none() | st.uuids().map(str) | st.sampled_from(["", "a\n", "\0", "\ud800", "x" * 500]),
)


@given(requests=st.lists(REQUESTS, min_size=1, max_size=20))
@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_whatever_an_agent_asks_there_is_one_row_and_no_other_error(
    gate: Gate, requests: list[MailRequest]
) -> None:
    before = len(await gate.log())
    results = await asyncio.gather(
        *(gate.workspace.mail.send(gate.agent.id, gate.configuration.id, request) for request in requests),
        return_exceptions=True,
    )
    for result in results:
        assert not isinstance(result, BaseException) or isinstance(result, InvalidInput), result
    assert len(await gate.log()) == min(200, before + len(requests))
    assert len(gate.transport.sent) == (await gate.used())[0]


async def test_a_mail_that_fits_every_rule_is_sent_with_all_of_it(gate: Gate) -> None:
    await gate.workspace.grants.edit(
        gate.grant.id, GrantFields(can_send_attachments=True, can_use_custom_from=True)
    )
    result = await gate.send(
        subject="Grüße 🎉",
        html="<p>Hallo",
        from_email="team@home.test",
        from_name="Team",
        reply_to="answers@home.test",
        headers=(("X-App-Name", "tests"),),
        attachments=(AttachmentRequest(filename="ä.txt", content=b"\x00\xff"),),
    )
    assert result.outcome is Outcome.SENT
    assert gate.transport.sent[0].sender == "team@home.test"
