"""One line that says what does not answer, and how old what is shown has become."""

from __future__ import annotations

from datetime import UTC, datetime

from textual.content import Content
from textual.widgets import Static

from tui.safe import inert


class FaultLine(Static):
    """Not there while all is well. What was known stays on the screen under it."""

    DEFAULT_CSS = "FaultLine { height: auto; padding: 0 1; display: none; }"

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._since: datetime | None = None

    @property
    def is_shown(self) -> bool:
        return self._since is not None

    def say(self, error: Exception, now: datetime) -> None:
        """Something does not answer. The first time of a run of faults is the one that is shown."""
        self._since = self._since or now
        self.update(
            Content.assemble(
                ("! ", "bold $error"),
                inert(str(error), "$error", limit=300),
                (f"  as of {self._since.astimezone(UTC):%H:%M:%S} UTC, asking again", "$gate-dim"),
            )
        )
        self.display = True

    def clear(self) -> None:
        """It answers again."""
        self._since = None
        self.display = False
