"""The vault over the database: secrets go in sealed, and come out for their owner and purpose only."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.orm import Session

from core.db.types import new_id
from core.errors import SecretUnreadable
from core.models import VaultKey, VaultSecret
from core.vault.envelope import SealedSecret, open_sealed, seal
from core.vault.keys import KeyStore, MasterKey, make_key_check, resolve_master_key
from core.vault.secret import Secret

# Two programs that put the first secret into the same PostgreSQL workspace take turns ("gatk").
_KEY_LOCK = 0x6761746B


class Vault:
    """Seals and opens secrets inside the caller's transaction.

    The master key is checked against the database when the vault is opened and made when the first secret is
    put in: a workspace that keeps no secret has no key file.
    """

    def __init__(self, key_store: KeyStore, key: MasterKey | None) -> None:
        self._key_store = key_store
        self._key = key

    @classmethod
    def open(cls, session: Session, key_store: KeyStore) -> Vault:
        """Load the key that this workspace's secrets were sealed with, if there are any.

        Raises MasterKeyMissing, MasterKeyWrong and MasterKeyUnsafe. Changes nothing.
        """
        known = session.scalars(select(VaultKey).order_by(VaultKey.created_at.desc())).first()
        if known is None:
            return cls(key_store, None)
        key = resolve_master_key(
            key_store,
            check=known.check_value,
            key_id=known.key_id,
            secrets_exist=bool(session.scalar(select(func.count()).select_from(VaultSecret))),
        )
        return cls(key_store, key)

    def put(self, session: Session, *, owner_id: UUID, purpose: str, secret: Secret) -> UUID:
        """Seal a new secret; its id is what a configuration keeps."""
        secret_id = new_id()
        sealed = seal(
            secret,
            owner_id=owner_id,
            secret_id=secret_id,
            version=1,
            purpose=purpose,
            key=self._ready_key(session),
        )
        session.execute(insert(VaultSecret).values(id=secret_id, user_id=owner_id, **_columns(sealed)))
        return secret_id

    def replace(
        self, session: Session, *, owner_id: UUID, secret_id: UUID, purpose: str, secret: Secret
    ) -> None:
        """Seal a new version in the place of the old one, which is gone. Raises SecretUnreadable."""
        version = session.scalar(
            select(VaultSecret.version)
            .where(VaultSecret.id == secret_id, VaultSecret.user_id == owner_id)
            .with_for_update()
        )
        if version is None:
            raise SecretUnreadable("the vault holds no such secret")
        sealed = seal(
            secret,
            owner_id=owner_id,
            secret_id=secret_id,
            version=version + 1,
            purpose=purpose,
            key=self._ready_key(session),
        )
        session.execute(
            update(VaultSecret)
            .where(VaultSecret.id == secret_id)
            .values(destroyed_at=None, **_columns(sealed))
        )

    def get(self, session: Session, *, owner_id: UUID, secret_id: UUID, purpose: str) -> Secret:
        """Open a secret for its owner. Raises SecretUnreadable."""
        row = session.scalars(
            select(VaultSecret).where(VaultSecret.id == secret_id, VaultSecret.user_id == owner_id)
        ).first()
        if row is None or row.destroyed_at is not None:
            raise SecretUnreadable("the vault holds no such secret")
        if self._key is None:
            # Another process has put the first secret in since this vault was opened.
            self._key = Vault.open(session, self._key_store)._key
        if self._key is None:
            raise SecretUnreadable("the workspace does not say which master key its secrets need")
        sealed = SealedSecret(
            secret_id=row.id,
            owner_id=row.user_id,
            version=row.version,
            purpose=row.purpose,
            key_id=row.key_id,
            wrapped_key=row.wrapped_key,
            ciphertext=row.ciphertext,
        )
        return open_sealed(
            sealed,
            owner_id=owner_id,
            secret_id=secret_id,
            purpose=purpose,
            keys={self._key.key_id: self._key},
        )

    def destroy(self, session: Session, *, owner_id: UUID, secret_id: UUID, now: datetime) -> None:
        """Overwrite the ciphertext; the row stays, as the log may speak of it."""
        session.execute(
            update(VaultSecret)
            .where(VaultSecret.id == secret_id, VaultSecret.user_id == owner_id)
            .values(wrapped_key=b"", ciphertext=b"", destroyed_at=now)
        )

    def _ready_key(self, session: Session) -> MasterKey:
        """The key to seal with; made, and recorded with its check value, when the first secret arrives."""
        if self._key is None or session.get(VaultKey, self._key.key_id) is None:
            if session.connection().dialect.name == "postgresql":
                session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _KEY_LOCK})
            # Another process may have put the first secret in since this vault was opened.
            self._key = Vault.open(session, self._key_store)._key or resolve_master_key(
                self._key_store, check=None, key_id=None, secrets_exist=False
            )
        if session.get(VaultKey, self._key.key_id) is None:
            session.execute(
                insert(VaultKey).values(
                    key_id=self._key.key_id,
                    check_value=make_key_check(self._key),
                    source=self._key_store.describe(),
                )
            )
        return self._key


def _columns(sealed: SealedSecret) -> dict[str, object]:
    return {
        "version": sealed.version,
        "purpose": sealed.purpose,
        "key_id": sealed.key_id,
        "wrapped_key": sealed.wrapped_key,
        "ciphertext": sealed.ciphertext,
    }
