"""What a browser says of itself besides its name: language and width, made coarse.

Finer they would help to tell visitors apart, and no report needs it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import lru_cache
from typing import Final

SCREENS: Final = (480, 768, 1024, 1440, 1920, 9999)
"""The widest viewport of each class, in CSS pixels."""

LONGEST: Final = 512
"""Characters of an `Accept-Language` that are looked at."""

# Primary subtags have two or three letters; longer ones are reserved, and none was ever registered
# (RFC 5646, 2.2.1). Some clients write `de_DE`.
_FIRST = re.compile(r"[\s,]*([A-Za-z]{2,3})(?![^-_;,\s])", re.ASCII)


def language_of(header: str) -> str | None:
    """The primary subtag of the first language in an `Accept-Language` header.

    Args:
        header: as received, empty where there is none.

    Returns:
        Two or three small letters, such as `de`; None for `*` and whatever is no language.
    """
    return _first_language(header[:LONGEST]) if header else None


@lru_cache(maxsize=512)
def _first_language(header: str) -> str | None:
    found = _FIRST.match(header)
    return found[1].lower() if found else None


def screen_of(width: float) -> int | None:
    """The least of `SCREENS` that is not below a width; None for one that no screen has."""
    if not 0 <= width <= SCREENS[-1]:
        return None
    return SCREENS[bisect_left(SCREENS, width)]
