"""The catalogue of connections shared with other integrations: providers, credentials, grants on them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Enum, ForeignKey, UniqueConstraint, text, true
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import Base, Identified, Timestamped
from core.db.types import Json, UtcDateTime, utc_now

# A type of its own on PostgreSQL, a check where there is no such thing.
CREDENTIAL_TYPES = Enum("oauth", "api_key", name="connection_credential_type_enum", create_constraint=True)


class OAuthProvider(Identified, Timestamped, Base):
    """A kind of credential that a user can connect; `smtp` is one of them."""

    __tablename__ = "oauth_providers"

    name: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    provider_type: Mapped[str]
    auth_url: Mapped[str | None]
    token_url: Mapped[str | None]
    scope_separator: Mapped[str] = mapped_column(default=" ", server_default=text("' '"))
    default_scopes: Mapped[Any | None] = mapped_column(Json)
    configuration: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, server_default=text("'{}'"))
    is_active: Mapped[bool] = mapped_column(default=True, server_default=true())


class UserOAuthConnection(Identified, Timestamped, Base):
    """A credential of a user. For SMTP `vault_access_token_id` refers to the configuration, as the document says."""

    __tablename__ = "user_oauth_connections"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    oauth_provider_id: Mapped[UUID] = mapped_column(ForeignKey("oauth_providers.id"))
    external_user_id: Mapped[str]
    external_username: Mapped[str | None]
    connection_name: Mapped[str | None]
    vault_access_token_id: Mapped[str | None] = mapped_column(index=True)
    vault_refresh_token_id: Mapped[str | None]
    encrypted_access_token: Mapped[str | None]
    encrypted_refresh_token: Mapped[str | None]
    scopes_granted: Mapped[Any | None] = mapped_column(Json)
    connection_status: Mapped[str] = mapped_column(default="active", server_default=text("'active'"))
    connection_metadata: Mapped[dict[str, Any]] = mapped_column(
        Json, default=dict, server_default=text("'{}'")
    )
    token_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    credential_type: Mapped[str] = mapped_column(
        CREDENTIAL_TYPES, default="oauth", server_default=text("'oauth'")
    )


class AgentOAuthPermission(Identified, Timestamped, Base):
    """What one agent may do with one connection."""

    __tablename__ = "agent_oauth_permissions"
    __table_args__ = (UniqueConstraint("agent_id", "user_oauth_connection_id"),)

    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"))
    user_oauth_connection_id: Mapped[UUID] = mapped_column(ForeignKey("user_oauth_connections.id"))
    granted_by_user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    permission_level: Mapped[str] = mapped_column(default="read_only", server_default=text("'read_only'"))
    allowed_scopes: Mapped[Any | None] = mapped_column(Json)
    granted_at: Mapped[datetime] = mapped_column(
        UtcDateTime, default=utc_now, server_default=text("CURRENT_TIMESTAMP")
    )
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_active: Mapped[bool] = mapped_column(default=True, server_default=true())
    usage_count: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
