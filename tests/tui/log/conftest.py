"""A furnished workspace beside the dashboard that shows it: what happens here is seen there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.policy.draft import MailRequest
from core.testing import FakeTransport, MemoryKeyStore
from core.values.agent import AgentRow
from core.values.configuration import ConfigurationFields, ConfigurationRow
from core.values.grant import GrantFields
from core.values.mail import SendResult
from core.vault.secret import Secret
from core.workspace import Workspace


@dataclass
class House:
    """Two agents, two configurations, a grant for each pair; billing-bot may write to example.org only."""

    workspace: Workspace
    transport: FakeTransport
    agents: dict[str, AgentRow] = field(default_factory=dict)
    configurations: dict[str, ConfigurationRow] = field(default_factory=dict)

    async def furnish(self) -> None:
        for name in ("Work mail", "Newsletter"):
            fields = ConfigurationFields(
                connection_name=name,
                host="smtp.example.com",
                username="ada",
                from_email="ada@example.com",
                max_emails_per_day=10_000,
            )
            self.configurations[name] = await self.workspace.configurations.create(fields, Secret("pw"))
        for name in ("support-bot", "billing-bot"):
            self.agents[name] = agent = await self.workspace.agents.create(name)
            allowed = ("@example.org",) if name == "billing-bot" else None
            for configuration in self.configurations.values():
                fields = GrantFields(allowed_recipients=allowed)
                await self.workspace.grants.give(agent.id, configuration.id, fields)

    async def send(
        self,
        agent: str = "support-bot",
        *,
        to: str = "kim@example.org",
        subject: str = "Hello",
        via: str = "Work mail",
        bcc: tuple[str, ...] = (),
    ) -> SendResult:
        request = MailRequest(to=(to,), bcc=bcc, subject=subject, text="Dear Kim")
        return await self.workspace.mail.send(self.agents[agent].id, self.configurations[via].id, request)

    async def send_many(self, count: int, start: int = 0) -> None:
        for number in range(start, start + count):
            await self.send(subject=f"Mail {number}")


@pytest.fixture
async def house(database: Path, key_store: MemoryKeyStore) -> AsyncIterator[House]:
    transport = FakeTransport()
    async with await Workspace.open(
        str(database), user="ada@example.com", key_store=key_store, transport=transport
    ) as workspace:
        furnished = House(workspace, transport)
        await furnished.furnish()
        yield furnished
