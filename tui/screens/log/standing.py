"""How the log is being followed, and what is wrong when it is not, in a few words."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content

from tui.wording import number


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """How the list stands to the head of the log."""

    is_paused: bool
    is_loading: bool
    is_faulted: bool
    follows: bool
    waiting: int

    def words(self) -> Content:
        """For the end of the filter's line. A pause is said first: it was asked for."""
        if self.is_paused:
            return Content.styled(f"‖ paused · {number(self.waiting)} waiting", "$warning")
        if self.is_faulted:
            return Content.styled("! not answering", "$error")
        if self.is_loading:
            return Content.styled("reading …", "$gate-dim")
        if self.follows:
            return Content.styled("▲ following", "$success")
        if self.waiting:
            return Content.assemble(
                (f"▲ {number(self.waiting)} newer", "$warning"), (" · f shows", "$gate-dim")
            )
        return Content.styled("standing still · f follows", "$gate-dim")
