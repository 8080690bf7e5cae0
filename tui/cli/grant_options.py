"""The options of `grants add` and `grants edit`, and what they make of a grant's fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

import click

from core.values.grant import Approval, GrantFields
from tui.cli.params import Expiry, Given, Limit, Words

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS: Final = (
    click.option("--send/--no-send", "can_send_email", default=None, help="May send mail.  [default: yes]"),
    click.option(
        "--attachments/--no-attachments",
        "can_send_attachments",
        default=None,
        help="May attach files.  [default: no]",
    ),
    click.option(
        "--custom-from/--no-custom-from",
        "can_use_custom_from",
        default=None,
        help="May choose From and Reply-To itself.  [default: no]",
    ),
    click.option(
        "--daily",
        "daily_email_limit",
        type=Limit(),
        help="Mails a day (UTC); only less than the configuration's.",
    ),
    click.option(
        "--recipients",
        "recipients_per_email_limit",
        type=Limit(),
        help="Recipients a mail: To, Cc and Bcc together.",
    ),
    click.option(
        "--allow",
        "allowed_recipients",
        multiple=True,
        metavar="PATTERN",
        help="Only to these: user@domain, @domain, .domain (any subdomain) or *. Repeatable.",
    ),
    click.option("--allow-nobody", is_flag=True, help="To nobody at all."),
    click.option("--allow-anybody", is_flag=True, help="To anybody who is not blocked.  [default]"),
    click.option(
        "--block",
        "blocked_recipients",
        multiple=True,
        metavar="PATTERN",
        help="Never to these; wins over --allow. Repeatable.",
    ),
    click.option("--block-nobody", is_flag=True, help="Block nobody.  [default]"),
    click.option(
        "--approval",
        type=Words(Approval),
        help="Which mails wait for your approval.  [default: never]",
    ),
    click.option(
        "--expires", "expires_at", type=Expiry(), help="30d, 2026-12-31 or never.  [default: never]"
    ),
    click.option("--active/--inactive", "is_active", default=None, help="Whether it is in force."),
)

_PLAIN: Final = ("can_send_email", "can_send_attachments", "can_use_custom_from", "approval", "is_active")
_GIVEN: Final = ("daily_email_limit", "recipients_per_email_limit", "expires_at")


def grant_options(function: F) -> F:
    """All of them, none with a default of its own: what is not given is left as it is."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def says_anything(given: Mapping[str, Any]) -> bool:
    """Whether any of the options was given."""
    names = [*_PLAIN, *_GIVEN]
    lists = ("allowed_recipients", "blocked_recipients", "allow_nobody", "allow_anybody", "block_nobody")
    return any(given[name] is not None for name in names) or any(given[name] for name in lists)


def changed(fields: GrantFields, given: Mapping[str, Any]) -> GrantFields:
    """`fields` with every option that was given. A list of patterns replaces the one that was there.

    Raises click.UsageError for options that contradict each other.
    """
    changes: dict[str, Any] = {name: given[name] for name in _PLAIN if given[name] is not None}
    for name in _GIVEN:
        if isinstance(given[name], Given):
            changes[name] = given[name].value
    if sum(map(bool, (given["allowed_recipients"], given["allow_nobody"], given["allow_anybody"]))) > 1:
        raise click.UsageError("Give one of --allow, --allow-nobody and --allow-anybody.")
    if given["blocked_recipients"] and given["block_nobody"]:
        raise click.UsageError("Give one of --block and --block-nobody.")
    if given["allowed_recipients"]:
        changes["allowed_recipients"] = given["allowed_recipients"]
    elif given["allow_nobody"]:
        changes["allowed_recipients"] = ()
    elif given["allow_anybody"]:
        changes["allowed_recipients"] = None
    if given["blocked_recipients"]:
        changes["blocked_recipients"] = given["blocked_recipients"]
    elif given["block_nobody"]:
        changes["blocked_recipients"] = None
    return replace(fields, **changes)
