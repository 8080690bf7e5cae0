"""The registry of actions: one entry feeds the key, the footer, the palette, the help and the docs.

A screen takes its keys with `BINDINGS = bindings("log")`; each entry's `run` names the Textual action
that the screen or the app has (`action_<run>`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from textual.binding import Binding, BindingType

from tui.actions.action import Action
from tui.actions.everywhere import APP
from tui.actions.managing import AGENTS, CONFIGURATION_FORM, CONFIGURATIONS, FORM, TOKENS
from tui.actions.watching import INBOX, LOG

__all__ = ["ACTIONS", "APP", "Action", "actions", "bindings"]

ACTIONS: Final = (*APP, *CONFIGURATIONS, *AGENTS, *TOKENS, *FORM, *CONFIGURATION_FORM, *LOG, *INBOX)


def actions(scope: str) -> Iterator[Action]:
    """The actions of one scope, in the order in which they are shown."""
    return (action for action in ACTIONS if action.scope == scope)


def bindings(scope: str) -> list[BindingType]:
    """The keys of one scope, for a class's `BINDINGS`."""
    return [
        Binding(
            action.keys,
            action.run,
            action.title,
            show=action.in_footer,
            key_display=action.key_label,
            tooltip=action.help,
            id=action.id,
        )
        for action in actions(scope)
    ]
