"""One thing that a person can do, as the registry has it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing that a person can do. `scope`: the mode or dialogue where its key works, or "app"."""

    scope: str
    run: str  # the Textual action, such as "new" or "mode('log')"
    keys: str  # Textual's key names, separated by commas
    title: str  # one or two words, for the footer
    help: str  # a sentence, for the help and the palette
    command: str = ""  # the same from the command line
    in_footer: bool = True
    in_palette: bool = True
    key_label: str | None = None  # how the footer writes the key, where Textual's way is not the clearest
    name: str = ""  # the last part of the id, where `run` alone would not do

    @property
    def id(self) -> str:
        """Stable: what a person's own key map refers to."""
        return f"{self.scope}.{self.name or self.run}"
