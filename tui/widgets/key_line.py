"""The bottom line: the keys that work here, each a click away."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget


class KeyLine(Widget):
    """One line of keys and what they do. Drawn as text: a change of focus costs no widgets, as Footer's would."""

    ALLOW_SELECT = False

    def __init__(self) -> None:
        super().__init__()
        self._keys: list[
            tuple[int, int, str]
        ] = []  # first and last cell, and the key that a click there presses
        self._line = Content()

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._update)
        self._update(self.screen)

    def _update(self, screen: Screen[object]) -> None:
        if not self.is_attached or screen is not self.screen:
            return
        parts: list[Content] = []
        keys: list[tuple[int, int, str]] = []
        seen: set[str] = set()
        at = 0
        for active in screen.active_bindings.values():
            binding = active.binding
            if not binding.show or binding.action in seen or not active.enabled:
                continue
            seen.add(binding.action)
            label = self.app.get_key_display(binding)
            part = Content.assemble(
                (label, "bold $footer-key-foreground"),
                " ",
                (binding.description, "$footer-description-foreground"),
                "  ",
            )
            keys.append((at, at + part.cell_length - 2, binding.key))
            at += part.cell_length
            parts.append(part)
        line = Content("").join(parts)
        if line != self._line or keys != self._keys:
            self._line, self._keys = line, keys
            self.refresh()

    def render(self) -> Content:
        return self._line

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        for first, after, key in self._keys:
            if first <= offset.x < after:
                self.app.simulate_key(key)
                return
