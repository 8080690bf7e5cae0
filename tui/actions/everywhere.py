"""What works in every mode: going to another one, help, the theme."""

from __future__ import annotations

from typing import Final

from tui.actions.action import Action

APP: Final = (
    Action(
        scope="app",
        run="mode('configurations')",
        name="configurations",
        keys="1",
        title="Configurations",
        help="Where mail leaves: servers, limits and their tests",
        command="gatepost configs list",
        in_footer=False,
    ),
    Action(
        scope="app",
        run="mode('agents')",
        name="agents",
        keys="2",
        title="Agents",
        help="Who may send through what: agents, grants and tokens",
        command="gatepost agents list",
        in_footer=False,
    ),
    Action(
        scope="app",
        run="mode('log')",
        name="log",
        keys="3",
        title="Log",
        help="Every attempt to send, as it happens",
        command="gatepost logs --follow",
        in_footer=False,
    ),
    Action(
        scope="app",
        run="mode('inbox')",
        name="inbox",
        keys="4",
        title="Inbox",
        help="What the capture server took instead of the world",
        command="gatepost capture list",
        in_footer=False,
    ),
    Action(
        scope="app",
        run="help",
        keys="question_mark,f1",
        title="Help",
        help="What the keys do here",
        key_label="?",
    ),
    Action(
        scope="app",
        run="toggle_dark",
        keys="f2",
        title="Dark or light",
        help="Switch between the dark and the light theme",
        in_footer=False,
    ),
)
