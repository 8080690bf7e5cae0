"""The options of `configs add` and `configs edit`: every field of a configuration, named as it is stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from core.values.configuration import AuthMechanism, ConfigurationFields, OnUncertain, Security
from tui.cli.params import Milliseconds, Size, Words

F = TypeVar("F", bound=Callable[..., Any])

# Fields that may be empty: `--from-name ''` takes the value away.
_OPTIONAL: Final = {"from_name", "reply_to_email", "ca_certificate"}
_FIELD_NAMES: Final = frozenset(field.name for field in dataclass_fields(ConfigurationFields))

_LONGEST_CA: Final = 1024 * 1024  # bytes; a bundle of every public authority has a quarter of that


def _certificates(ctx: click.Context, parameter: click.Parameter, value: Path | None) -> str | None:
    """The text of a PEM file. Raises click.UsageError when it can't be one."""
    if value is None:
        return None
    with value.open("rb") as file:
        content = file.read(_LONGEST_CA + 1)
    if len(content) > _LONGEST_CA or b"-----BEGIN CERTIFICATE-----" not in content:
        raise click.BadParameter("the file holds no certificate in PEM form.", ctx, parameter)
    return content.decode("ascii", "replace")


_OPTIONS: Final = (
    click.option("--preset", metavar="NAME", help="Fill in a provider's server; see configs presets."),
    click.option("--host", help="The server's name or address."),
    click.option("--port", type=int, help="Usually 587 for STARTTLS, 465 for TLS.  [default: 587]"),
    click.option(
        "--security",
        type=Words(Security),
        help="STARTTLS required, TLS from the first byte, or none (loopback only).  [default: starttls]",
    ),
    click.option(
        "--auth", "auth_mechanism", type=Words(AuthMechanism), help="How to log in.  [default: auto]"
    ),
    click.option("--username", help="The user name at the server."),
    click.option("--from-email", metavar="ADDRESS", help="The sender.  [default: the user name]"),
    click.option("--from-name", metavar="NAME", help="The name beside the sender's address."),
    click.option("--reply-to", "reply_to_email", metavar="ADDRESS", help="Where answers go."),
    click.option(
        "--daily", "max_emails_per_day", type=int, metavar="N", help="Mails a day (UTC), of all agents."
    ),
    click.option(
        "--recipients",
        "max_recipients_per_email",
        type=int,
        metavar="N",
        help="Recipients a mail, To, Cc and Bcc.",
    ),
    click.option("--max-size", "max_message_bytes", type=Size(), help="The largest mail: 500k, 25M."),
    click.option("--connection-timeout", type=Milliseconds(), help="To connect: 30s, 500ms."),
    click.option("--greeting-timeout", type=Milliseconds(), help="For the server's greeting."),
    click.option("--socket-timeout", type=Milliseconds(), help="For every later answer."),
    click.option(
        "--ca-file",
        "ca_certificate",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        callback=_certificates,
        help="PEM certificates to trust instead of the system's.",
    ),
    click.option(
        "--on-uncertain",
        type=Words(OnUncertain),
        help="A mail whose outcome is unknown waits for you, or is sent again.  [default: wait]",
    ),
    click.option("--active/--inactive", "is_active", default=None, help="Whether it may be used."),
)


def configuration_options(function: F) -> F:
    """All of them, none with a default of its own: what is not given is left as it is."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def changed(fields: ConfigurationFields, given: Mapping[str, Any]) -> ConfigurationFields:
    """`fields` with the preset's values, then with every option that was given."""
    changes: dict[str, Any] = {}
    if given.get("preset"):
        changes.update(_preset(given["preset"]))
    for name, value in given.items():
        if name in _FIELD_NAMES and value is not None:
            changes[name] = None if value == "" and name in _OPTIONAL else value
    return replace(fields, **changes)


def fresh(name: str, given: Mapping[str, Any]) -> ConfigurationFields:
    """The fields of a new configuration; what is still missing shows when they are checked."""
    fields = changed(ConfigurationFields(connection_name=name, host="", from_email=""), given)
    if not fields.from_email and "@" in fields.username:
        fields = replace(fields, from_email=fields.username)
    return fields


def _preset(name: str) -> dict[str, Any]:
    from tui.presets import BY_ID

    preset = BY_ID.get(name.casefold())
    if preset is None:
        raise click.BadParameter(f"{name!r} is none of {', '.join(BY_ID)}.", param_hint="--preset")
    values = {
        "host": preset.host,
        "port": preset.port,
        "security": preset.security,
        "auth_mechanism": preset.auth_mechanism,
        "username": preset.username,
    }
    return {name: value for name, value in values.items() if value != ""}
