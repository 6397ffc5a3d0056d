"""Client text made fit to keep: nothing that breaks a row or a terminal, no personal data.

These are the rules of every text column; paths and referrers add their own on top.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from ztas_middleware.intake.redaction import LONGEST, redact

CACHED_LENGTH: Final = 200
"""Longest input, in characters, that the room's caches keep."""
CACHED_INPUTS: Final = 512
"""How many inputs each of them keeps: at the very worst, all of it emoji, 1 MB."""

# Surrogates cannot be written as UTF-8; NUL ends text in C programs; escape, backspace and the
# rest of C0 and C1 drive terminals; bidirectional controls and zero-width characters show a
# reader other text than there is. Joiners and variation selectors stay: emoji, Persian and
# Hindi are spelled with them.
_HARMFUL = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]"
)
_BREAKS = re.compile("[\t-\r\x1c-\x1f\x85\u2028\u2029]")


def clean_text(text: str, limit: int = 256) -> str | None:
    """Make a client's text fit for its column.

    Args:
        text: any text, lone surrogates included.
        limit: the most characters to keep; longer text is cut.

    Returns:
        The text without control characters (a line break is a space), surrounding whitespace and
        personal data; None where nothing is left.
    """
    if len(text) > CACHED_LENGTH:
        return _clean(text, limit)
    return _clean_cached(text, limit)


def scrub(text: str) -> str:
    """Take out characters that break a row, a terminal or a reader's eye; breaks become spaces."""
    if text.isprintable():  # nearly all text, told in nanoseconds
        return text
    return _BREAKS.sub(" ", _HARMFUL.sub("", text))


def as_utf8(header: str) -> str:
    """The text of a header or query that a server hands over as bytes decoded as latin-1.

    PEP 3333 says how; what a browser means by raw bytes is UTF-8. Bytes that are none, and what a
    server has decoded already, stay as they are.
    """
    if header.isascii():
        return header
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header


def redact_cut(text: str, limit: int, *, cut: bool) -> str:
    """Redact the start of a text, of which no more than `limit` characters are wanted.

    Half an address is not recognised as one and would stay. So where the text is cut here, or
    was `cut` before, as much of its end is given up as may be half a datum; for that reason the
    cut is made well above the limit, here as by callers.
    """
    window = 2 * limit + LONGEST
    clean = redact(text[:window])
    return clean[:-LONGEST] if cut or len(text) > window else clean


def _clean(text: str, limit: int) -> str | None:
    # Cutting before any regular expression keeps the cost of one field bounded.
    raw_limit = 4 * limit + LONGEST
    clean = redact_cut(scrub(text[:raw_limit]).strip(), limit, cut=len(text) > raw_limit)
    return clean[:limit].strip() or None


_clean_cached = lru_cache(maxsize=CACHED_INPUTS)(_clean)
