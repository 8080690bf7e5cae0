"""What every form shares: checks while typing, problems at their field, a guard over unsaved changes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar, cast

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Checkbox, Input, Select, Static, TextArea

from core.errors import FieldProblem, GatepostError, InvalidInput
from tui.actions import bindings
from tui.safe import sanitise
from tui.widgets.confirm import ConfirmScreen
from tui.widgets.field import Field
from tui.widgets.key_line import KeyLine

if TYPE_CHECKING:
    from core.workspace import Workspace
    from tui.app import GatepostApp

Result = TypeVar("Result")


class FormScreen(ModalScreen[Result | None], Generic[Result]):
    """A form over its mode. Dismisses with what was saved, or with None when the person left.

    Subclasses give `compose_fields`, `check` (pure, called on every change) and `submit` (the service call).
    A field shows its problem once it was changed or left, and all do after an attempt to save.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("form")]
    TALL: ClassVar[bool] = False  # more fields than a small screen has lines

    @dataclass
    class Saved(Message):
        result: object

    @dataclass
    class Refused(Message):
        error: GatepostError

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title
        self._touched: set[str] = set()
        self._show_all = False
        self._before: dict[str, str | bool] = {}
        self._refusals: dict[str, FieldProblem] = {}  # what a service said, until that field changes

    # For subclasses

    def compose_fields(self) -> ComposeResult:
        """The fields, under headings."""
        yield from ()

    def check(self) -> tuple[FieldProblem, ...]:
        """What is wrong with what stands in the form now."""
        return ()

    async def submit(self) -> Result:
        """Hand the form to its service. Raises GatepostError."""
        raise NotImplementedError

    def field_changed(self, name: str) -> None:
        """A field of that name holds another value now."""

    # The frame

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog form -tall" if self.TALL else "dialog form") as dialog:
            dialog.border_title = Content(self._title)
            with VerticalScroll(classes="form-body", can_focus=False):
                yield from self.compose_fields()
            yield Static(id="form-problem", classes="problem")
        yield KeyLine()

    def on_mount(self) -> None:
        self.query_one("#form-problem").display = False
        self._before = self.values()

    @property
    def gatepost(self) -> GatepostApp:
        return cast("GatepostApp", self.app)

    @property
    def workspace(self) -> Workspace:
        return self.gatepost.workspace

    @cached_property
    def fields(self) -> dict[str, Field]:
        """The form's fields by name, in their order. They are there once the form is mounted."""
        return {field.key: field for field in self.query(Field)}

    def field(self, name: str) -> Field:
        return self.fields[name]

    def values(self) -> dict[str, str | bool]:
        return {name: field.value for name, field in self.fields.items()}

    def words(self, name: str) -> str:
        """What stands in a field of text or choice."""
        return str(self.field(name).value)

    def is_on(self, name: str) -> bool:
        return bool(self.field(name).value)

    @property
    def is_changed(self) -> bool:
        return self.values() != self._before

    # Checking

    @on(Input.Changed)
    @on(Select.Changed)
    @on(Checkbox.Changed)
    @on(TextArea.Changed)
    def _something_changed(
        self, event: Input.Changed | Select.Changed | Checkbox.Changed | TextArea.Changed
    ) -> None:
        name = event.control.id or ""
        if self.field(name).value != self._before.get(name):
            self._touched.add(name)
        self._refusals.pop(name, None)
        self.field_changed(name)
        self.show_problems()

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        field = next((node for node in event.widget.ancestors if isinstance(node, Field)), None)
        if field is not None and field.value != "":
            self._touched.add(field.key)
            self.show_problems()

    @on(Input.Submitted)
    def _next_field(self) -> None:
        self.focus_next()

    def show_problems(self) -> tuple[FieldProblem, ...]:
        """Check, and show each problem at its field; at untouched fields only after an attempt to save."""
        problems = self.check()
        first = {problem.field: problem for problem in reversed(problems)}
        for field in self.fields.values():
            visible = self._show_all or field.key in self._touched
            problem = first.get(field.key) if visible else None
            field.set_problem(problem or self._refusals.get(field.key))
        return problems

    def refuse(self, *problems: FieldProblem) -> None:
        """Show problems that `check` can't see, and go to the first. Each stays until its field changes."""
        self._refusals |= {problem.field: problem for problem in reversed(problems)}
        self.show_problems()
        self._go_to(problems)

    def _say(self, words: str) -> None:
        line = self.query_one("#form-problem", Static)
        line.update(Content.assemble(("! ", "bold $error"), (sanitise(words), "$error")) if words else "")
        line.display = bool(words)

    # Saving and leaving

    def all_is_well(self) -> bool:
        """Check everything; where something is wrong, show it and go to the first such field."""
        self._show_all = True
        problems = self.show_problems()
        if problems:
            self._go_to(problems)
        return not problems

    def _go_to(self, problems: tuple[FieldProblem, ...]) -> None:
        wrong = {problem.field for problem in problems}
        for field in self.fields.values():
            if field.key in wrong:
                field.control.focus()
                return
        self._say("; ".join(f"{problem.field}: {problem.message}" for problem in problems))

    def action_save(self) -> None:
        self._say("")
        if self.all_is_well():
            self._submit()

    @work(exclusive=True, group="save")
    async def _submit(self) -> None:
        try:
            result = await self.submit()
        except GatepostError as error:
            self.post_message(self.Refused(error))
        else:
            self.post_message(self.Saved(result))

    @on(Saved)
    def _saved(self, event: Saved) -> None:
        event.stop()
        self.dismiss(cast("Result", event.result))

    @on(Refused)
    def _refused(self, event: Refused) -> None:
        event.stop()
        error = event.error
        if isinstance(error, InvalidInput):
            self.refuse(*error.problems)
            return
        self._say(f"{error} {error.remedy}".strip())

    def action_cancel(self) -> None:
        if not self.is_changed:
            self.dismiss(None)
            return
        self.app.push_screen(
            ConfirmScreen(
                "Leave without saving?",
                Content("What you changed in this form would be lost."),
                yes="Discard",
                no="Keep editing",
            ),
            self._leave,
        )

    def _leave(self, sure: bool | None) -> None:  # noqa: FBT001
        if sure:
            self.dismiss(None)
