"""How an agent stands with a configuration right now: the facts for the policy, and what a delivery needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, ScalarSelect, Uuid, and_, bindparam, select
from sqlalchemy.orm import Session

from core.db.base import table_of
from core.db.prepared import Prepared
from core.delivery.compose import SenderDefaults
from core.delivery.transport import ServerSettings
from core.errors import NotFound
from core.models import Agent, AgentSmtpPermission, QuotaUsage, SmtpConfiguration, WrittenRecipient
from core.policy.facts import AgentFacts, ConfigurationFacts, Facts, GrantFacts
from core.values.configuration import AuthMechanism, Security
from core.values.grant import Approval


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What is needed to send once the policy allows it. It exists only where there is a grant."""

    configuration_id: UUID
    grant_id: UUID
    secret_id: UUID | None  # None: the server wants no credentials
    server: ServerSettings
    sender: SenderDefaults
    daily_limit: int
    grant_daily_limit: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The facts for the policy, and the route if there is one."""

    facts: Facts
    route: Route | None


# Built once, over plain tables: this statement runs twice for every mail. It names the user itself.
_agents = table_of(Agent).c
_configurations = table_of(SmtpConfiguration).c
_grants = table_of(AgentSmtpPermission).c
_usage = table_of(QuotaUsage).c


def _mails_today(scope_id: ColumnElement[UUID]) -> ScalarSelect[int]:
    return (
        select(_usage.mails)
        .where(_usage.scope_id == scope_id, _usage.day == bindparam("day", type_=Date()))
        .scalar_subquery()
    )


_STATEMENT = Prepared(
    select(
        _agents.name.label("agent_name"),
        _agents.is_active.label("agent_is_active"),
        _configurations.id.label("config_id"),
        _configurations.connection_name,
        _configurations.host,
        _configurations.port,
        _configurations.secure,
        _configurations.allow_plaintext,
        _configurations.ca_certificate,
        _configurations.username,
        _configurations.vault_password_id,
        _configurations.auth_mechanism,
        _configurations.from_email,
        _configurations.from_name,
        _configurations.reply_to_email,
        _configurations.connection_timeout,
        _configurations.socket_timeout,
        _configurations.greeting_timeout,
        _configurations.max_emails_per_day,
        _configurations.max_recipients_per_email,
        _configurations.max_message_bytes,
        _configurations.is_active.label("config_is_active"),
        _configurations.archived_at,
        _grants.id.label("grant_id"),
        _grants.can_send_email,
        _grants.can_send_attachments,
        _grants.can_use_custom_from,
        _grants.daily_email_limit,
        _grants.recipients_per_email_limit,
        _grants.allowed_recipients,
        _grants.blocked_recipients,
        _grants.approval,
        _grants.expires_at,
        _grants.is_active.label("grant_is_active"),
        _grants.revoked_at,
        _configurations.updated_at,
        _mails_today(_configurations.id).label("config_mails"),
        _mails_today(_grants.id).label("grant_mails"),
    )
    .select_from(table_of(Agent))
    .outerjoin(
        table_of(SmtpConfiguration),
        and_(
            _configurations.id == bindparam("configuration_id", type_=Uuid()),
            _configurations.user_id == _agents.user_id,
        ),
    )
    .outerjoin(
        table_of(AgentSmtpPermission),
        and_(
            _grants.agent_id == _agents.id,
            _grants.smtp_config_id == _configurations.id,
        ),
    )
    .where(
        _agents.id == bindparam("agent_id", type_=Uuid()),
        _agents.user_id == bindparam("user_id", type_=Uuid()),
    )
)


def read_standing(
    session: Session,
    *,
    user_id: UUID,
    agent_id: UUID,
    configuration_id: UUID,
    recipients: Sequence[str],
    now: datetime,
) -> Standing:
    """Read everything the verdict depends on. Raises NotFound when the agent is not this user's.

    A configuration that is absent, another user's or not granted to the agent gives the same facts.
    """
    row = _STATEMENT.first(
        session,
        {
            "user_id": user_id,
            "agent_id": agent_id,
            "configuration_id": configuration_id,
            "day": now.date(),
        },
    )
    if row is None:
        raise NotFound("there is no such agent")
    agent = AgentFacts(name=row.agent_name, is_active=row.agent_is_active)
    if row.config_id is None or row.grant_id is None:
        return Standing(facts=Facts(now=now, agent=agent, configuration=None, grant=None), route=None)
    known = _known_recipients(session, row, recipients)
    facts = Facts(now=now, agent=agent, configuration=_configuration(row), grant=_grant(row, known))
    return Standing(facts=facts, route=_route(row))


def _known_recipients(session: Session, row: Any, recipients: Sequence[str]) -> frozenset[str]:
    if row.approval != Approval.NEW_RECIPIENTS or not recipients:
        return frozenset()
    statement = select(WrittenRecipient.address).where(
        WrittenRecipient.grant_id == row.grant_id, WrittenRecipient.address.in_(recipients)
    )
    return frozenset(session.scalars(statement))


def _configuration(row: Any) -> ConfigurationFacts:
    return ConfigurationFacts(
        name=row.connection_name,
        from_email=row.from_email,
        from_name=row.from_name,
        reply_to_email=row.reply_to_email,
        is_active=row.config_is_active,
        is_archived=row.archived_at is not None,
        max_emails_per_day=row.max_emails_per_day,
        max_recipients_per_email=row.max_recipients_per_email,
        max_message_bytes=row.max_message_bytes,
        used_today=row.config_mails or 0,
    )


def _grant(row: Any, known_recipients: frozenset[str]) -> GrantFacts:
    return GrantFacts(
        can_send_email=row.can_send_email,
        can_send_attachments=row.can_send_attachments,
        can_use_custom_from=row.can_use_custom_from,
        daily_email_limit=row.daily_email_limit,
        recipients_per_email_limit=row.recipients_per_email_limit,
        allowed_recipients=_patterns(row.allowed_recipients),
        blocked_recipients=_patterns(row.blocked_recipients),
        approval=row.approval,
        expires_at=row.expires_at,
        is_active=row.grant_is_active,
        is_revoked=row.revoked_at is not None,
        used_today=row.grant_mails or 0,
        known_recipients=known_recipients,
    )


def _patterns(stored: list[str] | None) -> tuple[str, ...] | None:
    return None if stored is None else tuple(stored)


def _route(row: Any) -> Route:
    return Route(
        configuration_id=row.config_id,
        grant_id=row.grant_id,
        secret_id=UUID(row.vault_password_id) if row.vault_password_id else None,
        server=ServerSettings(
            configuration_id=row.config_id,
            host=row.host,
            port=row.port,
            security=security_of(secure=row.secure, allow_plaintext=row.allow_plaintext),
            auth_mechanism=AuthMechanism(row.auth_mechanism),
            username=row.username,
            revision=revision_of(row.updated_at),
            connection_timeout=row.connection_timeout,
            greeting_timeout=row.greeting_timeout,
            socket_timeout=row.socket_timeout,
            ca_certificate=row.ca_certificate,
        ),
        sender=SenderDefaults(
            from_email=row.from_email, from_name=row.from_name, reply_to_email=row.reply_to_email
        ),
        daily_limit=row.max_emails_per_day,
        grant_daily_limit=row.daily_email_limit,
    )


def security_of(*, secure: bool, allow_plaintext: bool) -> Security:
    """The document's `secure` and our `allow_plaintext` as one value."""
    if secure:
        return Security.IMPLICIT_TLS
    return Security.PLAINTEXT if allow_plaintext else Security.STARTTLS


def revision_of(updated_at: datetime) -> int:
    """A number that differs after every change of a configuration: the change in microseconds since 1970."""
    return int(updated_at.timestamp() * 1_000_000)
