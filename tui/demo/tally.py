"""Counting what the agents' mails came to, and holding it against what the capture server received."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from core.policy.verdict import Decision, Rule
from core.values.operation import Outcome
from dev_server.message import CapturedMessage
from dev_server.store import CaptureStore

PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One mail of an agent, and what became of it."""

    scene: str
    agent: str
    decision: Decision
    outcome: Outcome
    failed_rules: tuple[Rule, ...]  # every rule that denied or held it
    error_code: str | None  # the first reason: a rule, or an error of the wire
    message_id: str | None = None
    accepted: tuple[str, ...] = ()  # recipients that the server accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A message that sender and capture server don't agree about. None: that side has not got it."""

    message_id: str
    sent_to: tuple[str, ...] | None
    captured_for: tuple[str, ...] | None


@dataclass(slots=True)
class Tally:
    """What has been played so far, in numbers."""

    messages: int = 0
    decisions: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    sent: list[Played] = field(default_factory=list)

    def add(self, played: Played) -> None:
        self.messages += 1
        self.decisions[played.decision] += 1
        self.outcomes[played.outcome] += 1
        self.rules.update(played.failed_rules)
        if played.outcome in (Outcome.FAILED, Outcome.UNKNOWN):
            self.errors[played.error_code or played.outcome] += 1
        if played.outcome is Outcome.SENT:
            self.sent.append(played)

    @property
    def recipients(self) -> int:
        """How many recipients the servers accepted, all mails together."""
        return sum(len(played.accepted) for played in self.sent)


def captured(store: CaptureStore, after: int = 0) -> list[CapturedMessage]:
    """Everything that the capture server received after message `after`, oldest first."""
    found: list[CapturedMessage] = []
    while True:
        batch = store.since(found[-1].id if found else after, PAGE)
        if not batch:
            return found
        found += batch


def compare(sent: Iterable[Played], received: Iterable[CapturedMessage]) -> list[Difference]:
    """Where the two sides differ, message by message and recipient by recipient; empty when they agree."""
    theirs: dict[str, list[tuple[str, ...]]] = {}
    for message in received:
        theirs.setdefault(message.message_id, []).append(tuple(sorted(message.recipients)))
    differences = []
    for played in sent:
        message_id = played.message_id or ""
        accepted = tuple(sorted(played.accepted))
        copies = theirs.get(message_id, [])
        if accepted in copies:
            copies.remove(accepted)
            continue
        other = copies.pop(0) if copies else None
        differences.append(Difference(message_id=message_id, sent_to=accepted, captured_for=other))
    differences += [
        Difference(message_id=message_id, sent_to=None, captured_for=copy)
        for message_id, copies in theirs.items()
        for copy in copies
    ]
    return differences


def every(kind: type[Decision] | type[Outcome] | type[Rule], counts: Mapping[str, int]) -> dict[str, int]:
    """The counts of every member, those that did not occur with 0."""
    return {member.value: counts.get(member.value, 0) for member in kind}
