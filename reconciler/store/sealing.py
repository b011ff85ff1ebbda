"""Keys of the installation: what is in Redis can be read by nobody without them, and what was changed there is a miss.

One root (two while it is being rotated) becomes a key per purpose by HKDF; nothing is ever sealed or signed with the
root itself, and an answer for one purpose or one name is worth nothing for another.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from reconciler.errors import ConfigurationError
from reconciler.models.keys import Digest

Purpose = Literal["message", "cache", "record", "summary", "digest"]

SALT_BYTES = 16
TAG_BYTES = 16
MIN_ROOT_BYTES = 32
NO_NONCE = bytes(12)


@dataclass(frozen=True, slots=True)
class RootKey:
    """One root secret and the id by which sealed things name it."""

    id: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True)
class Keyring:
    """The active root keys, newest first: the first seals and signs, all of them open and verify."""

    roots: tuple[RootKey, ...]

    @classmethod
    def parse(cls, text: str) -> Keyring:
        """Reads `id:hex,id:hex` as RECONCILER_ROOT_KEY gives it. Raises ConfigurationError, which never shows a key."""
        roots = tuple(_root(part.strip()) for part in text.split(",") if part.strip())
        if not roots:
            raise ConfigurationError("no root key: set RECONCILER_ROOT_KEY to id:hex with 32 random bytes")
        if len({root.id for root in roots}) != len(roots):
            raise ConfigurationError("RECONCILER_ROOT_KEY names one id twice")
        return cls(roots)

    def seal(self, data: bytes, name: str) -> bytes:
        """Encrypts `data`, bound to `name`, its full key in the cache."""
        root, salt = self.roots[0], secrets.token_bytes(SALT_BYTES)
        sealed = _cipher(_derived(root, "cache"), salt).encrypt(NO_NONCE, data, name.encode())
        return _labelled(root, salt + sealed)

    def open(self, sealed: bytes, name: str) -> bytes | None:
        """What was sealed under `name`; None for anything else: another name, an edit, an unknown key."""
        root, body = self._unlabelled(sealed)
        if root is None or len(body) < SALT_BYTES + TAG_BYTES:
            return None
        try:
            cipher = _cipher(_derived(root, "cache"), body[:SALT_BYTES])
            return cipher.decrypt(NO_NONCE, body[SALT_BYTES:], name.encode())
        except InvalidTag:
            return None

    def signed(self, data: bytes, purpose: Purpose, name: str) -> bytes:
        """`data` with a MAC in front, bound to purpose and name; readable without a key, but not changeable."""
        root = self.roots[0]
        return _labelled(root, _mac(_derived(root, purpose), name, data) + data)

    def verified(self, signed: bytes, purpose: Purpose, name: str) -> bytes | None:
        """What was signed for this purpose and name; None for anything else."""
        root, body = self._unlabelled(signed)
        tag, data = body[:TAG_BYTES], body[TAG_BYTES:]
        if root is None or not hmac.compare_digest(tag, _mac(_derived(root, purpose), name, data)):
            return None
        return data

    def mac(self, parts: Sequence[str], purpose: Purpose) -> str:
        """A printable MAC over `parts`: `<key id>:<hex>`."""
        root = self.roots[0]
        return f"{root.id}:{_mac(_derived(root, purpose), '', _joined(parts)).hex()}"

    def is_mac(self, mac: str, parts: Sequence[str], purpose: Purpose) -> bool:
        """Whether `mac` was made over exactly these parts with one of our keys; in constant time."""
        key_id, _, tag = mac.partition(":")
        root = self._by_id.get(key_id)
        return root is not None and hmac.compare_digest(
            tag.encode(), _mac(_derived(root, purpose), "", _joined(parts)).hex().encode()
        )

    def digest(self, data: bytes) -> Digest:
        """Keyed digest of object content: shows that content is equal, but guesses at it cannot be tried."""
        return Digest(blake2b(data, digest_size=16, key=_derived(self.roots[0], "digest")).hexdigest())

    @property
    def _by_id(self) -> Mapping[str, RootKey]:
        return {root.id: root for root in self.roots}

    def _unlabelled(self, labelled: bytes) -> tuple[RootKey | None, bytes]:
        label, _, body = labelled.partition(b"\0")
        return self._by_id.get(label.decode("ascii", "replace")), body


def _root(text: str) -> RootKey:
    key_id, _, digits = text.partition(":")
    try:
        secret = bytes.fromhex(digits)
    except ValueError:
        secret = b""
    if not key_id.isalnum() or not key_id.isascii() or len(secret) < MIN_ROOT_BYTES:
        raise ConfigurationError("RECONCILER_ROOT_KEY must be id:hex[,id:hex] with at least 32 bytes each")
    return RootKey(key_id, secret)


@lru_cache(maxsize=32)
def _derived(root: RootKey, purpose: Purpose) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"reconciler {purpose}".encode()).derive(root.secret)


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    # A key of its own for each sealing: random 96-bit nonces under one key would be used up by a large fleet's cache.
    return AESGCM(blake2b(salt, digest_size=32, key=key).digest())


def _mac(key: bytes, name: str, data: bytes) -> bytes:
    return blake2b(_joined([name]) + data, digest_size=TAG_BYTES, key=key).digest()


def _joined(parts: Sequence[str]) -> bytes:
    # Lengths in front: no two lists of parts have the same bytes.
    return b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)


def _labelled(root: RootKey, body: bytes) -> bytes:
    return root.id.encode() + b"\0" + body
