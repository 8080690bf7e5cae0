"""Secrets as they lie in the database: ciphertext that opens for one owner, one id, one version."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import Base, Created, Identified, Timestamped
from core.db.types import UtcDateTime


class VaultKey(Created, Base):
    """A master key that secrets were sealed with: its id and a value that tells the right key from a wrong one."""

    __tablename__ = "vault_keys"

    key_id: Mapped[str] = mapped_column(primary_key=True)
    check_value: Mapped[bytes] = mapped_column(LargeBinary)
    source: Mapped[str]


class VaultSecret(Identified, Timestamped, Base):
    """A sealed secret. Destroyed means: the bytes are gone, the row stays for the log."""

    __tablename__ = "vault_secrets"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    version: Mapped[int]
    purpose: Mapped[str]
    key_id: Mapped[str] = mapped_column(ForeignKey("vault_keys.key_id"))
    wrapped_key: Mapped[bytes] = mapped_column(LargeBinary)
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)
    destroyed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
