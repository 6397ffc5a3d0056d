"""Hashes of passwords that take no time, for tests that log in all the time."""

from __future__ import annotations

import hashlib
import unicodedata
from base64 import urlsafe_b64encode


def cheap_hash(password):
    """What `hash_password` makes, but for parameters that nobody should use."""
    text = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    salt = hashlib.blake2b(text, digest_size=18).digest()
    key = hashlib.scrypt(text, salt=salt, n=2, r=1, p=1, dklen=33)
    return ":".join(["scrypt:2:1:1", *(urlsafe_b64encode(part).decode() for part in (salt, key))])
