"""Finding the right master key when a workspace opens, before anything is written.

The workspace stores a key check beside its secrets: one byte of format (1), then HMAC-SHA-256 under a subkey
that serves nothing else, 33 bytes in all. It proves a key right or wrong and helps nobody to find one: the
key is 256 random bits.
"""

from __future__ import annotations

import hmac
from typing import Final

from core.errors import MasterKeyMissing, MasterKeyWrong
from core.vault.master_key import KEY_ID_FORM, KeyStore, MasterKey

_FORMAT: Final = b"\x01"


def make_key_check(key: MasterKey) -> bytes:
    """The 33 bytes to store beside the secrets. The same key always gives the same ones."""
    return _FORMAT + hmac.digest(key.subkey("key check"), b"gatepost key check", "sha256")


def verify_key_check(key: MasterKey, check: bytes) -> None:
    """Raises MasterKeyWrong unless the check was made with this very key."""
    if not hmac.compare_digest(make_key_check(key), check):
        raise MasterKeyWrong(
            f"The master key {key.key_id} is not the one that this workspace's secrets were sealed with."
        )


def resolve_master_key(
    store: KeyStore, *, check: bytes | None, key_id: str | None, secrets_exist: bool
) -> MasterKey:
    """The key of this workspace: the store's if it is right, a new one if nothing asks for an old one.

    `check` and `key_id` are what the workspace remembers of its key, None if nothing; `secrets_exist` means
    secrets of any user. Whatever is remembered must match. A new key is made only when the store is empty, no
    secret exists and nothing is remembered. Of two openers at once, both may pass here with None: who then
    finds another's check stored must call `verify_key_check` with that one.

    Raises MasterKeyMissing, MasterKeyWrong, or what the store raises (MasterKeyUnsafe). Changes nothing then.
    """
    key = store.load()
    if key is None:
        if secrets_exist or check is not None or key_id is not None:
            wanted = f" {key_id}" if key_id is not None and KEY_ID_FORM.fullmatch(key_id) else ""
            what_waits = "its secrets can't be opened" if secrets_exist else "it was set up with that key"
            raise MasterKeyMissing(
                f"The {store.describe()} is not there. This workspace needs its master key{wanted}:"
                f" {what_waits}. No new key was made."
            )
        return store.create()
    if key_id is not None and key_id != key.key_id:
        wanted = f" {key_id}" if KEY_ID_FORM.fullmatch(key_id) else " another one"
        raise MasterKeyWrong(
            f"The {store.describe()} holds the master key {key.key_id}, but this workspace's secrets"
            f" were sealed with{wanted}."
        )
    if check is not None:
        verify_key_check(key, check)
    elif secrets_exist and key_id is None:
        # Somebody removed what told their key. A guess could seal new secrets under another one.
        raise MasterKeyWrong(
            f"The {store.describe()} holds a key, but the workspace has lost what tells the right one.",
            remedy="Restore the workspace from a backup.",
        )
    return key
