"""The past of the operation log: some thousand rows made up from history.toml.

The same seed gives each day the same rows, whatever the time of day.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from core.errors import OutcomeUnknown, ServerTimeout
from core.policy.verdict import Rule
from core.values.operation import LogStatus, OperationType, Outcome
from sample_data.acting import NUMBERS, draw_from, filled
from sample_data.recipe import ROLES
from sample_data.remarks import HELD, UNKNOWN, Remark, denial, failure
from sample_data.values import OUTSIDERS, SampleData, SampleMessage, Stream

TOO_LARGE: Final = 410_000  # bytes of a file that no configuration of the sample lets through
UNTIL: Final = timedelta(minutes=2)  # the past ends so long before now


@dataclass(frozen=True, slots=True, kw_only=True)
class PastOperation:
    """One row of the log as it would have been written then.

    The fields are those of `core.values.operation.OperationRow`, with the names of user, agent and
    configuration in place of ids; `params` and `result` have the form that real sending writes.
    """

    user: str  # email
    agent: str
    configuration: str
    created_at: datetime
    operation_type: OperationType = OperationType.SEND_EMAIL
    outcome: Outcome
    status: LogStatus
    params: Mapping[str, Any] = field(repr=False)
    result: Mapping[str, Any] = field(repr=False)
    recipients_count: int
    has_attachments: bool
    email_size_bytes: int
    error_message: str | None
    error_code: str | None
    execution_time_ms: int

    @property
    def accepted(self) -> tuple[str, ...]:
        """The recipients that the server accepted: they are no longer new to the grant."""
        return tuple(each["address"] for each in self.result.get("recipients", ()) if each["accepted"])


def past_operations(data: SampleData, now: datetime, *, seed: int = 0) -> Iterator[PastOperation]:
    """What happened until shortly before `now` (aware), oldest first."""
    recipe = data.history
    today = now.astimezone(UTC).date()
    for days_ago in range(recipe.days, -1, -1):
        # Each day has a chance of its own, so that yesterday stays as it was when today goes on.
        day = today - timedelta(days=days_ago)
        chance = random.Random(f"{seed} {day.isoformat()}")  # noqa: S311 - a story, not a secret
        for operation in _day(data, day, days_ago, chance):
            if operation.created_at <= now - UNTIL:
                yield operation


def _day(data: SampleData, day: date, days_ago: int, chance: random.Random) -> list[PastOperation]:
    recipe = data.history
    given = {(grant.agent, grant.configuration): grant.given_days_ago for grant in data.grants}
    streams = [
        stream for stream in recipe.streams if given.get((stream.agent, stream.configuration), 0) > days_ago
    ]
    usual = recipe.mails_per_day * (recipe.weekend if day.weekday() >= 5 else 1.0)
    share = sum(stream.weight for stream in streams) / sum(stream.weight for stream in recipe.streams)
    count = round(usual * share * chance.uniform(0.8, 1.2)) if streams else 0
    moments = sorted(_moment(day, recipe.hours, chance) for _ in range(count))
    chosen = chance.choices(streams, [stream.weight for stream in streams], k=count) if streams else []
    return [_operation(data, stream, moment, chance) for moment, stream in zip(moments, chosen, strict=True)]


def _moment(day: date, hours: tuple[int, ...], chance: random.Random) -> datetime:
    (hour,) = chance.choices(range(24), hours)
    return datetime.combine(day, time(hour), UTC) + timedelta(seconds=chance.uniform(0, 3599))


def _operation(data: SampleData, stream: Stream, moment: datetime, chance: random.Random) -> PastOperation:
    (end,) = chance.choices(tuple(stream.outcomes), tuple(stream.outcomes.values()))
    message = data.messages[chance.choice(stream.messages)]
    configuration = data.configuration_of(stream.agent, stream.configuration).fields
    outcome = _outcome(end)
    remark = _remark(end, outcome)
    params = _params(data, stream, message, end, chance)
    if outcome is Outcome.DENIED:
        took = chance.randint(1, 4)
        if message.from_email is not None:
            params["from"] = message.from_email
    else:
        took = chance.randint(*stream.took_ms)
        if outcome is Outcome.UNKNOWN or end == ServerTimeout.code:
            took += configuration.socket_timeout
        domain = configuration.from_email.rpartition("@")[2]
        params["from"] = message.from_email or configuration.from_email
        params["message_id"] = f"<{chance.getrandbits(96):024x}@{domain}>"
    recipients = [address for role in ROLES for address in params.get(role, ())]
    return PastOperation(
        user=data.owner_of(stream.agent),
        agent=stream.agent,
        configuration=stream.configuration,
        created_at=moment,
        outcome=outcome,
        status=_status(end, outcome),
        params=params,
        result=_result(end, outcome, remark, recipients, took, chance),
        recipients_count=len(recipients),
        has_attachments="attachments" in params,
        email_size_bytes=_size(message, end, chance),
        error_message=None if remark is None else remark.found,
        error_code=_code(end, outcome),
        execution_time_ms=took,
    )


def _outcome(end: str) -> Outcome:
    if end in (Outcome.SENT, Outcome.HELD, Outcome.UNKNOWN):
        return Outcome(end)
    return Outcome.DENIED if end in tuple(Rule) else Outcome.FAILED


def _remark(end: str, outcome: Outcome) -> Remark | None:
    if outcome is Outcome.SENT:
        return None
    if outcome is Outcome.HELD:
        return HELD
    if outcome is Outcome.UNKNOWN:
        return UNKNOWN
    return denial(end) if outcome is Outcome.DENIED else failure(end)


def _code(end: str, outcome: Outcome) -> str | None:
    if outcome is Outcome.SENT:
        return None
    if outcome is Outcome.HELD:
        return Rule.APPROVAL.value
    return OutcomeUnknown.code if outcome is Outcome.UNKNOWN else end


def _status(end: str, outcome: Outcome) -> LogStatus:
    if outcome in (Outcome.SENT, Outcome.HELD):
        return LogStatus.SUCCESS
    return LogStatus.TIMEOUT if end == ServerTimeout.code else LogStatus.ERROR


def _params(
    data: SampleData, stream: Stream, message: SampleMessage, end: str, chance: random.Random
) -> dict[str, Any]:
    """What was asked for, made to fit the rule that stood in its way."""
    drawn = draw_from(stream.draw, data, chance)
    if end in (Rule.RECIPIENTS_ALLOWED, Rule.RECIPIENTS_NOT_BLOCKED):
        drawn = (*drawn[:-1], chance.choice(data.people[OUTSIDERS]))
    elif end == Rule.RECIPIENTS_PER_EMAIL:
        everybody = data.people[stream.draw.group]
        drawn = tuple(chance.sample(everybody, len(everybody)))
    written = {"to": (), "cc": message.cc, "bcc": message.bcc}
    roles = {role: list(written[role] + (drawn if stream.draw.into == role else ())) for role in ROLES}
    params: dict[str, Any] = {role: addresses for role, addresses in roles.items() if addresses}
    params["subject"] = filled(message.subject, str(chance.randint(*NUMBERS)))
    files = [
        {"filename": file.filename, "content_type": file.content_type, "size_bytes": len(file.content)}
        for file in message.attachments
    ]
    if end in (Rule.CAN_SEND_ATTACHMENTS, Rule.SIZE):
        size = TOO_LARGE if end == Rule.SIZE else 84_000
        files.append({"filename": "scan.pdf", "content_type": "application/pdf", "size_bytes": size})
    return params | ({"attachments": files} if files else {})


def _result(
    end: str,
    outcome: Outcome,
    remark: Remark | None,
    recipients: list[str],
    took: int,
    chance: random.Random,
) -> dict[str, Any]:
    if remark is not None and outcome in (Outcome.DENIED, Outcome.HELD):
        check: dict[str, Any] = {
            "rule": _code(end, outcome),
            "passed": False,
            "detail": remark.found,
            "remedy": remark.remedy,
        }
        if outcome is Outcome.HELD:
            check["holds"] = True
        return {"decision": outcome.value, "checks": [check]}
    code, reply = (
        (250, f"2.0.0 queued as {chance.getrandbits(40):010X}") if remark is None else remark.replied
    )
    answers = [
        {"address": address, "accepted": remark is None, "code": code, "text": reply}
        for address in recipients
        if code
    ]
    connect, envelope = took // 3, took // 4
    return {
        "decision": "allowed",
        "recipients": answers,
        "reply": f"{code} {reply}" if code else "",
        "temporary": 400 <= code < 500,
        "timings": {"connect": connect, "envelope": envelope, "data": took - connect - envelope},
        **({} if remark is None else {"remedy": remark.remedy}),
    }


def _size(message: SampleMessage, end: str, chance: random.Random) -> int:
    """About what the mail measures when it is composed, in bytes."""
    if end == Rule.SIZE:
        return TOO_LARGE * 4 // 3
    bodies = len((message.text or "").encode()) + len((message.html or "").encode())
    files = sum(len(file.content) for file in message.attachments)
    return 600 + (bodies + files) * 4 // 3 + chance.randint(0, 60)
