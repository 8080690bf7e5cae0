"""The master key as a type, and the port through which it comes into the program."""

from __future__ import annotations

import hmac
import os
import re
from typing import Final, NoReturn, Protocol, Self, final

MASTER_KEY_BYTES: Final = 32
KEY_ID_FORM: Final = re.compile(r"[0-9a-f]{16}")


@final
class MasterKey:
    """256 random bits from which every key of one workspace is derived. Its bytes never show; its id may.

    `key_id` is 16 lower-case hexadecimal digits derived one way from the key: it names the key in rows, files
    and messages, and, being derived, tells a damaged key from a whole one. Raises ValueError unless given 32
    bytes.
    """

    __slots__ = ("_value", "key_id")

    key_id: Final[str]

    def __init__(self, value: bytes) -> None:
        if len(value) != MASTER_KEY_BYTES:
            raise ValueError(f"a master key has {MASTER_KEY_BYTES} bytes")
        self._value = bytes(value)
        self.key_id = self.subkey("key id")[:8].hex()

    @classmethod
    def generate(cls) -> Self:
        """A new key from the system's random source."""
        return cls(os.urandom(MASTER_KEY_BYTES))

    def subkey(self, use: str) -> bytes:
        """32 bytes for one use: HMAC-SHA-256 as a pseudorandom function, so no two uses share a key."""
        return hmac.digest(self._value, b"gatepost master key: " + use.encode(), "sha256")

    def reveal(self) -> bytes:
        """The key itself, for the one place that stores it."""
        return self._value

    def __repr__(self) -> str:
        return f"MasterKey({self.key_id})"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a MasterKey is not to be pickled")

    def __getstate__(self) -> NoReturn:
        # The inherited one hands out the slots' values.
        raise TypeError("a MasterKey is not to be pickled")


class KeyStore(Protocol):
    """A place that keeps one master key. Its calls block for a short while, as files do."""

    def load(self) -> MasterKey | None:
        """The key, or None if there is certainly none. One that is not to be used raises a VaultError."""
        ...

    def create(self) -> MasterKey:
        """Make and keep a key, unless there is one: then that is the answer. Nothing is ever replaced."""
        ...

    def describe(self) -> str:
        """Where the key lies, such as "key file /home/ada/…"; never the key."""
        ...
