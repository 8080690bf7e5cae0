"""A connection test as it went: every step, the certificate, and where it failed what to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Static

from core.errors import GatepostError
from core.values.configuration import StepStatus, TestReport
from tui.safe import inert, sanitise
from tui.widgets.facts import Fact, FactSheet
from tui.widgets.key_line import KeyLine
from tui.wording import dim, until

if TYPE_CHECKING:
    from tui.app import GatepostApp

STEP = {
    StepStatus.PASSED: ("●", "$success"),
    StepStatus.FAILED: ("✕", "$error"),
    StepStatus.SKIPPED: ("–", "$gate-dim"),
}
TITLES = {
    "resolve": "find the host",
    "connect": "connect",
    "greeting": "greeting",
    "tls": "TLS",
    "capabilities": "capabilities",
    "authentication": "sign in",
}


class ReportScreen(ModalScreen[TestReport | None]):
    """Runs one test and shows what it saw. Leaving while it runs cancels it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "close", "Close"),
        Binding("r", "again", "Test again"),
    ]

    @dataclass
    class Done(Message):
        report: TestReport

    @dataclass
    class Refused(Message):
        error: GatepostError

    def __init__(self, name: str, run: Callable[[], Awaitable[TestReport]]) -> None:
        super().__init__()
        self._title = name
        self._test = run
        self._report: TestReport | None = None
        self._elapsed = 0
        self._ticking: Timer | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog report") as dialog:
            dialog.border_title = Content(f"Test of {sanitise(self._title)}")
            yield Static(id="verdict")
            with VerticalScroll(id="steps"):
                yield FactSheet(label_width=18)
        yield KeyLine()

    def on_mount(self) -> None:
        self.action_again()

    def action_again(self) -> None:
        self._report = None
        self._elapsed = 0
        self.query_one(FactSheet).set_facts([])
        self._tick()
        if self._ticking is None:
            self._ticking = self.set_interval(1, self._tick)
        self._run_test()

    def _tick(self) -> None:
        passed = f" {self._elapsed} s" if self._elapsed else ""
        self.query_one("#verdict", Static).update(dim(f"Walking the way to the server …{passed}"))
        self._elapsed += 1

    @work(exclusive=True, group="test")
    async def _run_test(self) -> None:
        try:
            report = await self._test()
        except GatepostError as error:
            self.post_message(self.Refused(error))
        else:
            self.post_message(self.Done(report))

    def _stop_ticking(self) -> None:
        if self._ticking is not None:
            self._ticking.stop()
            self._ticking = None

    @on(Refused)
    def _refused(self, event: Refused) -> None:
        self._stop_ticking()
        self.query_one("#verdict", Static).update(inert(f"! {event.error}", "bold $error"))
        self.query_one(FactSheet).set_facts([Fact("", inert(event.error.remedy))])

    @on(Done)
    def _done(self, event: Done) -> None:
        self._stop_ticking()
        report = self._report = event.report
        verdict = self.query_one("#verdict", Static)
        if report.ok:
            verdict.update(
                Content.assemble(
                    ("● It works.", "bold $success"), dim(f"  {report.took_ms} ms, nothing was sent")
                )
            )
        else:
            verdict.update(inert(f"✕ {report.error_message}", "bold $error"))
        now = cast("GatepostApp", self.app).clock.now()
        lines = list(self._facts(report))
        if report.certificate_expires_at is not None:
            soon = until(report.certificate_expires_at, now)
            lines.append(Fact("  valid", dim(f"ends {soon}, {report.certificate_expires_at:%Y-%m-%d}")))
        self.query_one(FactSheet).set_facts(lines)
        self.query_one("#steps").focus()

    @staticmethod
    def _facts(report: TestReport) -> Iterator[Fact]:
        if report.remedy and not report.ok:
            yield Fact("", inert(report.remedy))
        yield Fact("", Content())
        for step in report.steps:
            mark, style = STEP[step.status]
            title = TITLES.get(step.name, sanitise(step.name))
            value = Content.assemble(
                (f"{mark} ", style),
                inert(step.detail, "$gate-dim" if step.status is StepStatus.SKIPPED else ""),
                dim(f"  {step.took_ms}\N{NO-BREAK SPACE}ms") if step.status is not StepStatus.SKIPPED else "",
            )
            yield Fact(title, value)
        yield Fact("", Content())
        if len(report.addresses) > 1:
            yield Fact("Addresses", inert(", ".join(report.addresses)))
        if report.tls_version:
            yield Fact("Protected by", inert(f"{report.tls_version} {report.tls_cipher or ''}"))
        if report.certificate_subject:
            yield Fact("Certificate", inert(report.certificate_subject))
        if report.certificate_names:
            yield Fact("  names", inert(", ".join(report.certificate_names), "$gate-dim"))
        if report.certificate_issuer:
            yield Fact("  issued by", inert(report.certificate_issuer, "$gate-dim"))

    def action_close(self) -> None:
        self.dismiss(self._report)
