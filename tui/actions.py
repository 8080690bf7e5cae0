"""The registry of actions: one entry feeds the key, the footer, the palette, the help and the docs.

A screen takes its keys with `BINDINGS = bindings("log")`; each entry's `run` names the Textual action
that the screen or the app has (`action_<run>`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from textual.binding import Binding, BindingType


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

CONFIGURATIONS: Final = (
    Action(
        scope="configurations",
        run="new",
        keys="n",
        title="New",
        help="Add a configuration: where mail leaves, and as whom",
        command="gatepost configs add",
    ),
    Action(
        scope="configurations",
        run="edit",
        keys="e",
        title="Edit",
        help="Change the selected configuration",
        command="gatepost configs edit NAME",
    ),
    Action(
        scope="configurations",
        run="test",
        keys="t",
        title="Test",
        help="Walk the way to the server step by step, sending nothing",
        command="gatepost configs test NAME",
    ),
    Action(
        scope="configurations",
        run="archive",
        keys="x",
        title="Archive",
        help="Retire the selected configuration for good; its log is kept",
        command="gatepost configs archive NAME",
    ),
    Action(
        scope="configurations",
        run="toggle_archived",
        keys="v",
        title="Archived",
        help="Show or hide archived configurations",
        command="gatepost configs list --all",
        in_footer=False,
    ),
    Action(
        scope="configurations",
        run="reload",
        keys="r",
        title="Reload",
        help="Read everything on this screen again",
        in_footer=False,
    ),
)

AGENTS: Final = (
    Action(
        scope="agents",
        run="new",
        keys="n",
        title="New",
        help="Add an agent: a program that may send mail on your behalf",
        command="gatepost agents add NAME",
    ),
    Action(
        scope="agents",
        run="pause",
        keys="p",
        title="Pause",
        help="Pause the selected agent, so that nothing of it leaves, or let it go on",
        command="gatepost agents pause NAME",
    ),
    Action(
        scope="agents",
        run="grant",
        keys="g",
        title="Grant",
        help="Let the selected agent send through a configuration",
        command="gatepost grants add --agent NAME --config NAME",
    ),
    Action(
        scope="agents",
        run="edit",
        keys="e",
        title="Edit",
        help="Change the selected grant",
        command="gatepost grants edit --agent NAME --config NAME",
    ),
    Action(
        scope="agents",
        run="revoke",
        keys="x",
        title="Revoke",
        help="Take the selected grant back",
        command="gatepost grants revoke --agent NAME --config NAME",
    ),
    Action(
        scope="agents",
        run="tokens",
        keys="k",
        title="Tokens",
        help="The tokens with which the selected agent proves who it is",
        command="gatepost agents token list NAME",
    ),
    Action(
        scope="agents",
        run="toggle_revoked",
        keys="v",
        title="Revoked",
        help="Show or hide grants that were revoked",
        in_footer=False,
    ),
    Action(
        scope="agents",
        run="reload",
        keys="r",
        title="Reload",
        help="Read everything on this screen again",
        in_footer=False,
    ),
)

TOKENS: Final = (
    Action(
        scope="tokens",
        run="new",
        keys="n",
        title="New token",
        help="Make a token; it is shown this once",
        command="gatepost agents token create NAME",
        in_palette=False,
    ),
    Action(
        scope="tokens",
        run="revoke",
        keys="x",
        title="Revoke",
        help="End the selected token: whoever uses it is turned away from then on",
        in_palette=False,
    ),
    Action(
        scope="tokens",
        run="close",
        keys="escape",
        title="Close",
        help="Back to the agent",
        in_palette=False,
    ),
)

FORM: Final = (
    Action(scope="form", run="save", keys="ctrl+s", title="Save", help="Check and save", in_palette=False),
    Action(
        scope="form",
        run="cancel",
        keys="escape",
        title="Back",
        help="Leave the form; asks if something would be lost",
        in_palette=False,
    ),
)

CONFIGURATION_FORM: Final = (
    Action(
        scope="configuration_form",
        run="try_out",
        keys="ctrl+t",
        title="Test",
        help="Test what stands in the form, without saving it",
        in_palette=False,
    ),
)

LOG: Final = (
    Action(
        scope="log",
        run="filter",
        keys="slash",
        title="Filter",
        help="Narrow the log: status:denied agent:NAME via:NAME since:2h and any text",
        command="gatepost logs --help",
        key_label="/",
    ),
    Action(
        scope="log",
        run="pause",
        keys="space",
        title="Pause",
        help="Hold the list still and count what waits, or let it go on",
        key_label="space",
    ),
    Action(
        scope="log",
        run="follow",
        keys="f",
        title="Follow",
        help="Go to the newest and follow from there",
        command="gatepost logs --follow",
    ),
    Action(
        scope="log",
        run="open",
        keys="enter",
        title="Open",
        help="Every check, reply and time of the selected operation",
        in_palette=False,
    ),
    Action(
        scope="log",
        run="clock",
        keys="t",
        title="Times",
        help="Times of day (UTC) instead of how long ago, or back",
        in_footer=False,
    ),
    Action(
        scope="log",
        run="only('agent')",
        name="only_agent",
        keys="a",
        title="Only this agent",
        help="Show only what the selected operation's agent did, or everybody again",
        in_footer=False,
    ),
    Action(
        scope="log",
        run="only('via')",
        name="only_configuration",
        keys="c",
        title="Only this configuration",
        help="Show only what went through the selected operation's configuration, or all again",
        in_footer=False,
    ),
    Action(
        scope="log",
        run="only('status')",
        name="only_status",
        keys="s",
        title="Only this outcome",
        help="Show only operations with the selected one's outcome, or all again",
        in_footer=False,
    ),
    Action(
        scope="log",
        run="copy",
        keys="y",
        title="Copy",
        help="Copy the selected operation in full",
    ),
    Action(
        scope="log",
        run="back",
        keys="escape",
        title="Back",
        help="Back to the list; there, clear the filter",
        in_footer=False,
        in_palette=False,
    ),
)
INBOX: Final = (
    Action(
        scope="inbox",
        run="filter",
        keys="slash",
        title="Filter",
        help="Show only mails whose subject, sender or recipients hold a text",
        command="gatepost capture list --text WORDS",
        key_label="/",
    ),
    Action(
        scope="inbox",
        run="open",
        keys="enter",
        title="Open",
        help="Read the selected mail",
        command="gatepost capture show ID",
        in_palette=False,
    ),
    Action(
        scope="inbox",
        run="view('text')",
        name="text",
        keys="t",
        title="Text",
        help="The selected mail's text; HTML is shown as text",
        in_footer=False,
    ),
    Action(
        scope="inbox",
        run="view('headers')",
        name="headers",
        keys="h",
        title="Headers",
        help="Every header of the selected mail",
        in_footer=False,
    ),
    Action(
        scope="inbox",
        run="view('source')",
        name="source",
        keys="v",
        title="Source",
        help="The selected mail as it came over the wire",
        in_footer=False,
    ),
    Action(
        scope="inbox",
        run="view('files')",
        name="files",
        keys="a",
        title="Attachments",
        help="The files that the selected mail brings",
        in_footer=False,
    ),
    Action(
        scope="inbox",
        run="save",
        keys="s",
        title="Save file",
        help="Save an attachment into a folder of your choice",
    ),
    Action(
        scope="inbox",
        run="copy",
        keys="y",
        title="Copy",
        help="Copy what is shown of the selected mail",
    ),
    Action(
        scope="inbox",
        run="delete",
        keys="x",
        title="Delete",
        help="Delete the selected mail from the capture store",
    ),
    Action(
        scope="inbox",
        run="clear",
        keys="X",
        title="Clear",
        help="Delete every captured mail; asks first",
        command="gatepost capture clear",
        in_footer=False,
    ),
    Action(
        scope="inbox",
        run="back",
        keys="escape",
        title="Back",
        help="Back to the list; there, clear the filter",
        in_footer=False,
        in_palette=False,
    ),
)

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
