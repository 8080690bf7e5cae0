"""Agents and the tokens they prove themselves with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRow:
    """The owner of configurations, agents and grants."""

    id: UUID
    email: str
    display_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRow:
    """A program that sends mail on its user's behalf."""

    id: UUID
    user_id: UUID
    name: str
    description: str | None
    is_active: bool  # false: paused, nothing of it leaves
    grants: int  # how many grants are in force
    tokens: int  # how many tokens open for it
    last_used_at: datetime | None  # when a token of it last opened
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRow:
    """One token of an agent. The token itself is known to nobody but its holder."""

    id: UUID
    agent_id: UUID
    name: str
    hint: str  # the first characters, to recognise it by
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A token just made. `token` is shown this once and can't be read again."""

    row: TokenRow
    token: str = field(repr=False)
