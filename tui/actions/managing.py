"""What changes something: configurations, agents, grants, tokens, and the forms for them."""

from __future__ import annotations

from typing import Final

from tui.actions.action import Action

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
