"""Master keys for the rest of the house: the types, the stores, and finding the right key when opening.

The parts are in `master_key`, `key_file` and `check`; everybody else imports from here.
"""

from __future__ import annotations

from core.vault.check import make_key_check, resolve_master_key, verify_key_check
from core.vault.key_file import FileKeyStore, default_key_path
from core.vault.master_key import KeyStore, MasterKey

__all__ = [
    "FileKeyStore",
    "KeyStore",
    "MasterKey",
    "MemoryKeyStore",
    "default_key_path",
    "make_key_check",
    "resolve_master_key",
    "verify_key_check",
]


class MemoryKeyStore:
    """Keeps the key in this process only: for tests and for workspaces that end with the program."""

    def __init__(self, key: MasterKey | None = None) -> None:
        self._key = key

    def load(self) -> MasterKey | None:
        return self._key

    def create(self) -> MasterKey:
        if self._key is None:
            self._key = MasterKey.generate()
        return self._key

    def describe(self) -> str:
        return "key in memory"
