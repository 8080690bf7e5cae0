"""Grants: who may send through what. Given, edited and revoked by the user's faces only."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.db.types import new_id
from core.errors import Conflict, InvalidInput, NotFound, WrongState
from core.models import Agent, AgentSmtpPermission, QuotaUsage, SmtpConfiguration
from core.policy.patterns import normalise_patterns
from core.services.configuration_rows import fields_of, load
from core.services.context import Context
from core.values.grant import Approval, GrantFields, GrantRow
from core.values.grant_check import check_grant


class Grants:
    """The grants on the user's configurations."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def list(
        self,
        *,
        agent_id: UUID | None = None,
        smtp_config_id: UUID | None = None,
        include_revoked: bool = True,
    ) -> list[GrantRow]:
        """Grants by agent and configuration name, those of one agent or one configuration if asked so."""
        now = self._context.clock.now()
        rows = await self._context.database.read(
            lambda session: _read(session, now, agent_id=agent_id, smtp_config_id=smtp_config_id)
        )
        return [row for row in rows if include_revoked or row.revoked_at is None]

    async def get(self, grant_id: UUID) -> GrantRow:
        """One grant. Raises NotFound."""
        now = self._context.clock.now()
        return await self._context.database.read(lambda session: _read_one(session, now, grant_id))

    async def give(self, agent_id: UUID, smtp_config_id: UUID, fields: GrantFields) -> GrantRow:
        """Grant an agent the use of a configuration; a revoked grant of the pair is given anew.

        Both have to be the user's own. Raises InvalidInput, NotFound, WrongState, and Conflict when a grant of the
        pair is there that was not revoked.
        """
        context = self._context

        def work(session: Session) -> GrantRow:
            now = context.clock.now()
            if session.scalar(select(Agent.id).where(Agent.id == agent_id)) is None:
                raise NotFound("there is no such agent")
            _check(session, smtp_config_id, fields)
            values = {
                "granted_by": context.user.id,
                "granted_at": now,
                "revoked_at": None,
                **_columns(fields),
            }
            existing = session.execute(
                select(AgentSmtpPermission.id, AgentSmtpPermission.revoked_at)
                .where(
                    AgentSmtpPermission.agent_id == agent_id,
                    AgentSmtpPermission.smtp_config_id == smtp_config_id,
                )
                .with_for_update(key_share=True)
            ).first()
            if existing is None:
                grant_id = new_id()
                try:
                    session.execute(
                        insert(AgentSmtpPermission).values(
                            id=grant_id, agent_id=agent_id, smtp_config_id=smtp_config_id, **values
                        )
                    )
                except IntegrityError:  # somebody else was quicker
                    raise _is_granted() from None
            elif existing.revoked_at is None:
                raise _is_granted()
            else:
                grant_id = existing.id
                session.execute(
                    update(AgentSmtpPermission).where(AgentSmtpPermission.id == grant_id).values(**values)
                )
            return _read_one(session, now, grant_id)

        return await context.database.write(work)

    async def edit(self, grant_id: UUID, fields: GrantFields) -> GrantRow:
        """Change a grant. Raises InvalidInput, NotFound, and WrongState when it was revoked."""

        def work(session: Session) -> GrantRow:
            now = self._context.clock.now()
            row = _read_one(session, now, grant_id)
            if row.revoked_at is not None:
                raise WrongState("the grant was revoked", remedy="Give a new one.")
            _check(session, row.smtp_config_id, fields)
            session.execute(
                update(AgentSmtpPermission)
                .where(AgentSmtpPermission.id == grant_id)
                .values(**_columns(fields))
            )
            return _read_one(session, now, grant_id)

        return await self._context.database.write(work)

    async def revoke(self, grant_id: UUID) -> GrantRow:
        """Take a grant back, for what waits in the outbox too. Revoking twice changes nothing."""

        def work(session: Session) -> GrantRow:
            now = self._context.clock.now()
            row = _read_one(session, now, grant_id)
            if row.revoked_at is None:
                session.execute(
                    update(AgentSmtpPermission)
                    .where(AgentSmtpPermission.id == grant_id)
                    .values(revoked_at=now, is_active=False)
                )
                row = _read_one(session, now, grant_id)
            return row

        return await self._context.database.write(work)


def _is_granted() -> Conflict:
    return Conflict(
        "the agent has a grant on that configuration already", remedy="Edit it, or revoke it first."
    )


def _check(session: Session, smtp_config_id: UUID, fields: GrantFields) -> None:
    configuration = fields_of(load(session, smtp_config_id))
    problems = check_grant(fields, configuration)
    if problems:
        raise InvalidInput(problems)


def _columns(fields: GrantFields) -> dict[str, Any]:
    return {
        "can_send_email": fields.can_send_email,
        "can_send_attachments": fields.can_send_attachments,
        "can_use_custom_from": fields.can_use_custom_from,
        "daily_email_limit": fields.daily_email_limit,
        "recipients_per_email_limit": fields.recipients_per_email_limit,
        "allowed_recipients": _stored(fields.allowed_recipients),
        "blocked_recipients": _stored(fields.blocked_recipients),
        "approval": fields.approval.value,
        "expires_at": fields.expires_at,
        "is_active": fields.is_active,
    }


def _stored(patterns: tuple[str, ...] | None) -> list[str] | None:
    """As they are matched, so that what is shown is what counts."""
    return None if patterns is None else list(normalise_patterns(patterns))


def _patterns(stored: list[Any] | None) -> tuple[str, ...] | None:
    return None if stored is None else tuple(str(pattern) for pattern in stored)


def _read_one(session: Session, now: datetime, grant_id: UUID) -> GrantRow:
    rows = _read(session, now, grant_id=grant_id)
    if not rows:
        raise NotFound("there is no such grant")
    return rows[0]


def _read(
    session: Session,
    now: datetime,
    *,
    grant_id: UUID | None = None,
    agent_id: UUID | None = None,
    smtp_config_id: UUID | None = None,
) -> list[GrantRow]:
    statement = (
        select(
            AgentSmtpPermission,
            Agent.name,
            SmtpConfiguration.connection_name,
            QuotaUsage.mails,
            QuotaUsage.recipients,
        )
        .join(Agent, Agent.id == AgentSmtpPermission.agent_id)
        .join(SmtpConfiguration, SmtpConfiguration.id == AgentSmtpPermission.smtp_config_id)
        .outerjoin(
            QuotaUsage, and_(QuotaUsage.scope_id == AgentSmtpPermission.id, QuotaUsage.day == now.date())
        )
        .order_by(func.lower(Agent.name), func.lower(SmtpConfiguration.connection_name))
        .execution_options(populate_existing=True)
    )
    for column, wanted in (
        (AgentSmtpPermission.id, grant_id),
        (AgentSmtpPermission.agent_id, agent_id),
        (AgentSmtpPermission.smtp_config_id, smtp_config_id),
    ):
        if wanted is not None:
            statement = statement.where(column == wanted)
    return [
        GrantRow(
            id=grant.id,
            agent_id=grant.agent_id,
            agent_name=agent_name,
            smtp_config_id=grant.smtp_config_id,
            connection_name=connection_name,
            fields=GrantFields(
                can_send_email=grant.can_send_email,
                can_send_attachments=grant.can_send_attachments,
                can_use_custom_from=grant.can_use_custom_from,
                daily_email_limit=grant.daily_email_limit,
                recipients_per_email_limit=grant.recipients_per_email_limit,
                allowed_recipients=_patterns(grant.allowed_recipients),
                blocked_recipients=_patterns(grant.blocked_recipients),
                approval=Approval(grant.approval),
                expires_at=grant.expires_at,
                is_active=grant.is_active,
            ),
            granted_by=grant.granted_by,
            granted_at=grant.granted_at,
            revoked_at=grant.revoked_at,
            created_at=grant.created_at,
            updated_at=grant.updated_at,
            sent_today=mails or 0,
            recipients_today=recipients or 0,
        )
        for grant, agent_name, connection_name, mails, recipients in session.execute(statement)
    ]
