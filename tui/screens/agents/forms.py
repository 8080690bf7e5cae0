"""The forms of the mode Agents: a new agent, and a grant with everything that can be set on one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from core.errors import FieldProblem
from core.values.agent import AgentRow
from core.values.configuration import ConfigurationRow
from core.values.grant import Approval, GrantFields, GrantRow
from core.values.grant_check import check_grant
from tui import parsing
from tui.safe import inert, sanitise
from tui.screens.agents.present import APPROVAL
from tui.widgets.field import Field, choice, lines, text, toggle
from tui.widgets.form import FormScreen
from tui.wording import exact, number, until

Parsed = TypeVar("Parsed")

PATTERNS = "One per line: name@example.com, @example.com, .example.com (subdomains) or *."


class AgentForm(FormScreen[AgentRow]):
    """A new agent: a name that tells it apart, and what it does."""

    def __init__(self, taken: Iterable[str]) -> None:
        super().__init__("New agent")
        self._taken = {name.casefold() for name in taken}

    def compose_fields(self) -> ComposeResult:
        yield Static(
            "A program that may send mail on your behalf, once you grant it something.", classes="note"
        )
        yield Field("name", "Name", text(placeholder="support-bot"))
        yield Field("description", "What it does", text(placeholder="optional"))

    def on_mount(self) -> None:
        self.field("name").control.focus()

    def check(self) -> tuple[FieldProblem, ...]:
        name = self.words("name").strip()
        if not name:
            return (FieldProblem("name", "A name is needed.", "For example support-bot."),)
        if name.casefold() in self._taken:
            return (FieldProblem("name", "Another agent has this name."),)
        return ()

    async def submit(self) -> AgentRow:
        description = self.words("description").strip() or None
        return await self.workspace.agents.create(self.words("name").strip(), description)


class GrantForm(FormScreen[GrantRow]):
    """Give `agent` a grant on one of `configurations`, or edit `grant` (its two sides stay as they are)."""

    TALL = True

    def __init__(
        self, agent: AgentRow, configurations: Sequence[ConfigurationRow], grant: GrantRow | None = None
    ) -> None:
        title = f"Grant for {agent.name}" if grant is None else f"{agent.name} → {grant.connection_name}"
        super().__init__(sanitise(title))
        self._agent = agent
        self._grant = grant
        self._configurations: Mapping[str, ConfigurationRow] = {str(row.id): row for row in configurations}

    # Fields

    def compose_fields(self) -> ComposeResult:
        known = self._grant.fields if self._grant else GrantFields()
        if self._grant is None:
            first = next(iter(self._configurations))
            names = [(inert(row.name), key) for key, row in self._configurations.items()]
            yield Field("smtp_config_id", "Configuration", choice(names, first))
        yield Static("What it may", classes="form-heading")
        yield Field("can_send_email", "Mail", toggle("send", known.can_send_email))
        yield Field("can_send_attachments", "", toggle("send attachments", known.can_send_attachments))
        yield Field("can_use_custom_from", "", toggle("choose its own From", known.can_use_custom_from))
        yield Static("How much", classes="form-heading")
        yield Field(
            "daily_email_limit",
            "Mails a day",
            text(_or_empty(known.daily_email_limit), placeholder="", width=14),
        )
        yield Field(
            "recipients_per_email_limit",
            "Recipients a mail",
            text(_or_empty(known.recipients_per_email_limit), width=14),
        )
        yield Static("To whom", classes="form-heading")
        allowed = known.allowed_recipients
        yield Field(
            "allowed_kind",
            "May write to",
            choice(
                [
                    (Content("anybody"), "anybody"),
                    (Content("only these"), "these"),
                    (Content("nobody"), "nobody"),
                ],
                "anybody" if allowed is None else "these" if allowed else "nobody",
            ),
        )
        yield Field("allowed_recipients", "", lines("\n".join(allowed or ())), note=PATTERNS)
        blocked = known.blocked_recipients
        yield Field(
            "blocked_kind",
            "Never to",
            choice(
                [(Content("nobody is blocked"), "none"), (Content("these"), "these")],
                "these" if blocked else "none",
            ),
        )
        yield Field(
            "blocked_recipients", "", lines("\n".join(blocked or ())), note=f"{PATTERNS} Blocked wins."
        )
        yield Static("Until when, and who looks", classes="form-heading")
        yield Field(
            "approval",
            "Asks you first",
            choice([(Content(words), kind.value) for kind, words in APPROVAL.items()], known.approval.value),
        )
        yield Field(
            "expires_at", "Expires", text(parsing.in_date(known.expires_at), placeholder="never", width=24)
        )
        yield Field("is_active", "In force", toggle("the grant counts", known.is_active))

    def on_mount(self) -> None:
        self._follow()
        self.field("can_send_email" if self._grant else "smtp_config_id").control.focus()

    def field_changed(self, name: str) -> None:
        self._follow()

    def _follow(self) -> None:
        """Show what belongs to the choices made: patterns where there are any, the limits above."""
        self.field("allowed_recipients").display = self.words("allowed_kind") == "these"
        self.field("blocked_recipients").display = self.words("blocked_kind") == "these"
        configuration = self._configuration
        if configuration is not None:
            fields = configuration.fields
            self.field("daily_email_limit").set_note(
                f"Empty: the configuration's {number(fields.max_emails_per_day)}, shared by all."
            )
            self.field("recipients_per_email_limit").set_note(
                f"Empty: the configuration's {number(fields.max_recipients_per_email)}."
            )
        self.field("expires_at").set_note(self._expiry_note())

    def _expiry_note(self) -> str:
        now = self.gatepost.clock.now()
        try:
            when = parsing.moment(self.words("expires_at"), now)
        except ValueError:
            return ""
        if when is None:
            return "A date in UTC such as 2027-03-01 or 2027-03-01 14:00, or 30d from now."
        return f"{exact(when)}, {until(when, now)}"

    @property
    def _configuration(self) -> ConfigurationRow | None:
        key = str(self._grant.smtp_config_id) if self._grant else self.words("smtp_config_id")
        return self._configurations.get(key)

    # Reading and checking

    def _read(self) -> tuple[GrantFields, tuple[FieldProblem, ...]]:
        """What stands in the form, and what could not be read."""
        problems: list[FieldProblem] = []

        def parsed(name: str, parse: Callable[[str], Parsed]) -> Parsed | None:
            try:
                return parse(self.words(name))
            except ValueError as error:
                problems.append(FieldProblem(name, str(error)))
                return None

        now = self.gatepost.clock.now()
        known = self._grant.fields if self._grant else GrantFields()
        allowed = self._patterns("allowed", problems)
        blocked: tuple[str, ...] | None = self._patterns("blocked", problems)
        if not blocked and not known.blocked_recipients:
            blocked = known.blocked_recipients  # none and empty mean the same here: keep what is stored
        fields = GrantFields(
            can_send_email=self.is_on("can_send_email"),
            can_send_attachments=self.is_on("can_send_attachments"),
            can_use_custom_from=self.is_on("can_use_custom_from"),
            daily_email_limit=parsed("daily_email_limit", parsing.whole_or_none),
            recipients_per_email_limit=parsed("recipients_per_email_limit", parsing.whole_or_none),
            allowed_recipients=allowed,
            blocked_recipients=blocked,
            approval=Approval(self.words("approval")),
            expires_at=parsed("expires_at", lambda words: parsing.moment(words, now)),
            is_active=self.is_on("is_active"),
        )
        return fields, tuple(problems)

    def _patterns(self, side: str, problems: list[FieldProblem]) -> tuple[str, ...] | None:
        kind = self.words(f"{side}_kind")
        if kind == "these":
            found = parsing.patterns(self.words(f"{side}_recipients"))
            if not found:
                problems.append(FieldProblem(f"{side}_recipients", "At least one pattern belongs here."))
            return found
        return () if kind == "nobody" else None

    def check(self) -> tuple[FieldProblem, ...]:
        fields, problems = self._read()
        unread = {problem.field for problem in problems}
        configuration = self._configuration
        found = check_grant(fields, configuration.fields if configuration else None)
        return (*problems, *(self._place(problem) for problem in found if problem.field not in unread))

    def _place(self, problem: FieldProblem) -> FieldProblem:
        """A problem of one pattern belongs to the field that holds them all."""
        return FieldProblem(problem.field.partition("[")[0], problem.message, problem.remedy)

    async def submit(self) -> GrantRow:
        fields, _ = self._read()
        if self._grant is not None:
            return await self.workspace.grants.edit(self._grant.id, fields)
        configuration_id: UUID = self._configurations[self.words("smtp_config_id")].id
        return await self.workspace.grants.give(self._agent.id, configuration_id, fields)


def _or_empty(value: int | None) -> str:
    return "" if value is None else str(value)
