"""What the cluster's servers complain about, in one line that names the way out.

The codes are ClickHouse's (src/Common/ErrorCodes.cpp); 18.16 and today's servers share them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ztas_middleware.config.clustered import Cluster

_REFUSED: Final = "user {user} and its password are refused"
_MAY_NOT: Final = "user {user} may not do this"
_NO_SUCH: Final = "knows no such cluster; see `cluster.name`"

_FOR_GOOD: Final = {
    60: "has no such table in database {database}; `ztas cluster init` makes them",
    81: "has no database {database}; `ztas cluster init` makes it",
    139: "its servers need the macros `shard` and `replica`",
    164: _MAY_NOT,
    170: _NO_SUCH,
    192: _REFUSED,
    193: _REFUSED,
    194: _REFUSED,
    195: "user {user} may not come from this machine",
    497: _MAY_NOT,
    516: _REFUSED,
    701: _NO_SUCH,
}
"""Codes that somebody has to do something about."""

_LATER: Final = {
    3: "broke off in the middle",
    159: "took too long",
    202: "has too many questions at once",
    209: "did not answer in time",
    210: "cannot be reached",
    225: "has no ZooKeeper or Keeper at the moment, and takes nothing",
    241: "has too little memory for this",
    242: "is read-only: it has lost its ZooKeeper or Keeper, and takes nothing",
    243: "is full: there is too little room on a disk",
    252: "has too many parts to merge, and takes nothing at the moment",
    279: "has a shard none of whose servers answers",
    319: "does not know whether it took the rows",
    425: "could not write to its disk",
    999: "has no ZooKeeper or Keeper at the moment, and takes nothing",
}
"""Codes whose trouble may be over without anybody's doing."""

_FULL: Final = re.compile(r"No space left on device|errno: 28|not enough space", re.IGNORECASE)
_TEXT: Final = re.compile(
    r"DB::Exception: (.*?)(?:, e\.what|\. Stack trace|\s*Stack trace|$)", re.DOTALL
)
_LENGTH: Final = 300


def explained(error: Exception, cluster: Cluster) -> tuple[str, bool]:
    """What is wrong, and whether a later try may succeed."""
    code = getattr(error, "code", None)
    said = _said(error)
    # The driver tells of it as of any broken connection.
    if "CERTIFICATE_VERIFY_FAILED" in said:
        return f"its certificate is refused; see `cluster.ca` ({said})", False
    if "[SSL" in said:
        return f"does not speak TLS as we do; see `cluster.secure` ({said})", False
    if isinstance(error, TimeoutError):
        return _LATER[209], True
    if code is None:
        is_cut = isinstance(error, (EOFError, OSError))
        return (_LATER[3], True) if is_cut else (said, False)
    if _FULL.search(said):
        return f"{_LATER[243]} ({said})", True
    if code in _LATER:
        return f"{_LATER[code]} ({said})", True
    if code in _FOR_GOOD:
        problem = _FOR_GOOD[code].format(user=repr(cluster.user), database=repr(cluster.database))
        return f"{problem} ({said})", False
    return f"{said} (code {code})", False


def _said(error: Exception) -> str:
    """The server's or the system's own words, in one line."""
    text = str(getattr(error, "message", None) or error) or type(error).__name__
    found = _TEXT.search(text)
    line = " ".join((found[1] if found else text).split())
    return line if len(line) <= _LENGTH else line[: _LENGTH - 1] + "…"
