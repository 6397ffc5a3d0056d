"""Passwords and tokens: made, hashed for the configuration, and checked against the hash.

A token is random and long, so that a plain digest of it can't be guessed. A password is neither;
scrypt (RFC 7914) makes each guess cost 16 MB and a twentieth of a second.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import scrypt, sha256

LONGEST_PASSWORD = 1024
"""Characters; more is refused, not cut, so that no two passwords are one."""

_COST, _BLOCK, _LANES = 2**14, 8, 1
_MOST_MEMORY = 2**26
_SALT_BYTES = 16
_HASH_BYTES = 32
_TOKEN_BYTES = 32
_PASSWORD_HASH = re.compile(
    r"scrypt:([0-9]{1,7}):([0-9]{1,2}):([0-9]{1,2}):([\w-]{22}):([\w-]{43})", re.ASCII
).fullmatch


def hash_password(password: str, salt: bytes | None = None) -> str:
    """The hash of a password, as `dashboard.password` takes it.

    Args:
        password: compared in Unicode's form NFC, since keyboards differ.
        salt: 16 bytes; None makes new ones.

    Returns:
        `scrypt:N:r:p:SALT:HASH`, the last two in URL-safe base64.

    Raises:
        ValueError: the password is empty or too long; the message says which.
    """
    if not password:
        raise ValueError("the password is empty")
    if len(password) > LONGEST_PASSWORD:
        raise ValueError(f"a password has at most {LONGEST_PASSWORD} characters")
    salt = os.urandom(_SALT_BYTES) if salt is None else salt
    digest = _scrypt(password, salt, _COST, _BLOCK, _LANES)
    return ":".join(("scrypt", f"{_COST}:{_BLOCK}:{_LANES}", _text(salt), _text(digest)))


def is_password_hash(text: str) -> bool:
    """Whether `text` looks like what `hash_password` returns, and can be checked with little."""
    found = _PASSWORD_HASH(text)
    if found is None:
        return False
    cost, block, lanes = map(int, found.groups()[:3])
    return cost > 1 and not cost & (cost - 1) and 0 < 128 * cost * block * lanes < _MOST_MEMORY


def verify_password(password: str, hashed: str) -> bool:
    """Whether a password is the one behind a hash; takes as long whether it is or not."""
    found = _PASSWORD_HASH(hashed)
    if found is None or not is_password_hash(hashed) or not 0 < len(password) <= LONGEST_PASSWORD:
        return False
    cost, block, lanes, salt, digest = found.groups()
    made = _scrypt(password, _bytes(salt), int(cost), int(block), int(lanes))
    return hmac.compare_digest(made, _bytes(digest))


def new_token() -> str:
    """A token: 43 characters that nobody can guess."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def hash_token(token: str) -> str:
    """The hash of a token, as `api.tokens` takes it."""
    return f"sha256:{sha256(token.encode()).hexdigest()}"


def _scrypt(password: str, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    # A lone surrogate, from a form or a terminal, is a character like any other here.
    normal = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    return scrypt(
        normal, salt=salt, n=cost, r=block, p=lanes, maxmem=2 * _MOST_MEMORY, dklen=_HASH_BYTES
    )


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
