"""Agents and their tokens: list, create, pause, resume; make, list and revoke tokens."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.db.types import new_id
from core.errors import Conflict, FieldProblem, InvalidInput, NotFound
from core.models import Agent, AgentSmtpPermission, AgentToken
from core.policy.plain_text import body_fault
from core.services.context import Context, find
from core.values.agent import AgentRow, NewToken, TokenRow

TOKEN_PREFIX = "gpa_"  # noqa: S105 - recognisable, so that scanners for leaked secrets find one
TOKEN_BYTES = 32
HINT_LENGTH = len(TOKEN_PREFIX) + 6
MAX_NAME = 100
MAX_DESCRIPTION = 2_000


class Agents:
    """The user's agents."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def list(self) -> list[AgentRow]:
        """All of the user's agents, by name."""
        now = self._context.clock.now()
        return await self._context.database.read(lambda session: _read_agents(session, now))

    async def get(self, name_or_id: str | UUID) -> AgentRow:
        """One by name, id, or the beginning of its id. Raises NotFound, Conflict when several fit."""
        return find(await self.list(), name_or_id, what="agent")

    async def create(self, name: str, description: str | None = None) -> AgentRow:
        """Register an agent. It may send nothing before it is granted something. Raises InvalidInput, Conflict."""
        name = check_name(name)
        check_description(description or "")
        context, agent_id = self._context, new_id()

        def work(session: Session) -> AgentRow:
            try:
                session.execute(
                    insert(Agent).values(
                        id=agent_id, user_id=context.user.id, name=name, description=description or None
                    )
                )
            except IntegrityError:
                raise Conflict(f"there is an agent {name!r} already") from None
            return _read_agent(session, agent_id, context.clock.now())

        return await context.database.write(work)

    async def pause(self, agent_id: UUID) -> AgentRow:
        """Nothing of this agent leaves until it is resumed."""
        return await self._set_active(agent_id, is_active=False)

    async def resume(self, agent_id: UUID) -> AgentRow:
        """Let a paused agent send again, within its grants."""
        return await self._set_active(agent_id, is_active=True)

    async def tokens(self, agent_id: UUID) -> Sequence[TokenRow]:
        """The agent's tokens, newest first; none of them can be read again."""

        def work(session: Session) -> Sequence[TokenRow]:
            _read_agent(session, agent_id, self._context.clock.now())
            statement = select(AgentToken).where(AgentToken.agent_id == agent_id)
            return [
                _token_row(token)
                for token in session.scalars(
                    statement.order_by(AgentToken.created_at.desc(), AgentToken.id.desc())
                )
            ]

        return await self._context.database.read(work)

    async def create_token(self, agent_id: UUID, name: str, expires_at: datetime | None = None) -> NewToken:
        """Make a token of 256 random bits. It is in the result and nowhere else. Raises InvalidInput."""
        name = check_name(name)
        context = self._context
        if expires_at is not None and expires_at.utcoffset() is None:
            raise InvalidInput((FieldProblem("expires_at", "has no time zone", "Give it in UTC."),))
        if expires_at is not None and expires_at <= context.clock.now():
            raise InvalidInput((FieldProblem("expires_at", "is in the past"),))
        token = TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)

        def work(session: Session) -> TokenRow:
            _read_agent(session, agent_id, context.clock.now())
            row = AgentToken(
                id=new_id(),
                agent_id=agent_id,
                user_id=context.user.id,
                name=name,
                hint=token[:HINT_LENGTH],
                token_hash=hash_token(token),
                created_at=context.clock.now(),
                expires_at=expires_at,
            )
            session.add(row)
            session.flush()
            return _token_row(row)

        return NewToken(row=await context.database.write(work), token=token)

    async def revoke_token(self, token_id: UUID) -> TokenRow:
        """From here on the token opens nothing. Revoking twice changes nothing."""

        def work(session: Session) -> TokenRow:
            token = session.scalars(select(AgentToken).where(AgentToken.id == token_id)).one_or_none()
            if token is None:
                raise NotFound("there is no such token")
            token.revoked_at = token.revoked_at or self._context.clock.now()
            session.flush()
            return _token_row(token)

        return await self._context.database.write(work)

    async def _set_active(self, agent_id: UUID, *, is_active: bool) -> AgentRow:
        def work(session: Session) -> AgentRow:
            session.execute(update(Agent).where(Agent.id == agent_id).values(is_active=is_active))
            return _read_agent(session, agent_id, self._context.clock.now())

        return await self._context.database.write(work)


def hash_token(token: str) -> bytes:
    """What is stored of a token. 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).digest()


def check_name(name: str) -> str:
    """A name without blanks around it. Raises InvalidInput when it is empty, too long or not printable."""
    name = name.strip()
    if not name:
        raise InvalidInput((FieldProblem("name", "is empty"),))
    if len(name) > MAX_NAME or not name.isprintable():
        raise InvalidInput((FieldProblem("name", f"must be printable, up to {MAX_NAME} characters"),))
    return name


def check_description(description: str) -> None:
    """Raise InvalidInput for what no database can keep, or nobody would read."""
    if fault := body_fault(description):
        raise InvalidInput((FieldProblem("description", fault, "Remove it."),))
    if len(description) > MAX_DESCRIPTION:
        raise InvalidInput((FieldProblem("description", f"is longer than {MAX_DESCRIPTION} characters"),))


def _read_agents(session: Session, now: datetime, agent_id: UUID | None = None) -> list[AgentRow]:
    grants = (
        select(func.count())
        .select_from(AgentSmtpPermission)
        .where(
            AgentSmtpPermission.agent_id == Agent.id,
            AgentSmtpPermission.is_active,
            AgentSmtpPermission.revoked_at.is_(None),
            or_(AgentSmtpPermission.expires_at.is_(None), AgentSmtpPermission.expires_at > now),
        )
        .scalar_subquery()
    )
    open_tokens = (
        select(func.count())
        .select_from(AgentToken)
        .where(
            AgentToken.agent_id == Agent.id,
            AgentToken.revoked_at.is_(None),
            or_(AgentToken.expires_at.is_(None), AgentToken.expires_at > now),
        )
        .scalar_subquery()
    )
    last_used = (
        select(func.max(AgentToken.last_used_at)).where(AgentToken.agent_id == Agent.id).scalar_subquery()
    )
    statement = (
        select(Agent, grants, open_tokens, last_used)
        .order_by(func.lower(Agent.name))
        .execution_options(populate_existing=True)
    )
    if agent_id is not None:
        statement = statement.where(Agent.id == agent_id)
    return [
        AgentRow(
            id=agent.id,
            user_id=agent.user_id,
            name=agent.name,
            description=agent.description,
            is_active=agent.is_active,
            grants=grants_in_force,
            tokens=tokens,
            last_used_at=used_at,
            created_at=agent.created_at,
        )
        for agent, grants_in_force, tokens, used_at in session.execute(statement)
    ]


def _read_agent(session: Session, agent_id: UUID, now: datetime) -> AgentRow:
    rows = _read_agents(session, now, agent_id)
    if not rows:
        raise NotFound("there is no such agent")
    return rows[0]


def _token_row(token: AgentToken) -> TokenRow:
    return TokenRow(
        id=token.id,
        agent_id=token.agent_id,
        name=token.name,
        hint=token.hint,
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
        revoked_at=token.revoked_at,
    )
