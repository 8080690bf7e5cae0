"""The screen of the mode Inbox: what the capture server took, as it comes, and each mail in full."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message

from dev_server.attachments import save_attachment
from dev_server.errors import CaptureError
from dev_server.message import CapturedMessage
from dev_server.store import CaptureStore
from dev_server.view import AttachmentView
from tui.actions import bindings
from tui.safe import inert, sanitise
from tui.screens.inbox.letter import Letter, read_letter
from tui.screens.inbox.pane import LetterPane, ViewName, ViewTab
from tui.screens.inbox.save import SaveScreen
from tui.screens.inbox.watching import WatchingScreen
from tui.widgets.confirm import ConfirmScreen
from tui.widgets.live_table import LiveTable
from tui.widgets.rows import RowTable
from tui.wording import plural


class InboxScreen(WatchingScreen):
    """List and mail: side by side where there is room, else one in the place of the other."""

    MODE = "inbox"
    CSS_PATH = "inbox.tcss"
    HORIZONTAL_BREAKPOINTS: ClassVar[list[tuple[int, str]]] = [(0, "-narrow"), (116, "-wide")]  # type: ignore[misc]
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("inbox")]

    @dataclass
    class LetterRead(Message):
        letter: Letter

    @dataclass
    class Refused(Message):
        """The store refused what was asked of it."""

        error: CaptureError

    def __init__(self) -> None:
        super().__init__()
        downloads = Path.home() / "Downloads"
        self._folder = downloads if downloads.is_dir() else Path.cwd()

    def compose_letter(self) -> ComposeResult:
        yield LetterPane(id="letter")

    async def on_mount(self) -> None:
        self._pane.show(None)

    @property
    def is_reading(self) -> bool:
        return self.has_class("-reading") or self._pane.holds_focus

    @property
    def _pane(self) -> LetterPane:
        return self.query_one("#letter", LetterPane)

    # Reading a mail

    @on(LiveTable.Moved)
    def _moved(self) -> None:
        selected, letter = self._table.selected, self._pane.letter
        if selected is None:
            self._pane.show(None)
            self.remove_class("-reading")
        elif letter is None or letter.message.id != selected.id:
            self._soon("read", self._read_selected)
        self.refresh_bindings()

    def _read_selected(self) -> None:
        selected = self._table.selected
        if selected is not None and self._store is not None and self._pane.display:
            self._read(self._store, selected)

    @work(exclusive=True, group="read")
    async def _read(self, store: CaptureStore, message: CapturedMessage) -> None:
        try:
            letter = await asyncio.to_thread(read_letter, store, message)
        except CaptureError as error:
            self.post_message(self.Refused(error))
        else:
            self.post_message(self.LetterRead(letter))

    @on(LetterRead)
    def _show_letter(self, event: LetterRead) -> None:
        selected = self._table.selected
        if selected is not None and event.letter.message.id == selected.id:
            self._pane.show(event.letter)
            self.refresh_bindings()

    @on(Refused)
    def _refused(self, event: Refused) -> None:
        words = f"{event.error}\n{event.error.remedy}".strip()
        self.notify(
            sanitise(words, multiline=True), title="Not done", severity="error", timeout=10, markup=False
        )

    @on(LiveTable.Opened)
    def action_open(self) -> None:
        selected = self._table.selected
        if selected is None or self._store is None:
            return
        self.add_class("-reading")
        if self._pane.letter is None or self._pane.letter.message.id != selected.id:
            self._read(self._store, selected)
        self.call_after_refresh(self._pane.focus_content)

    @on(ViewTab.Chosen)
    def _choose(self, event: ViewTab.Chosen) -> None:
        self._pane.choose(event.view)

    def action_view(self, view: ViewName) -> None:
        self._pane.choose(view)
        if not self._pane.display:
            self.action_open()

    def action_back(self) -> None:
        if self.focused is not self._table or self.has_class("-reading"):
            self.remove_class("-reading")
            self.call_after_refresh(self._table.focus)
        else:
            self._bar.clear()

    def action_filter(self) -> None:
        self.remove_class("-reading")
        super().action_filter()

    # What can be done with a mail

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("open", "view", "save", "copy", "delete", "clear") and self.is_mounted:
            return self._table.selected is not None
        return True

    def action_copy(self) -> None:
        words = self._pane.as_text()
        if words:
            self.app.copy_to_clipboard(words)
            self.gatepost.say(f"The {self._pane.view} of the mail is on the clipboard.")

    @on(RowTable.Opened, "#files")
    def action_save(self) -> None:
        """Save the file under the cursor; show the files first, so that it is seen which that is."""
        pane = self._pane
        attachment = pane.attachment
        if pane.letter is None or attachment is None:
            self.gatepost.say("This mail brings no files." if pane.letter else "Open a mail first.")
            return
        if pane.view != "files" or not pane.display:
            self.action_view("files")
            if len(pane.letter.attachments) > 1:
                return
        message = pane.letter.message

        def chosen(folder: Path | None) -> None:
            if folder is not None and self._store is not None:
                self._folder = folder
                self._save(self._store, message, attachment, folder)

        name = inert(attachment.filename or "(no name)", "bold", limit=200)
        self.app.push_screen(SaveScreen(name, self._folder), chosen)

    @work(group="save")
    async def _save(
        self, store: CaptureStore, message: CapturedMessage, attachment: AttachmentView, folder: Path
    ) -> None:
        def save() -> Path:
            return save_attachment(store.raw(message.id), attachment.index, folder)

        try:
            path = await asyncio.to_thread(save)
        except CaptureError as error:
            self.post_message(self.Refused(error))
        else:
            self.gatepost.say(f"Saved as {path}")

    def action_delete(self) -> None:
        selected = self._table.selected
        if selected is not None and self._store is not None:
            self._delete(self._store, selected)

    @work(group="delete")
    async def _delete(self, store: CaptureStore, message: CapturedMessage) -> None:
        try:
            await asyncio.to_thread(store.delete, message.id)
        except CaptureError as error:
            self.post_message(self.Refused(error))
        self._watch_anew()

    def action_clear(self) -> None:
        store = self._store
        if store is None or not self._count:
            return

        def answered(sure: bool | None) -> None:  # noqa: FBT001
            if sure:
                self._clear(store)

        consequence = Content(
            f"{plural(self._count, 'captured mail')} will be deleted for good, those that the search hides included."
        )
        self.app.push_screen(
            ConfirmScreen("Delete all captured mail?", consequence, yes="Delete all"), answered
        )

    @work(exclusive=True, group="delete")
    async def _clear(self, store: CaptureStore) -> None:
        try:
            count = await asyncio.to_thread(store.clear)
        except CaptureError as error:
            self.post_message(self.Refused(error))
        else:
            self.gatepost.say(f"{plural(count, 'mail')} deleted.")
        self._watch_anew()
