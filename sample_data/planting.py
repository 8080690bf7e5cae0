"""Putting the sample data into a workspace, by the same calls that a person's screens make."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.values.agent import AgentRow
from core.values.configuration import AuthMechanism, ConfigurationFields, ConfigurationRow
from core.values.grant import GrantRow
from core.vault.secret import Secret
from core.workspace import Workspace, add_user
from sample_data.values import SampleAgent, SampleConfiguration, SampleData, SampleGrant, Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """What stands behind the configurations: where the capture server listens, and where nobody does."""

    capture_host: str
    capture_port: int
    capture_certificate: str | None  # PEM of what signed the capture server's certificate
    closed_host: str
    closed_port: int

    def place(self, configuration: SampleConfiguration) -> ConfigurationFields:
        """The configuration's fields with the place of its server."""
        if configuration.server is Server.CAPTURE:
            return configuration.at(self.capture_host, self.capture_port, self.capture_certificate)
        if configuration.server is Server.CLOSED:
            return configuration.at(self.closed_host, self.closed_port, None)
        return configuration.fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """The rows that came of the sample data."""

    workspaces: Mapping[str, Workspace]  # by the user's address
    configurations: Mapping[tuple[str, str], ConfigurationRow]  # by user and name
    agents: Mapping[str, AgentRow]  # by name
    grants: Mapping[tuple[str, str], GrantRow]  # by agent and configuration


async def register_users(data: SampleData, url: str) -> None:
    """Add all users but the first, who came with the workspace. Raises WorkspaceError, Conflict."""
    for user in data.users[1:]:
        await add_user(url, user.email, user.display_name)


async def plant(
    data: SampleData, workspaces: Mapping[str, Workspace], servers: Servers, now: datetime
) -> Planted:
    """Create configurations, agents, tokens and grants; then pause, revoke and archive what is to be so.

    `workspaces` has one for each user of the data, all of one database. Every configuration that wants a
    password gets a random one. Raises InvalidInput, Conflict, WorkspaceError, VaultError.
    """
    # What waits together is committed together.
    configurations = dict(
        await asyncio.gather(*(_configure(found, workspaces, servers) for found in data.configurations))
    )
    agents = dict(await asyncio.gather(*(_register(agent, workspaces) for agent in data.agents)))

    async def give(grant: SampleGrant) -> tuple[tuple[str, str], GrantRow]:
        user = data.owner_of(grant.agent)
        grants = workspaces[user].grants
        configuration = configurations[user, grant.configuration]
        row = await grants.give(agents[grant.agent].id, configuration.id, grant.at(now))
        if grant.revoked:
            row = await grants.revoke(row.id)
        return (grant.agent, grant.configuration), row

    grants = dict(await asyncio.gather(*(give(grant) for grant in data.grants)))
    for configuration in data.configurations:
        if configuration.archived:
            key = configuration.user, configuration.name
            archive = workspaces[configuration.user].configurations.archive
            configurations[key] = await archive(configurations[key].id)
    return Planted(workspaces=workspaces, configurations=configurations, agents=agents, grants=grants)


async def _configure(
    configuration: SampleConfiguration, workspaces: Mapping[str, Workspace], servers: Servers
) -> tuple[tuple[str, str], ConfigurationRow]:
    wants_password = configuration.fields.auth_mechanism is not AuthMechanism.NONE
    password = Secret(secrets.token_urlsafe(24)) if wants_password else None
    configurations = workspaces[configuration.user].configurations
    row = await configurations.create(servers.place(configuration), password)
    return (configuration.user, configuration.name), row


async def _register(agent: SampleAgent, workspaces: Mapping[str, Workspace]) -> tuple[str, AgentRow]:
    agents = workspaces[agent.user].agents
    row = await agents.create(agent.name, agent.description)
    for token in agent.tokens:
        await agents.create_token(row.id, token)
    if agent.paused:
        row = await agents.pause(row.id)
    return agent.name, row


async def test_connections(data: SampleData, planted: Planted) -> None:
    """Test what the data calls tested, for real: some of it fails, as it should."""
    for configuration in data.configurations:
        if configuration.tested and not configuration.archived:
            row = planted.configurations[configuration.user, configuration.name]
            await planted.workspaces[configuration.user].configurations.test(row.id)
