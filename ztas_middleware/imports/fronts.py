"""What stands in front of the time in a line of a log: an address, and much else.

    203.0.113.7 - - | example.com:443 203.0.113.7 - ada | 203.0.113.7, 10.0.0.1 - -
    Nov 28 10:00:00 web1 nginx: 203.0.113.7 - - | "203.0.113.7" - - | client.example.net - -

The left-most word that parses as an address is the visitor's: of X-Forwarded-For, it is the client.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from ztas_middleware.config.hosts import ascii_host
from ztas_middleware.intake.clients import LONGEST_ADDRESS, parse_address

UNIX = "unix:"
"""What nginx writes for whoever comes by a Unix socket."""

REMEMBERED = 4096

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}").fullmatch
_WORDS = re.compile(r"[^\s,]+")
_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+\.?|localhost", re.ASCII)


class Front(NamedTuple):
    """Whose request it was, and to which host."""

    address: str
    """Or a name, where the server looks names up."""
    host: str
    """With its port, if one stands there; empty where none is named."""


def is_address(word: str) -> bool:
    """Whether a word is an address, with a port or without."""
    if _IPV4(word):  # as most are, told in a tenth of the time
        return True
    return 0 < len(word) <= LONGEST_ADDRESS and parse_address(word) is not None


@lru_cache(REMEMBERED)
def front_of(text: str) -> Front | None:
    """What a line says in front of its time; None where nobody's address is there."""
    words = [word.strip("\"'()<>;") for word in _WORDS.findall(text)]
    for index, word in enumerate(words):
        if is_address(word):
            # A virtual host stands first, right before the address.
            host = words[0] if index == 1 and _is_host(words[0]) else ""
            return Front(word, host)
    return _unnamed(words)


def _unnamed(words: list[str]) -> Front | None:
    """Who it was, where no word is an address."""
    for index, word in enumerate(words[:-1]):
        # What identd says of the user follows on whose address it was asked for: nothing, ever.
        if words[index + 1] == "-":
            host = words[0] if index == 1 and _is_host(words[0]) else ""
            if word == UNIX or word.startswith("unix:"):
                return Front(UNIX, host)
            if _NAME.fullmatch(word):
                return Front(word.lower(), host)
            break
    return None


def _is_host(word: str) -> bool:
    """Whether a word is a virtual host, and not just any word: it has a dot or a port."""
    name, colon, port = word.rpartition(":")
    if colon and port.isdigit():
        word = name
    elif "." not in word and word != "localhost":
        return False
    try:
        return bool(ascii_host(word))
    except ValueError:
        return False
