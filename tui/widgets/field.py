"""One field of a form: its label, its control, and beneath it what is wrong or worth knowing."""

from __future__ import annotations

from typing import TypeAlias

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Checkbox, Input, Label, Select, Static, TextArea

from core.errors import FieldProblem
from tui.safe import sanitise
from tui.widgets.inputs import SafeInput, SafeTextArea

Control: TypeAlias = Input | Select[str] | Checkbox | TextArea
Choices: TypeAlias = list[tuple[Content, str]]


def text(value: str = "", *, placeholder: str = "", password: bool = False, width: int = 0) -> Input:
    """A one-line input. `width` in cells where a short one says how little is expected."""
    control = SafeInput(
        value,
        placeholder=placeholder,
        password=password,
        compact=True,
        select_on_focus=False,
        max_length=4096,
    )
    if width:
        control.styles.max_width = width
    return control


def choice(choices: Choices, value: str) -> Select[str]:
    """One of a few. What is shown is content, so a foreign name in it stays inert."""
    return Select(choices, value=value, allow_blank=False, compact=True)


class Tick(Checkbox):
    """A checkbox whose tick is there or not, whatever the colours."""

    BUTTON_LEFT = "["
    BUTTON_RIGHT = "]"
    BUTTON_INNER = "✓"

    @property
    def _button(self) -> Content:
        style = self.get_visual_style("toggle--button")
        return Content.assemble("[", (self.BUTTON_INNER if self.value else " ", style), "]")


def toggle(label: str, value: bool) -> Checkbox:  # noqa: FBT001
    """On or off."""
    return Tick(Content(label), value, compact=True)


def lines(value: str) -> TextArea:
    """Several lines of plain text. Tab moves on, as in every other field."""
    return SafeTextArea(value, compact=True, tab_behavior="focus", soft_wrap=False, show_line_numbers=False)


def sentence(words: str) -> str:
    """A capital in front and a full stop behind, as problems come without."""
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) else ".")


class Field(Vertical):
    """A label, a control and a note. `name` is the attribute that `FieldProblem.field` refers to."""

    def __init__(self, name: str, label: str, control: Control, *, note: str = "") -> None:
        super().__init__(id=f"field-{name.replace('.', '-')}", classes="field")
        self.key = name
        self.label = label
        self.control = control
        control.id = name
        self._note = note
        self._problem: FieldProblem | None = None

    def compose(self) -> ComposeResult:
        with Horizontal(classes="field-row"):
            yield Label(Content(self.label), classes="field-label")
            yield self.control
        yield Static(classes="field-note")

    def on_mount(self) -> None:
        self._draw()

    @property
    def value(self) -> str | bool:
        """What stands in the control."""
        if isinstance(self.control, TextArea):
            return self.control.text
        if isinstance(self.control, Select):
            return "" if self.control.is_blank() else str(self.control.value)
        return self.control.value

    def set_note(self, note: str) -> None:
        if note != self._note:
            self._note = note
            self._draw()

    def set_problem(self, problem: FieldProblem | None) -> None:
        if problem != self._problem:
            self._problem = problem
            self._draw()

    def _draw(self) -> None:
        if not self.is_attached or not self.children:
            return
        note = self.query_one(".field-note", Static)
        if self._problem is not None:
            words = " ".join(map(sentence, filter(None, (self._problem.message, self._problem.remedy))))
            note.update(Content.assemble(("✕ ", "$error"), (sanitise(words), "$error")))
        else:
            note.update(Content.styled(self._note, "$gate-dim"))
        note.display = self._problem is not None or bool(self._note)
        self.set_class(self._problem is not None, "-wrong")
