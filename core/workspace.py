"""The face of core: one opened database, seen as one user. Screen, command line and doors talk to this."""

from __future__ import annotations

import os
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from core.clock import Clock, SystemClock
from core.db.database import Database
from core.db.url import database_url
from core.delivery.on_demand import OnDemandTransport
from core.delivery.transport import Transport
from core.models.schema import ensure_schema
from core.services import functions
from core.services.agents import Agents
from core.services.configurations import Configurations
from core.services.context import Context, LogSignal
from core.services.grants import Grants
from core.services.mail import Mail
from core.services.operations import OperationLog
from core.services.users import FIRST_USER, USER_VARIABLE, all_users, create_user, find_user
from core.values.agent import UserRow
from core.vault.keys import FileKeyStore, KeyStore
from core.vault.store import Vault

T = TypeVar("T")


class Workspace:
    """What a user works with: configurations, agents, grants, mail and the log. Made by `Workspace.open`."""

    def __init__(self, database: Database, context: Context, *, is_new: bool) -> None:
        self._database = database
        self._context = context
        self.is_new = is_new
        self.configurations = Configurations(context)
        self.agents = Agents(context)
        self.grants = Grants(context)
        self.log = OperationLog(context)
        self.mail = Mail(context)

    @classmethod
    async def open(
        cls,
        url: str | None = None,
        *,
        user: str | None = None,
        create: bool = True,
        key_store: KeyStore | None = None,
        transport: Transport | None = None,
        clock: Clock | None = None,
    ) -> Workspace:
        """Open a workspace as one of its users, making it where there is none.

        url: a path, `sqlite:///path` or `postgresql://…`; None is GATEPOST_DATABASE, else the user's own SQLite file.
        user: an address; None is GATEPOST_USER, else the only user there is. A new workspace is made for it.
        Raises the trees of WorkspaceError and VaultError, and InvalidInput for a URL or address that is none.
        """
        place = database_url(url)
        email = user or os.environ.get(USER_VARIABLE) or None
        keys = key_store or FileKeyStore()
        database = Database.open(place, create=create)
        try:
            is_new, row, vault = await database.as_operator().write(
                lambda session: _enter(session, email, keys, create=create)
            )
        except BaseException:
            await database.close()
            raise
        context = Context(
            database=database.as_user(row.id),
            user=row,
            clock=clock or SystemClock(),
            vault=vault,
            transport=transport or OnDemandTransport(),
            log_signal=LogSignal(),
        )
        return cls(database, context, is_new=is_new)

    @property
    def user(self) -> UserRow:
        """Whose workspace this is."""
        return self._context.user

    @property
    def url_label(self) -> str:
        """Where it lies, for the top line: never with a password."""
        return self._database.label

    async def smtp_tools(self, agent_id: UUID) -> list[dict[str, Any]]:
        """What an agent may use right now (`get_smtp_tools` of the schema document)."""
        return await self._context.database.read(
            lambda session: functions.get_smtp_tools(
                session, agent_id, self.user.id, now=self._context.clock.now()
            )
        )

    async def may_send(self, agent_id: UUID, smtp_config_id: UUID) -> bool:
        """Whether an agent may use a configuration at all (`validate_agent_smtp_permissions`)."""
        return await self._context.database.read(
            lambda session: functions.validate_agent_smtp_permissions(
                session, agent_id, self.user.id, smtp_config_id, now=self._context.clock.now()
            )
        )

    async def close(self) -> None:
        """Let go of servers and database. What is being recorded is finished first."""
        try:
            await self._context.transport.close()
        finally:
            await self._database.close()

    async def __aenter__(self) -> Workspace:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


async def add_user(url: str | None, email: str, display_name: str | None = None) -> UserRow:
    """Register a further user in an existing workspace. Raises InvalidInput, Conflict, WorkspaceError."""
    return await _in_existing(url, lambda session: create_user(session, email, display_name))


async def list_users(url: str | None) -> list[UserRow]:
    """The users of an existing workspace, by address. Raises InvalidInput, WorkspaceError."""
    return await _in_existing(url, all_users)


async def _in_existing(url: str | None, work: Callable[[Session], T]) -> T:
    """Do what is nobody's in particular, in a workspace that has to be there."""
    database = Database.open(database_url(url), create=False)

    def checked(session: Session) -> T:
        ensure_schema(session, create=False)
        return work(session)

    try:
        return await database.as_operator().write(checked)
    finally:
        await database.close()


def _enter(
    session: Session, email: str | None, keys: KeyStore, *, create: bool
) -> tuple[bool, UserRow, Vault]:
    """Tables, user and vault, in one transaction: a workspace is made whole or not at all."""
    is_new = ensure_schema(session, create=create)
    user = create_user(session, email or FIRST_USER) if is_new else find_user(session, email)
    return is_new, user, Vault.open(session, keys)
