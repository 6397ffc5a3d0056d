"""The token that makes a machine a member: the key of a day, for one cluster, and once typed.

It is worth what the key is worth: whoever has it can compute the salts from its day on.
"""

from __future__ import annotations

import time
from base64 import b32decode, b32encode
from datetime import date, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from ztas_middleware.errors import ZtasError
from ztas_middleware.store.keys import KEY_BYTES, oldest_running

if TYPE_CHECKING:
    from ztas_middleware.config.clustered import Cluster

_PREFIX: Final = "ztas1"
_MARK_BYTES: Final = 4
_DAY_BYTES: Final = 3
_SUM_BYTES: Final = 4
_AGAIN: Final = "`ztas cluster join` on a member prints a new one"

KEPT: Final = timedelta(days=2)
"""How long a token is taken: what lies about for longer has been seen by others."""


class Token(NamedTuple):
    """What a token says."""

    day: date
    key: bytes


def write_token(cluster: Cluster, day: date, key: bytes) -> str:
    """The token for a key of a day."""
    said = _mark(cluster) + day.toordinal().to_bytes(_DAY_BYTES, "big") + key
    text = b32encode(said + _sum(said)).decode().rstrip("=").lower()
    return f"{_PREFIX}{text}"


def read_token(cluster: Cluster, text: str, now: int) -> Token:
    """What a token says, in whatever case it was typed.

    Args:
        cluster: the one to be joined.
        text: the token; what stands before its last word is no part of it.
        now: UTC milliseconds.

    Raises:
        ZtasError: it is mistyped, too old, or another cluster's.
    """
    words = text.split()
    word = words[-1].lower() if words else ""
    said = _decoded(word.removeprefix(_PREFIX)) if word.startswith(_PREFIX) else None
    if said is None:
        raise ZtasError(f"this is no token, or it was mistyped; {_AGAIN}")
    mark, rest = said[:_MARK_BYTES], said[_MARK_BYTES:]
    if mark != _mark(cluster):
        raise ZtasError(f"this token is for another cluster or database than {cluster.database!r}")
    day = date.fromordinal(int.from_bytes(rest[:_DAY_BYTES], "big"))
    running = oldest_running(now)
    if day < running - KEPT:
        raise ZtasError(f"this token is of {day}, which is too old; {_AGAIN}")
    if day > running + KEPT:
        here = time.strftime("%Y-%m-%d", time.gmtime(now / 1000))
        raise ZtasError(f"this token is of {day}, and here it is {here}: look at the clocks")
    return Token(day, rest[_DAY_BYTES:])


def _decoded(text: str) -> bytes | None:
    try:
        said = b32decode(text.upper() + "=" * (-len(text) % 8))
    except ValueError:
        return None
    body, checksum = said[:-_SUM_BYTES], said[-_SUM_BYTES:]
    is_whole = len(body) == _MARK_BYTES + _DAY_BYTES + KEY_BYTES and _sum(body) == checksum
    return body if is_whole else None


def _mark(cluster: Cluster) -> bytes:
    return sha256(b"ztas cluster " + cluster.database.encode()).digest()[:_MARK_BYTES]


def _sum(said: bytes) -> bytes:
    return sha256(b"ztas token " + said).digest()[:_SUM_BYTES]
