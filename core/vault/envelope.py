"""Envelope encryption: each version of a secret under its own data key, the data key under the master key.

    wrapped_key   61 bytes   format (1 byte: 1) · nonce (12) · data key in AES-256-GCM-SIV (32) · tag (16)
    ciphertext    29 + n     format (1 byte: 1) · nonce (12) · padded secret in AES-256-GCM (n) · tag (16)

The padded secret is its UTF-8, one byte 0x80 and zeros up to a multiple of 64 bytes, so that the length of a
password does not show. Associated data are fields of which each is preceded by its length (4 bytes,
big-endian):

    wrapped_key   "gatepost data key" · format · purpose · owner · secret id · version (8 bytes) · key id
    ciphertext    "gatepost secret"   · format · purpose · owner · secret id · version (8 bytes)

The key id is bound where the master key is used. The ciphertext is bound to it by the data key, which exists
in that one wrapping only; so a new master key means wrapping the data keys anew and leaves every ciphertext
as it is.

Why two modes: a data key seals once, so plain GCM can't repeat a nonce (NIST SP 800-38D, 8.3). The master key
wraps for years, on several machines, with random nonces; GCM-SIV (RFC 8452) survives a repeated one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV

from core.errors import SecretUnreadable, VaultError
from core.vault.master_key import KEY_ID_FORM, MasterKey
from core.vault.secret import Secret

_FORMAT: Final = b"\x01"
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_DATA_KEY_BYTES: Final = 32
_PADDED_TO: Final = 64
_LAST_VERSION: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedSecret:
    """One version of one secret as it is stored. Nothing in it is secret without the master key `key_id`."""

    secret_id: UUID
    owner_id: UUID
    version: int
    purpose: str
    key_id: str
    wrapped_key: bytes = field(repr=False)
    ciphertext: bytes = field(repr=False)


def seal(
    secret: Secret, *, owner_id: UUID, secret_id: UUID, version: int, purpose: str, key: MasterKey
) -> SealedSecret:
    """Encrypt a secret for one owner, row, version (from 1) and purpose (such as "smtp password").

    Any text works, the empty one included. Raises ValueError for a version or purpose that can't be, and
    VaultError if the installed cryptography library lacks AES-GCM-SIV.
    """
    if not 1 <= version <= _LAST_VERSION or not purpose:
        raise ValueError("a secret needs a version from 1 on and a purpose")
    place = _place(purpose, owner_id, secret_id, version)
    data_key = os.urandom(_DATA_KEY_BYTES)
    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(data_key).encrypt(nonce, _pad(secret.reveal()), _bind(b"gatepost secret", *place))
    return SealedSecret(
        secret_id=secret_id,
        owner_id=owner_id,
        version=version,
        purpose=purpose,
        key_id=key.key_id,
        wrapped_key=_wrap(data_key, place, key),
        ciphertext=_FORMAT + nonce + sealed,
    )


def open_sealed(
    sealed: SealedSecret,
    *,
    owner_id: UUID,
    secret_id: UUID,
    purpose: str,
    keys: Mapping[str, MasterKey],
    version: int | None = None,
) -> Secret:
    """Decrypt a secret that is where it should be.

    Owner, id and purpose are those that the caller expects, from its own context and not from the row. So is
    `version`, where the caller knows it: without it an older row, put back whole, still opens. `keys` are the
    master keys in use by their key id, during a rotation two.

    Raises SecretUnreadable, saying the same whatever was altered or moved, and VaultError as `seal`.
    """
    _check_place(sealed, owner_id=owner_id, secret_id=secret_id, purpose=purpose, version=version)
    place = _place(purpose, owner_id, secret_id, sealed.version)
    data_key = _unwrap(sealed, place, _find(keys, sealed.key_id))
    nonce, content = _split(sealed.ciphertext)
    try:
        padded = AESGCM(data_key).decrypt(nonce, content, _bind(b"gatepost secret", *place))
    except InvalidTag:
        raise _unreadable() from None
    return Secret(_unpad(padded))


def rewrap(sealed: SealedSecret, *, keys: Mapping[str, MasterKey], key: MasterKey) -> SealedSecret:
    """The same secret with its data key wrapped under another master key; the ciphertext stays byte for byte.

    `keys` must hold the one that it is wrapped under now. The secret is not opened. Raises as `open_sealed`.
    """
    _check_place(
        sealed, owner_id=sealed.owner_id, secret_id=sealed.secret_id, purpose=sealed.purpose, version=None
    )
    place = _place(sealed.purpose, sealed.owner_id, sealed.secret_id, sealed.version)
    data_key = _unwrap(sealed, place, _find(keys, sealed.key_id))
    return replace(sealed, key_id=key.key_id, wrapped_key=_wrap(data_key, place, key))


def _check_place(
    sealed: SealedSecret, *, owner_id: UUID, secret_id: UUID, purpose: str, version: int | None
) -> None:
    """The tag alone would refuse these too; this also keeps what can't be encoded away from the encoding."""
    if (
        (sealed.owner_id, sealed.secret_id, sealed.purpose) != (owner_id, secret_id, purpose)
        or (version is not None and sealed.version != version)
        or not 1 <= sealed.version <= _LAST_VERSION
        or not purpose
    ):
        raise _unreadable()


def _find(keys: Mapping[str, MasterKey], key_id: str) -> MasterKey:
    if (key := keys.get(key_id)) is not None:
        return key
    # A row may hold anything; only what looks like a key id is shown.
    named = f" {key_id}" if KEY_ID_FORM.fullmatch(key_id) else ""
    raise SecretUnreadable(
        f"The stored secret was sealed with a master key{named} that is not loaded.",
        remedy="Name the key file that belongs to it with GATEPOST_KEY_FILE, or enter the password again.",
    )


def _place(purpose: str, owner_id: UUID, secret_id: UUID, version: int) -> tuple[bytes, ...]:
    return _FORMAT, _encode(purpose), owner_id.bytes, secret_id.bytes, version.to_bytes(8, "big")


def _bind(*fields: bytes) -> bytes:
    """Length before each field, so that no two lists of fields read the same."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in fields)


def _wrap(data_key: bytes, place: tuple[bytes, ...], key: MasterKey) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    bound = _bind(b"gatepost data key", *place, key.key_id.encode())
    return _FORMAT + nonce + _key_cipher(key).encrypt(nonce, data_key, bound)


def _unwrap(sealed: SealedSecret, place: tuple[bytes, ...], key: MasterKey) -> bytes:
    nonce, content = _split(sealed.wrapped_key)
    bound = _bind(b"gatepost data key", *place, key.key_id.encode())
    try:
        data_key = _key_cipher(key).decrypt(nonce, content, bound)
    except InvalidTag:
        raise _unreadable() from None
    if len(data_key) != _DATA_KEY_BYTES:
        raise _unreadable()
    return data_key


def _key_cipher(key: MasterKey) -> AESGCMSIV:
    try:
        return AESGCMSIV(key.subkey("wrap data keys"))
    except UnsupportedAlgorithm:
        raise VaultError(
            "The installed cryptography library lacks AES-GCM-SIV: no secret can be sealed or opened.",
            remedy="Install the ready-made package of cryptography, or build it with OpenSSL 3.2 or newer.",
        ) from None


def _split(blob: bytes) -> tuple[bytes, bytes]:
    """Nonce, and ciphertext with its tag."""
    start = len(_FORMAT) + _NONCE_BYTES
    if len(blob) <= start + _TAG_BYTES or not blob.startswith(_FORMAT):
        raise _unreadable()
    return blob[len(_FORMAT) : start], blob[start:]


def _pad(text: str) -> bytes:
    content = _encode(text) + b"\x80"
    return content + bytes(-len(content) % _PADDED_TO)


def _unpad(padded: bytes) -> str:
    content = padded.rstrip(b"\x00")
    if not content.endswith(b"\x80"):
        raise _unreadable()
    return content[:-1].decode("utf-8", "surrogatepass")


def _encode(text: str) -> bytes:
    # An environment variable can hold half a character; it must come back as it was.
    return text.encode("utf-8", "surrogatepass")


def _unreadable() -> SecretUnreadable:
    return SecretUnreadable(
        "The stored secret does not open here: it was altered, or it belongs to another row or user."
    )
