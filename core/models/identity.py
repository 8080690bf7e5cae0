"""Users, their agents, and the tokens by which an agent proves who it is."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import Base, Created, Identified, Timestamped
from core.db.types import UtcDateTime


class User(Identified, Timestamped, Base):
    """The owner of configurations, agents and grants (the document's `auth.users`)."""

    __tablename__ = "users"

    email: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(default=True, server_default=true())


class Agent(Identified, Timestamped, Base):
    """A program that sends mail on its user's behalf (the document's `agents`)."""

    __tablename__ = "agents"
    __table_args__ = (UniqueConstraint("user_id", "name"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]
    description: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(default=True, server_default=true())


class AgentToken(Identified, Created, Base):
    """A token of an agent: its SHA-256 only, so that a read of the table opens nothing."""

    __tablename__ = "agent_tokens"

    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"), index=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]
    hint: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
