"""Who, for one day: keyed hashes that mean nothing without the day's salt."""

from __future__ import annotations

from binascii import b2a_base64
from hashlib import blake2b

HASH_BYTES = 6
"""48 bits: of a million visitors in one day, two share a hash on one day in 560.

Every byte more is stored with every hit."""

_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def visitor_hash(salt: bytes, site_id: str, address: str, user_agent: str) -> str:
    """The visitor of one site for one day: 8 characters, URL-safe base64 of 48 bits."""
    return _hash(salt, b"visitor", f"{site_id}\0{address}\0{user_agent}")


def session_hash(salt: bytes, site_id: str, session_id: str) -> str:
    """A session id that a script sent, of one site for one day: 8 characters."""
    return _hash(salt, b"session", f"{site_id}\0{session_id}")


def _hash(salt: bytes, purpose: bytes, text: str) -> str:
    # `surrogatepass`: JSON can carry lone surrogates, and those are distinct texts too.
    digest = blake2b(
        text.encode("utf-8", "surrogatepass"), key=salt, digest_size=HASH_BYTES, person=purpose
    ).digest()
    # As base64.urlsafe_b64encode does, at half the cost; six bytes need no padding.
    return b2a_base64(digest, newline=False).translate(_URL_SAFE).decode("ascii")
