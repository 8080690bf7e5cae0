"""The demo without a screen: so many mails as fast as they go, and whether both sides counted the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from core.policy.verdict import Decision, Rule
from core.values.operation import LogFilter, OperationType, Outcome
from tui.demo.agents import Agents
from tui.demo.stage import open_stage
from tui.demo.tally import Difference, Tally, captured, compare, every

if TYPE_CHECKING:
    from core.clock import Clock
    from core.values.operation import LogCursor
    from tui.demo.stage import Stage

# So many differences are listed; more would only say the same again.
MOST_DIFFERENCES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run came to. `agree`: what was sent is what was captured, and every end stands in the log."""

    seed: int
    tally: Tally
    seconds: float  # for the mails alone, without setting the stage
    history: int  # operations of the past in the log
    captured_messages: int
    captured_recipients: int
    logged: Counter[str]  # rows of the log by outcome
    differences: tuple[Difference, ...]

    @property
    def agree(self) -> bool:
        return not self.differences and self.logged == self.tally.outcomes

    def as_json(self) -> dict[str, Any]:
        """The object of `gatepost demo --headless --json`."""
        tally = self.tally
        return {
            "seed": self.seed,
            "messages": tally.messages,
            "seconds": round(self.seconds, 3),
            "history": self.history,
            "verdicts": every(Decision, tally.decisions),
            "outcomes": {
                name: n for name, n in every(Outcome, tally.outcomes).items() if name != Outcome.TESTED
            },
            "rules": every(Rule, tally.rules),
            "errors": dict(sorted(tally.errors.items())),
            "sent": {"messages": len(tally.sent), "recipients": tally.recipients},
            "captured": {"messages": self.captured_messages, "recipients": self.captured_recipients},
            "logged": {name: n for name, n in every(Outcome, self.logged).items() if name != Outcome.TESTED},
            "agree": self.agree,
            "differences": [asdict(difference) for difference in self.differences[:MOST_DIFFERENCES]],
        }


async def perform(
    folder: Path, *, messages: int, seed: int, rate: float | None, clock: Clock | None = None
) -> Report:
    """Set the stage in `folder`, send the mails, compare, take the stage down. Raises GatepostError."""
    async with open_stage(folder, seed=seed, clock=clock) as stage:
        heads = {user: await workspace.log.head() for user, workspace in stage.workspaces.items()}
        tally = Tally()
        started = perf_counter()
        async for played in Agents(stage, seed=seed).play(messages, rate=rate):
            tally.add(played)
        seconds = perf_counter() - started
        received = captured(stage.capture)
        return Report(
            seed=seed,
            tally=tally,
            seconds=seconds,
            history=stage.history,
            captured_messages=len(received),
            captured_recipients=sum(len(message.recipients) for message in received),
            logged=await _logged(stage, heads),
            differences=tuple(compare(tally.sent, received)),
        )


async def _logged(stage: Stage, heads: dict[str, LogCursor]) -> Counter[str]:
    wanted = LogFilter(operation_type=OperationType.SEND_EMAIL)
    counts: Counter[str] = Counter()
    for user, head in heads.items():
        place = head
        while rows := await stage.workspaces[user].log.since(wanted, place):
            counts.update(row.outcome.value for row in rows)
            place = rows[-1].position
    return counts


def summary(report: Report) -> list[str]:
    """The report as lines for people."""
    tally = report.tally
    lines = [
        f"{tally.messages} mails in {report.seconds:.1f} s, after {report.history:,} operations of the past",
        "",
        "What became of them",
        *_table((name, n) for name, n in every(Outcome, tally.outcomes).items() if name != Outcome.TESTED),
        "",
        *_reasons(tally),
        f"The servers accepted    {len(tally.sent):>5} mails for {tally.recipients:>5} recipients",
        f"The capture server has  {report.captured_messages:>5} mails"
        f" for {report.captured_recipients:>5} recipients",
    ]
    if report.agree:
        return [*lines, "✓ They agree, and the log holds every one of them."]
    lines.append("✕ They do not agree:")
    lines += [
        f"  {difference.message_id}: sent to {_people(difference.sent_to)},"
        f" captured for {_people(difference.captured_for)}"
        for difference in report.differences[:MOST_DIFFERENCES]
    ]
    if report.logged != tally.outcomes:
        lines.append(f"  logged {dict(report.logged)}, but came to {dict(tally.outcomes)}")
    return lines


def _reasons(tally: Tally) -> list[str]:
    counts = [(name, n) for name, n in every(Rule, tally.rules).items() if n] + sorted(tally.errors.items())
    if not counts:
        return []
    return ["Why some did not leave (a mail may break several rules)", *_table(counts), ""]


def _table(counts: Iterable[tuple[str, int]]) -> list[str]:
    return [f"  {name.replace('_', ' '):<28}{count:>6}" for name, count in counts]


def _people(addresses: tuple[str, ...] | None) -> str:
    return "nobody" if addresses is None else ", ".join(addresses) or "nobody"
