"""One captured mail: who to whom, and its text, headers, source and files, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias, cast

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import ContentSwitcher, Static

from dev_server.view import AttachmentView
from tui.safe import inert
from tui.screens.inbox.letter import Letter, plain
from tui.widgets.facts import Fact, FactSheet
from tui.widgets.rows import Column, Row, RowTable
from tui.widgets.text_view import TextView
from tui.wording import exact, number, size

ViewName: TypeAlias = Literal["text", "headers", "source", "files"]
VIEWS: Final[dict[ViewName, tuple[str, str]]] = {
    "text": ("t", "Text"),
    "headers": ("h", "Headers"),
    "source": ("v", "Source"),
    "files": ("a", "Files"),
}
LABEL: Final = 9  # cells
_MOST: Final = 8  # recipients that are named in the heading
_COLUMNS: Final = (
    Column(title="Name", flex=2, at_least=12),
    Column(title="Type", flex=1, at_least=8),
    Column(title="Size", right=True),
)


class ViewTab(Static):
    """One way to look at a mail. A click chooses it."""

    class Chosen(Message):
        def __init__(self, view: ViewName) -> None:
            super().__init__()
            self.view = view

    def __init__(self, view: ViewName) -> None:
        super().__init__(classes="tab")
        self._view = view

    def draw(self, *, is_current: bool, count: int | None = None) -> None:
        key, title = VIEWS[self._view]
        style = "bold $foreground" if is_current else "$gate-dim"
        words = [(key, "$primary"), (" ", ""), (title, style)]
        if count is not None:
            words.append((f" {number(count)}", style if count else "$gate-dim"))
        self.update(Content.assemble(*words))

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.post_message(self.Chosen(self._view))


class LetterPane(Vertical):
    """Shows a letter, or says that none is selected. Knows no store."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id, classes="pane")
        self.border_title = "Mail"
        self.letter: Letter | None = None
        self.view: ViewName = "text"

    def compose(self) -> ComposeResult:
        yield FactSheet(label_width=LABEL)
        with Horizontal(id="tabs"):
            for view in VIEWS:
                yield ViewTab(view)
        with ContentSwitcher(initial="lines", id="views"):
            yield TextView(id="lines")
            yield RowTable[int](_COLUMNS, id="files", empty="This mail brings no files.")

    def show(self, letter: Letter | None, *, note: str = "Nothing selected.") -> None:
        """Show this letter in the view that is chosen. `note` stands where there is none."""
        self.letter = letter
        heading = list(_heading(letter)) if letter else [Fact("", Content.styled(note, "$gate-dim"))]
        self.query_one(FactSheet).set_facts(heading)
        self.query_one("#tabs").display = letter is not None
        files = [_file(each) for each in letter.attachments] if letter else []
        self.query_one("#files", RowTable).set_rows(files)
        self._draw()

    def choose(self, view: ViewName) -> None:
        """Look at the letter in another way."""
        had_focus = self.holds_focus
        self.view = view
        self._draw()
        if had_focus:
            self.focus_content()

    def focus_content(self) -> None:
        """Go where the keys scroll."""
        self.query_one("#files" if self.view == "files" else "#lines").focus()

    @property
    def holds_focus(self) -> bool:
        focused = self.screen.focused
        return focused is not None and self in focused.ancestors

    @property
    def attachment(self) -> AttachmentView | None:
        """The file under the cursor."""
        key = cast("RowTable[int]", self.query_one("#files", RowTable)).key
        return self.letter.attachments[key] if self.letter is not None and key is not None else None

    def as_text(self) -> str:
        """What is shown, for the clipboard: sanitised."""
        letter = self.letter
        if letter is None:
            return ""
        if self.view == "files":
            return "\n".join(inert(each.filename or "(no name)").plain for each in letter.attachments)
        return plain({"text": letter.text, "headers": letter.headers, "source": letter.source}[self.view])

    def _draw(self) -> None:
        letter = self.letter
        for view, tab in zip(VIEWS, self.query(ViewTab), strict=True):
            count = len(letter.attachments) if letter and view == "files" else None
            tab.draw(is_current=view == self.view, count=count)
        self.query_one(ContentSwitcher).current = "files" if self.view == "files" and letter else "lines"
        lines = self.query_one("#lines", TextView)
        if letter is None:
            lines.show(())
        elif self.view != "files":
            lines.show({"text": letter.text, "headers": letter.headers, "source": letter.source}[self.view])


def _heading(letter: Letter) -> Iterator[Fact]:
    yield Fact(
        "", Content.styled(letter.subject or "(no subject)", "bold" if letter.subject else "$gate-dim")
    )
    yield Fact("From", Content(letter.from_ or "–"))
    for label, value in (("To", letter.to), ("Cc", letter.cc)):
        if value:
            yield Fact(label, Content(value))
    sender = Content(letter.sender) if letter.sender else Content.styled("<> (a bounce)", "$gate-dim")
    yield Fact("Envelope", Content.assemble(sender, (" → ", "$gate-dim"), _people(letter.recipients)))
    if letter.hidden:
        yield Fact(
            "Bcc", Content.assemble((_people(letter.hidden), "$warning"), ("  in no header", "$gate-dim"))
        )
    message = letter.message
    facts = [exact(message.received_at), size(message.size_bytes), message.tls or "no TLS"]
    yield Fact("Came", inert(" · ".join(facts), "$gate-dim", limit=200))
    for problem in letter.problems[:3]:
        yield Fact("", Content.assemble(("! ", "$warning"), problem))


def _people(addresses: tuple[str, ...]) -> str:
    more = f" and {number(len(addresses) - _MOST)} more" if len(addresses) > _MOST else ""
    return (", ".join(addresses[:_MOST]) or "–") + more


def _file(attachment: AttachmentView) -> Row[int]:
    name = inert(attachment.filename or "(no name)", limit=200)
    kind = inert(attachment.content_type, "$gate-dim", limit=100)
    return Row(attachment.index, (name, kind, Content(size(attachment.size_bytes))))
