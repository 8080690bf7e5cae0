"""`gatepost explain` and `gatepost send`: the one way of a mail, asked about or walked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from core.policy.verdict import Check, Verdict
from core.values.mail import SendResult
from core.values.operation import Outcome
from tui.cli import wording
from tui.cli.commands import GateCommand
from tui.cli.exit_codes import DECISIONS, OUTCOMES
from tui.cli.mail_options import mail_options, mail_request
from tui.cli.output import Output, clean
from tui.cli.session import Session, pass_session
from tui.cli.table import cells

if TYPE_CHECKING:
    from core.workspace import Workspace

_DECISION_MARKS = {"allowed": "sent", "held": "held", "denied": "denied"}


@click.command(
    cls=GateCommand,
    epilog="""\
Examples:
  gatepost explain --agent sales-bot --config Work --to ceo@rival.test --text Hi
  gatepost explain --agent sales-bot --config Work --to a@example.com \\
      --text-file - < draft.txt
""",
)
@mail_options
@pass_session
def explain(session: Session, agent: str, config: str, **given: Any) -> None:
    """Would this mail be allowed, and by which rules?

    Prints every rule that was asked. Nothing is sent, charged or logged. Ends with 0 when it is
    allowed, 3 when it is denied, 4 when it would wait for approval.
    """
    request = mail_request(given)

    async def work(workspace: Workspace) -> Verdict:
        agent_row = await workspace.agents.get(agent)
        configuration = await workspace.configurations.get(config)
        return await workspace.mail.explain(agent_row.id, configuration.id, request)

    verdict = session.run(work)
    if session.as_json:
        session.out.json(verdict)
    else:
        decision = verdict.decision.value
        session.out.data(session.out.marked(_DECISION_MARKS[decision], decision))
        _show_checks(session.out, verdict.checks)
    session.finish(DECISIONS[verdict.decision])


@click.command(
    cls=GateCommand,
    epilog="""\
Examples:
  gatepost send --agent support-bot --config "Work mail" --to kim@example.org \\
      --subject "Your order" --text "It is on its way."
  report | gatepost send --agent ops --config Local --to me@example.com \\
      --subject Report --text - --attach report.pdf

Run twice with the same --idempotency-key, it sends once and answers the same.
""",
)
@mail_options
@pass_session
def send(session: Session, agent: str, config: str, **given: Any) -> None:
    """Send a mail as an agent: through its grant, the limits and the log, as the agent itself would.

    Prints what became of it: the Message-ID and each recipient's reply, or every reason against it with its
    remedy. Ends with 0 sent, 3 denied, 4 held, 5 outcome unknown, 1 failed.
    """
    request = mail_request(given)

    async def work(workspace: Workspace) -> SendResult:
        agent_row = await workspace.agents.get(agent)
        configuration = await workspace.configurations.get(config)
        return await workspace.mail.send(agent_row.id, configuration.id, request)

    result = session.run(work)
    if session.as_json:
        session.out.json(result)
    else:
        _show_result(session.out, result)
    session.finish(OUTCOMES[result.outcome])


def _show_result(out: Output, result: SendResult) -> None:
    took = f" in {result.took_ms:,} ms" if result.outcome is Outcome.SENT else ""
    before = "; asked before with this key, so nothing was sent now" if result.is_repeat else ""
    out.data(out.marked(result.outcome.value, f"{result.outcome.value}{took}{before}"))
    if result.message_id:
        out.data(f"  Message-ID {clean(result.message_id)}")
    width = max((cells(clean(recipient.address)) for recipient in result.recipients), default=0)
    for recipient in result.recipients:
        address = clean(recipient.address)
        mark = out.marked("good" if recipient.accepted else "bad", address)
        blank = " " * (width - cells(address))
        out.data(f"  {mark}{blank}  {recipient.code} {clean(recipient.text)}".rstrip())
    if result.outcome in (Outcome.DENIED, Outcome.HELD):
        _show_checks(out, result.verdict.reasons)
    elif result.error_message:
        out.data(f"  {clean(result.error_message)}")
        if result.remedy:
            out.data(f"  {clean(result.remedy)}")
    if result.outcome is Outcome.SENT and (refused := [r for r in result.recipients if not r.accepted]):
        out.narrate(f"The server refused {wording.plural(len(refused), 'recipient')}.", colour="yellow")
    out.narrate(f"In the log: gatepost logs show {result.operation_id}")


def _show_checks(out: Output, checks: Iterable[Check]) -> None:
    checks = list(checks)
    width = max((len(check.rule.value) for check in checks), default=0)
    for check in checks:
        state = "good" if check.passed else "held" if check.holds else "bad"
        out.data(f"  {out.marked(state, check.rule.value.ljust(width))}  {clean(check.detail)}".rstrip())
        if check.remedy:
            out.data(f"    {' ' * width}  {clean(check.remedy)}")
