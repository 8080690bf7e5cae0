"""The form of a configuration: provider presets, checks while typing, a test before saving."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Input, Select, Static

from core.errors import FieldProblem
from core.values.configuration import (
    AuthMechanism,
    ConfigurationFields,
    ConfigurationRow,
    OnUncertain,
    Security,
    TestReport,
)
from core.values.configuration_check import check_configuration
from core.vault.secret import Secret
from tui import parsing
from tui.actions import bindings
from tui.presets import BY_ID, CUSTOM, PRESETS, preset_of
from tui.screens.configurations.present import MECHANISM
from tui.screens.configurations.report import ReportScreen
from tui.widgets.field import Field, choice, lines, text, toggle
from tui.widgets.form import FormScreen

Parsed = TypeVar("Parsed")

SECURITY_CHOICES = [
    (Content("STARTTLS, required (587)"), Security.STARTTLS.value),
    (Content("TLS from the first byte (465)"), Security.IMPLICIT_TLS.value),
    (Content("no TLS: this machine only"), Security.PLAINTEXT.value),
]
# What a test depends on: with any of these changed, the password kept for the saved server is not sent.
CONNECTION = ("host", "port", "security", "auth_mechanism", "username", "ca_certificate")


class ConfigurationForm(FormScreen[ConfigurationRow]):
    """Add a configuration, or edit `row`. The password is never shown; left empty on edit it stays."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("configuration_form")]
    TALL = True

    def __init__(self, row: ConfigurationRow | None, taken: Iterable[str]) -> None:
        super().__init__("Edit configuration" if row else "New configuration")
        self._row = row
        self._taken = {name.casefold() for name in taken}
        self._filled: dict[str, str] = {}  # what the last preset put where, to be replaced by the next

    # Fields

    def compose_fields(self) -> ComposeResult:
        known = (
            self._row.fields if self._row else ConfigurationFields(connection_name="", host="", from_email="")
        )
        preset = preset_of(known.host, known.security) if self._row else CUSTOM
        yield Static("Server", classes="form-heading")
        yield Field(
            "preset",
            "Provider",
            choice([(Content(entry.title), entry.id) for entry in PRESETS], preset.id),
            note=preset.note,
        )
        yield Field("host", "Host", text(known.host, placeholder="smtp.example.com"))
        yield Field("port", "Port", text(str(known.port), width=10))
        yield Field("security", "Security", choice(SECURITY_CHOICES, known.security.value))
        yield Static("Sign-in", classes="form-heading")
        yield Field("username", "User name", text(known.username))
        kept = self._row is not None and self._row.has_password
        yield Field(
            "password",
            "Password",
            text(password=True, placeholder="unchanged: leave empty to keep it" if kept else ""),
        )
        yield Field(
            "auth_mechanism",
            "Mechanism",
            choice(
                [(Content(words), mechanism.value) for mechanism, words in MECHANISM.items()],
                known.auth_mechanism.value,
            ),
        )
        yield Static("Name and sender", classes="form-heading")
        yield Field("connection_name", "Name here", text(known.connection_name, placeholder="Work mail"))
        yield Field("from_email", "From address", text(known.from_email, placeholder="you@example.com"))
        yield Field("from_name", "From name", text(known.from_name or "", placeholder="optional"))
        yield Field(
            "reply_to_email", "Replies go to", text(known.reply_to_email or "", placeholder="optional")
        )
        yield Static("Limits", classes="form-heading")
        yield Field(
            "max_emails_per_day",
            "Mails a day",
            text(str(known.max_emails_per_day), width=14),
            note="A day is a UTC day.",
        )
        yield Field(
            "max_recipients_per_email",
            "Recipients a mail",
            text(str(known.max_recipients_per_email), width=14),
        )
        yield Field(
            "max_message_bytes", "Largest mail", text(parsing.in_bytes(known.max_message_bytes), width=14)
        )
        yield Static("Rarely needed", classes="form-heading")
        yield Field(
            "on_uncertain",
            "Outcome unknown",
            choice(
                [
                    (Content("wait for me"), OnUncertain.WAIT.value),
                    (Content("send again (may arrive twice)"), OnUncertain.RETRY.value),
                ],
                known.on_uncertain.value,
            ),
        )
        for name, label in (
            ("connection_timeout", "Connect within"),
            ("greeting_timeout", "Greeting within"),
            ("socket_timeout", "Answer within"),
        ):
            yield Field(
                name,
                label,
                text(parsing.in_seconds(getattr(known, name)), width=10),
                note="" if name != "socket_timeout" else "In seconds.",
            )
        yield Field(
            "ca_certificate",
            "Private authority",
            lines(known.ca_certificate or ""),
            note="PEM; trusted instead of the system's authorities. Usually empty.",
        )
        yield Field("is_active", "In use", toggle("mail may leave through it", known.is_active))

    def on_mount(self) -> None:
        self.field("preset" if self._row is None else "connection_name").control.focus()

    # Reading and checking

    def _read(self) -> tuple[ConfigurationFields, tuple[FieldProblem, ...]]:
        """What stands in the form, and what could not be read; unreadable numbers take their defaults."""
        problems: list[FieldProblem] = []

        def parsed(name: str, parse: Callable[[str], Parsed], otherwise: Parsed) -> Parsed:
            try:
                return parse(self.words(name))
            except ValueError as error:
                problems.append(FieldProblem(name, str(error)))
                return otherwise

        fields = ConfigurationFields(
            connection_name=self.words("connection_name").strip(),
            host=self.words("host").strip(),
            port=parsed("port", parsing.whole, 587),
            security=Security(self.words("security")),
            auth_mechanism=AuthMechanism(self.words("auth_mechanism")),
            username=self.words("username").strip(),
            from_email=self.words("from_email").strip(),
            from_name=self.words("from_name").strip() or None,
            reply_to_email=self.words("reply_to_email").strip() or None,
            connection_timeout=parsed("connection_timeout", parsing.seconds, 60_000),
            greeting_timeout=parsed("greeting_timeout", parsing.seconds, 30_000),
            socket_timeout=parsed("socket_timeout", parsing.seconds, 60_000),
            max_emails_per_day=parsed("max_emails_per_day", parsing.whole, 100),
            max_recipients_per_email=parsed("max_recipients_per_email", parsing.whole, 50),
            max_message_bytes=parsed("max_message_bytes", parsing.byte_size, 1),
            ca_certificate=self.words("ca_certificate").strip() or None,
            on_uncertain=OnUncertain(self.words("on_uncertain")),
            is_active=self.is_on("is_active"),
        )
        return fields, tuple(problems)

    def _password(self) -> Secret | None:
        typed = self.words("password")
        return Secret(typed) if typed else None

    def check(self) -> tuple[FieldProblem, ...]:
        fields, problems = self._read()
        unread = {problem.field for problem in problems}
        found = [
            *problems,
            *(problem for problem in check_configuration(fields) if problem.field not in unread),
        ]
        if fields.connection_name.casefold() in self._taken:
            found.append(FieldProblem("connection_name", "Another configuration has this name."))
        signs_in = fields.auth_mechanism is not AuthMechanism.NONE and fields.username
        has_password = self._row is not None and self._row.has_password
        if signs_in and not has_password and not self.words("password"):
            found.append(FieldProblem("password", "This user name needs its password."))
        return tuple(found)

    def field_changed(self, name: str) -> None:
        if name == "preset":
            self._fill_in(self.words("preset"))

    def _fill_in(self, preset_id: str) -> None:
        """Put the provider's settings in place; a user name and a name that the person typed stay."""
        preset = BY_ID[preset_id]
        self.field("preset").set_note(preset.note)
        if preset is CUSTOM or (preset_id == self._before["preset"] and not self._filled):
            return
        wanted = {"host": preset.host, "port": str(preset.port), "security": preset.security.value}
        wanted |= {"auth_mechanism": preset.auth_mechanism.value}
        current = self.words("username")
        if preset.username or current == self._filled.get("username"):
            wanted["username"] = preset.username
        for name, value in wanted.items():
            control = self.field(name).control
            if isinstance(control, (Input, Select)):
                control.value = value
        if not self.words("connection_name") or self.words("connection_name") == self._filled.get(
            "connection_name"
        ):
            wanted["connection_name"] = "" if preset_id == "custom" else preset.title
            control = self.field("connection_name").control
            if isinstance(control, Input):
                control.value = wanted["connection_name"]
        self._filled = wanted

    # Testing and saving

    def action_try_out(self) -> None:
        if not self.all_is_well():
            return
        fields, _ = self._read()
        password = self._password()
        row = self._row
        signs_in = fields.auth_mechanism is not AuthMechanism.NONE and fields.username
        if row is not None and row.has_password and password is None and signs_in:
            if any(getattr(fields, name) != getattr(row.fields, name) for name in CONNECTION):
                words = "Enter it to test a changed server: the one kept goes only to the saved one."
                self.refuse(FieldProblem("password", words))
                return
            saved = row.id

            async def run() -> TestReport:
                return await self.workspace.configurations.test(saved)
        else:

            async def run() -> TestReport:
                return await self.workspace.configurations.try_out(fields, password)

        self.app.push_screen(ReportScreen(fields.connection_name, run))

    async def submit(self) -> ConfigurationRow:
        fields, _ = self._read()
        configurations = self.workspace.configurations
        if self._row is None:
            return await configurations.create(fields, self._password())
        return await configurations.edit(self._row.id, fields, self._password())
