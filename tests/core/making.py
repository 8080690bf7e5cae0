"""What the tests of core set up again and again: a configuration, an agent, a grant, a mail; and a look beneath."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.policy.draft import MailRequest
from core.testing import FakeTransport, FixedClock
from core.values.agent import AgentRow
from core.values.configuration import ConfigurationFields, ConfigurationRow
from core.values.grant import GrantFields, GrantRow
from core.values.mail import SendResult
from core.values.operation import LogFilter, OperationRow
from core.vault.secret import Secret
from core.workspace import Workspace

T = TypeVar("T")

PASSWORD = "correct-horse-battery-staple-1984"


def configuration_fields(**changes: Any) -> ConfigurationFields:
    values: dict[str, Any] = {
        "connection_name": "Main",
        "host": "localhost",
        "username": "owner",
        "from_email": "owner@home.test",
        **changes,
    }
    return ConfigurationFields(**values)


def mail(*to: str, **changes: Any) -> MailRequest:
    values: dict[str, Any] = {"to": to or ("ada@away.test",), "subject": "Hello", "text": "Hi.", **changes}
    return MailRequest(**values)


@dataclass
class Gate:
    """A workspace in which one agent may send through one configuration."""

    workspace: Workspace
    agent: AgentRow
    configuration: ConfigurationRow
    grant: GrantRow
    transport: FakeTransport
    clock: FixedClock

    async def send(self, *to: str, **changes: Any) -> SendResult:
        return await self.workspace.mail.send(self.agent.id, self.configuration.id, mail(*to, **changes))

    async def log(self) -> list[OperationRow]:
        return await log_of(self.workspace)

    async def used(self) -> tuple[int, int]:
        """Mails taken from today's limits: the configuration's and the grant's."""
        configuration = await self.workspace.configurations.get(self.configuration.id)
        grant = await self.workspace.grants.get(self.grant.id)
        return configuration.sent_today, grant.sent_today

    async def regrant(self, **changes: Any) -> None:
        self.grant = await self.workspace.grants.edit(self.grant.id, GrantFields(**changes))


async def open_gate(
    workspace: Workspace,
    transport: FakeTransport,
    clock: FixedClock,
    grant: GrantFields | None = None,
    **changes: Any,
) -> Gate:
    configuration = await workspace.configurations.create(configuration_fields(**changes), Secret(PASSWORD))
    agent = await workspace.agents.create("Postbot")
    given = await workspace.grants.give(agent.id, configuration.id, grant or GrantFields())
    return Gate(workspace, agent, configuration, given, transport, clock)


async def log_of(workspace: Workspace) -> list[OperationRow]:
    """The whole log, oldest first."""
    return list(reversed(await workspace.log.page(LogFilter())))


async def beneath(workspace: Workspace, work: Callable[[Session], T]) -> T:
    """Run a function on the database as the program itself sees it, and commit."""
    return await workspace._database.as_operator().write(work)


async def run_sql(workspace: Workspace, statement: str, values: Mapping[str, Any] | None = None) -> list[Any]:
    """Run one statement beneath every service, and commit it."""

    def work(session: Session) -> list[Any]:
        result = session.connection().execute(text(statement), values or {})
        return list(result) if result.returns_rows else []

    return await beneath(workspace, work)
