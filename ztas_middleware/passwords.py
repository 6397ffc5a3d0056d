"""Passwords as the configuration keeps them: scrypt hashes that say how they were made.

`scrypt:<N>:<r>:<p>:<salt>:<key>`, salt and key in URL-safe base64 without padding (RFC 7914).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

# 32 MiB and a quarter of a second for each try. Of the choices in OWASP's Password Storage Cheat
# Sheet the one that needs this little memory: a small server has to survive several at once.
_N, _R, _P = 2**15, 8, 3
_SALT_BYTES, _KEY_BYTES = 16, 32
_MOST_MEMORY = 256 * 1024 * 1024


class _Hash(NamedTuple):
    n: int
    r: int
    p: int
    salt: bytes
    key: bytes


def hash_password(password: str) -> str:
    """A hash for the configuration; another one at every call."""
    salt = os.urandom(_SALT_BYTES)
    key = _derive(password, _Hash(_N, _R, _P, salt, bytes(_KEY_BYTES)))
    return ":".join(("scrypt", str(_N), str(_R), str(_P), _encoded(salt), _encoded(key)))


def verify_password(password: str, stored: str) -> bool:
    """Whether a password is the one that was hashed.

    Raises:
        ValueError: `stored` is no hash of ours.
    """
    parsed = _parse(stored)
    return hmac.compare_digest(_derive(password, parsed), parsed.key)


def is_password_hash(text: str) -> bool:
    """Whether a text is a hash of ours."""
    try:
        _parse(text)
    except ValueError:
        return False
    return True


def _derive(password: str, parameters: _Hash) -> bytes:
    # The same characters, however the keyboard composes them (RFC 8265).
    text = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(
        text,
        salt=parameters.salt,
        n=parameters.n,
        r=parameters.r,
        p=parameters.p,
        maxmem=_MOST_MEMORY,
        dklen=len(parameters.key),
    )


def _parse(text: str) -> _Hash:
    parts = text.split(":")
    if len(parts) != 6 or parts[0] != "scrypt":  # noqa: PLR2004 - the format's
        raise ValueError("not a scrypt hash")
    n, r, p = (int(part) for part in parts[1:4])
    parsed = _Hash(n, r, p, _decoded(parts[4]), _decoded(parts[5]))
    power_of_two = n > 1 and n & (n - 1) == 0
    if not power_of_two or min(r, p) < 1 or 128 * r * (n + p) >= _MOST_MEMORY:
        raise ValueError("scrypt parameters out of range")
    if min(len(parsed.salt), len(parsed.key)) < _SALT_BYTES:
        raise ValueError("salt or key too short")
    return parsed


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
