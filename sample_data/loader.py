"""From the files of this folder to `SampleData`: everything checked, every reference resolved."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from importlib.resources import files
from importlib.resources.abc import Traversable

from core.errors import FieldProblem
from core.policy.address import AddressError, parse_mailbox
from core.values.configuration import AuthMechanism, ConfigurationFields, OnUncertain, Security
from core.values.configuration_check import check_configuration
from core.values.grant import Approval, GrantFields
from core.values.grant_check import check_grant
from sample_data.eml import read_messages
from sample_data.reading import Entry, read_entries, read_table
from sample_data.recipe import Names, read_history, read_scenes
from sample_data.values import (
    OUTSIDERS,
    SampleAgent,
    SampleConfiguration,
    SampleData,
    SampleGrant,
    SampleUser,
    Server,
)


def load(folder: Traversable | None = None) -> SampleData:
    """Read and check all files of the folder; None is this package's own.

    Raises SampleDataError, which names the file, the entry, the fault and what would be right.
    """
    place = files("sample_data") if folder is None else folder
    users = _users(read_table(place, "users.toml"))
    emails = {user.email for user in users}
    people = _people(read_table(place, "people.toml"))
    configurations = _configurations(read_table(place, "configurations.toml"), emails)
    agents = _agents(read_table(place, "agents.toml"), emails)
    messages = read_messages(place.joinpath("messages"))
    names = Names(
        owners={agent.name: agent.user for agent in agents},
        configurations={
            email: frozenset(found.name for found in configurations if found.user == email)
            for email in emails
        },
        messages=frozenset(messages),
        groups={name: len(addresses) for name, addresses in people.items()},
    )
    return SampleData(
        users=users,
        people=people,
        configurations=configurations,
        agents=agents,
        grants=_grants(read_table(place, "grants.toml"), names, configurations),
        messages=messages,
        scenes=read_scenes(read_table(place, "scenario.toml"), names),
        history=read_history(read_table(place, "history.toml"), names),
    )


def _users(whole: Entry) -> tuple[SampleUser, ...]:
    users = []
    for entry in _distinct(whole, "user", "email"):
        users.append(SampleUser(email=entry.text("email"), display_name=entry.optional_text("display_name")))
        entry.done()
    whole.done()
    if not users:
        raise whole.fault("there must be at least one user")
    return tuple(users)


def _people(whole: Entry) -> Mapping[str, tuple[str, ...]]:
    people = {}
    for entry in _distinct(whole, "group", "name"):
        addresses = entry.texts("addresses")
        for address in addresses:
            try:
                parse_mailbox(address)
            except AddressError as error:
                raise entry.fault(f"“{address}” is not an address: {error}") from error
        if not addresses or len(set(addresses)) < len(addresses):
            raise entry.fault("`addresses` must hold at least one address, and none twice")
        people[entry.text("name")] = addresses
        entry.done()
    whole.done()
    if OUTSIDERS not in people:
        raise whole.fault(f"the group “{OUTSIDERS}” is missing; the past of the log needs it")
    return people


def _configurations(whole: Entry, emails: Collection[str]) -> tuple[SampleConfiguration, ...]:
    configurations = []
    taken = set()
    for entry in read_entries(whole, "configuration"):
        server = entry.choice("server", Server, Server.ELSEWHERE)
        configuration = SampleConfiguration(
            user=entry.known("user", entry.text("user"), emails),
            fields=_configuration_fields(entry, server),
            server=server,
            trusts_capture=entry.boolean("trusts_capture", default=False),
            made_days_ago=entry.integer("made_days_ago", 0, least=0),
            tested=entry.boolean("tested", default=False),
            archived=entry.boolean("archived", default=False),
        )
        entry.done()
        _sound(entry, check_configuration(configuration.fields))
        if (configuration.user, configuration.name.casefold()) in taken:
            raise entry.fault("this user has a configuration of that name already")
        taken.add((configuration.user, configuration.name.casefold()))
        configurations.append(configuration)
    whole.done()
    return tuple(configurations)


def _configuration_fields(entry: Entry, server: Server) -> ConfigurationFields:
    # Where a server of this machine listens is known only when it has started.
    is_known = server is Server.ELSEWHERE
    fields = ConfigurationFields(
        connection_name=entry.text("name"),
        host=entry.text("host") if is_known else "127.0.0.1",
        port=entry.integer("port", 587) if is_known else 587,
        security=entry.choice("security", Security, Security.STARTTLS),
        auth_mechanism=entry.choice("auth_mechanism", AuthMechanism, AuthMechanism.AUTO),
        username=entry.optional_text("username") or "",
        from_email=entry.text("from_email"),
        from_name=entry.optional_text("from_name"),
        reply_to_email=entry.optional_text("reply_to_email"),
        on_uncertain=entry.choice("on_uncertain", OnUncertain, OnUncertain.WAIT),
        is_active=entry.boolean("is_active", default=True),
    )
    return replace(
        fields,
        connection_timeout=entry.integer("connection_timeout", fields.connection_timeout),
        greeting_timeout=entry.integer("greeting_timeout", fields.greeting_timeout),
        socket_timeout=entry.integer("socket_timeout", fields.socket_timeout),
        max_emails_per_day=entry.integer("max_emails_per_day", fields.max_emails_per_day),
        max_recipients_per_email=entry.integer("max_recipients_per_email", fields.max_recipients_per_email),
        max_message_bytes=entry.integer("max_message_bytes", fields.max_message_bytes),
    )


def _agents(whole: Entry, emails: Collection[str]) -> tuple[SampleAgent, ...]:
    agents = []
    for entry in _distinct(whole, "agent", "name"):
        agents.append(
            SampleAgent(
                user=entry.known("user", entry.text("user"), emails),
                name=entry.text("name"),
                description=entry.optional_text("description"),
                tokens=entry.texts("tokens"),
                paused=entry.boolean("paused", default=False),
            )
        )
        entry.done()
    whole.done()
    return tuple(agents)


def _grants(
    whole: Entry, names: Names, configurations: tuple[SampleConfiguration, ...]
) -> tuple[SampleGrant, ...]:
    fields_of = {(found.user, found.name): found.fields for found in configurations}
    grants = []
    taken = set()
    for entry in read_entries(whole, "grant", "agent"):
        agent = entry.known("agent", entry.text("agent"), names.owners)
        user = names.owners[agent]
        configuration = entry.known("configuration", entry.text("configuration"), names.configurations[user])
        grant = SampleGrant(
            agent=agent,
            configuration=configuration,
            fields=_grant_fields(entry),
            given_days_ago=entry.integer("given_days_ago", 0, least=0),
            expires_in_days=entry.optional_integer("expires_in_days"),
            revoked=entry.boolean("revoked", default=False),
        )
        entry.done()
        if (agent, configuration) in taken:
            raise entry.fault(f"there is a grant for “{configuration}” already; one is all that may be")
        taken.add((agent, configuration))
        _sound(entry, check_grant(grant.fields, fields_of[user, configuration]))
        grants.append(grant)
    whole.done()
    return tuple(grants)


def _grant_fields(entry: Entry) -> GrantFields:
    return GrantFields(
        can_send_email=entry.boolean("can_send_email", default=True),
        can_send_attachments=entry.boolean("can_send_attachments", default=False),
        can_use_custom_from=entry.boolean("can_use_custom_from", default=False),
        daily_email_limit=entry.optional_integer("daily_email_limit"),
        recipients_per_email_limit=entry.optional_integer("recipients_per_email_limit"),
        allowed_recipients=entry.optional_texts("allowed_recipients"),
        blocked_recipients=entry.optional_texts("blocked_recipients"),
        approval=entry.choice("approval", Approval, Approval.NEVER),
        is_active=entry.boolean("is_active", default=True),
    )


def _distinct(whole: Entry, key: str, label: str) -> Iterator[Entry]:
    """The entries of a list, whose labels must differ."""
    taken = set()
    for entry in read_entries(whole, key, label):
        name = entry.text(label)
        if name.casefold() in taken:
            raise entry.fault(f"there is a {key} of that {label} already")
        taken.add(name.casefold())
        yield entry


def _sound(entry: Entry, problems: tuple[FieldProblem, ...]) -> None:
    if problems:
        raise entry.fault(
            "; ".join(f"`{found.field}`: {found.message} {found.remedy}".rstrip() for found in problems)
        )


__all__ = ["load"]
