"""Configurations as rows: reading them with today's use, writing their columns and their catalogue entry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.delivery.standing import security_of
from core.errors import Conflict, NotFound, WrongState
from core.models import OAuthProvider, QuotaUsage, SmtpConfiguration, UserOAuthConnection
from core.models.schema import SMTP_PROVIDER
from core.values.configuration import (
    AuthMechanism,
    CheckStatus,
    ConfigurationFields,
    ConfigurationRow,
    OnUncertain,
    Security,
)


def read_rows(
    session: Session, now: datetime, configuration_id: UUID | None = None
) -> list[ConfigurationRow]:
    """The configurations that this session sees, by name, with what was taken from today's limits."""
    statement = (
        select(SmtpConfiguration, QuotaUsage.mails, QuotaUsage.recipients)
        .outerjoin(
            QuotaUsage, and_(QuotaUsage.scope_id == SmtpConfiguration.id, QuotaUsage.day == now.date())
        )
        .order_by(func.lower(SmtpConfiguration.connection_name))
        .execution_options(populate_existing=True)
    )
    if configuration_id is not None:
        statement = statement.where(SmtpConfiguration.id == configuration_id)
    return [
        ConfigurationRow(
            id=stored.id,
            user_id=stored.user_id,
            fields=fields_of(stored),
            has_password=bool(stored.vault_password_id),
            last_tested_at=stored.last_tested_at,
            test_status=CheckStatus(stored.test_status),
            test_error_message=stored.test_error_message,
            archived_at=stored.archived_at,
            created_at=stored.created_at,
            updated_at=stored.updated_at,
            sent_today=mails or 0,
            recipients_today=recipients or 0,
        )
        for stored, mails, recipients in session.execute(statement)
    ]


def fields_of(stored: SmtpConfiguration) -> ConfigurationFields:
    """The editable fields of a stored configuration."""
    return ConfigurationFields(
        connection_name=stored.connection_name,
        host=stored.host,
        port=stored.port,
        security=security_of(secure=stored.secure, allow_plaintext=stored.allow_plaintext),
        auth_mechanism=AuthMechanism(stored.auth_mechanism),
        username=stored.username,
        from_email=stored.from_email,
        from_name=stored.from_name,
        reply_to_email=stored.reply_to_email,
        connection_timeout=stored.connection_timeout,
        greeting_timeout=stored.greeting_timeout,
        socket_timeout=stored.socket_timeout,
        max_emails_per_day=stored.max_emails_per_day,
        max_recipients_per_email=stored.max_recipients_per_email,
        max_message_bytes=stored.max_message_bytes,
        ca_certificate=stored.ca_certificate,
        on_uncertain=OnUncertain(stored.on_uncertain),
        is_active=stored.is_active,
    )


def read_row(session: Session, configuration_id: UUID, now: datetime) -> ConfigurationRow:
    """One configuration. Raises NotFound."""
    rows = read_rows(session, now, configuration_id)
    if not rows:
        raise NotFound("there is no such configuration")
    return rows[0]


def load(session: Session, configuration_id: UUID) -> SmtpConfiguration:
    """The stored configuration, to be changed. Raises NotFound, and WrongState when it is archived."""
    # Locked, but not against rows that refer to it: an edit must not undo an archiving that it did not see.
    stored = session.scalars(
        select(SmtpConfiguration)
        .where(SmtpConfiguration.id == configuration_id)
        .with_for_update(key_share=True)
    ).one_or_none()
    if stored is None:
        raise NotFound("there is no such configuration")
    if stored.archived_at is not None:
        raise WrongState(
            f"{stored.connection_name} is archived", remedy="Create a new configuration in its place."
        )
    return stored


@contextmanager
def name_is_free(name: str) -> Iterator[None]:
    """Raise Conflict when the statement inside meets another row of that name."""
    try:
        yield
    except IntegrityError:
        raise Conflict(f"the name {name!r} is taken, perhaps by an archived one") from None


def write_connection(
    session: Session, user_id: UUID, configuration_id: UUID, fields: ConfigurationFields
) -> None:
    """The configuration's entry in the catalogue of connections, as the schema document has it."""
    provider = session.scalars(select(OAuthProvider.id).where(OAuthProvider.name == SMTP_PROVIDER[0])).one()
    session.execute(
        insert(UserOAuthConnection).values(
            user_id=user_id,
            oauth_provider_id=provider,
            vault_access_token_id=str(configuration_id),
            credential_type="api_key",
            **_connection_columns(fields),
        )
    )


def update_connection(session: Session, configuration_id: UUID, fields: ConfigurationFields) -> None:
    """Keep the catalogue's entry in step with the configuration."""
    session.execute(
        update(UserOAuthConnection)
        .where(UserOAuthConnection.vault_access_token_id == str(configuration_id))
        .values(**_connection_columns(fields))
    )


def _connection_columns(fields: ConfigurationFields) -> dict[str, Any]:
    return {
        "external_user_id": fields.username or fields.from_email,
        "external_username": fields.username or None,
        "connection_name": fields.connection_name,
    }


def columns_of(fields: ConfigurationFields) -> dict[str, Any]:
    """The columns that hold the editable fields."""
    return {
        "connection_name": fields.connection_name,
        "host": fields.host,
        "port": fields.port,
        "secure": fields.security is Security.IMPLICIT_TLS,
        "allow_plaintext": fields.security is Security.PLAINTEXT,
        "ca_certificate": fields.ca_certificate,
        "username": fields.username,
        "auth_mechanism": fields.auth_mechanism.value,
        "from_email": fields.from_email,
        "from_name": fields.from_name,
        "reply_to_email": fields.reply_to_email,
        "connection_timeout": fields.connection_timeout,
        "greeting_timeout": fields.greeting_timeout,
        "socket_timeout": fields.socket_timeout,
        "max_emails_per_day": fields.max_emails_per_day,
        "max_recipients_per_email": fields.max_recipients_per_email,
        "max_message_bytes": fields.max_message_bytes,
        "on_uncertain": fields.on_uncertain.value,
        "is_active": fields.is_active,
    }
