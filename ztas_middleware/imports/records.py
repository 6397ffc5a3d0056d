"""From lines of bytes to records of text: a line each, or a CSV record, which may have several.

What can't be a record is passed on as a refusal, and the reading goes on behind it.
"""

from __future__ import annotations

import csv
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.imports.outcomes import Refused
from ztas_middleware.imports.sources import LONGEST_LINE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ztas_middleware.imports.sources import Line

MOST_LINES = 64
"""Lines that a CSV record may have; more is a quotation mark that is never closed."""

TOO_LONG = Refused(f"is longer than {LONGEST_LINE} bytes")
UNCLOSED = Refused("has a quotation mark that is not closed")
NO_CSV = Refused("is no CSV")

_BOM = b"\xef\xbb\xbf"


class Record(NamedTuple):
    """One record of a file."""

    number: int
    """Of its first line, 1-based."""
    last: int
    """Of its last line."""
    end: int
    """The offset behind it, in bytes."""
    content: str | list[str] | Refused
    """A line without its end, or the cells of a CSV record."""
    is_complete: bool
    """Whether a line end follows; where there is none, more of it may be still to come."""


def text_records(lines: Iterator[Line]) -> Iterator[Record]:
    """A record for each line that is not blank."""
    for number, end, content in lines:
        if content is None:
            yield Record(number, number, end, TOO_LONG, is_complete=True)
            continue
        text = _text(content, number).rstrip("\r\n")
        if text:
            yield Record(number, number, end, text, content.endswith(b"\n"))


def csv_records(lines: Iterator[Line], width: int | None = None) -> Iterator[Record]:
    """A record for each of a CSV file's, the header included.

    Args:
        lines: where they come from.
        width: how many cells a record has; one of several lines that has another number of them
            is not taken for one. None lets any number pass.
    """
    waiting: deque[Line] = deque()

    def following() -> Line | None:
        return waiting.popleft() if waiting else next(lines, None)

    while (line := following()) is not None:
        if line.content is None:
            yield Record(line.number, line.number, line.end, TOO_LONG, is_complete=True)
            continue
        parts, beyond = _joined(line, following)
        content = _cells(b"".join(part.content or b"" for part in parts), line.number)
        if len(parts) > 1 and (
            isinstance(content, Refused) or len(content) != (width or len(content))
        ):
            content = UNCLOSED
        if content is UNCLOSED:
            # The lines behind may be fine: they are looked at again, one by one.
            waiting.extendleft(reversed([*parts[1:], *beyond]))
            parts = parts[:1]
        else:
            waiting.extendleft(beyond)
        last = parts[-1]
        if content:
            is_complete = (last.content or b"").endswith(b"\n")
            yield Record(line.number, last.number, last.end, content, is_complete)


def _joined(line: Line, following: Callable[[], Line | None]) -> tuple[list[Line], list[Line]]:
    """The line with those that its open quotation mark takes along, and one that was read on."""
    parts = [line]
    content = line.content or b""
    size, quotes = len(content), content.count(b'"')
    while quotes % 2 and len(parts) < MOST_LINES and size < LONGEST_LINE:
        more = following()
        if more is None:
            break
        if more.content is None:
            return parts, [more]
        parts.append(more)
        size += len(more.content)
        quotes += more.content.count(b'"')
    return parts, []


def _cells(raw: bytes, number: int) -> list[str] | Refused:
    if raw.count(b'"') % 2:
        return UNCLOSED
    try:
        return next(csv.reader([_text(raw, number)], strict=True))
    except csv.Error:
        return NO_CSV


def _text(raw: bytes, number: int) -> str:
    """A line's text, whatever its bytes are: a byte that is no UTF-8 is U+FFFD."""
    if b"\0" in raw:
        # A server that died in mid write leaves them, and who empties a log that is written to.
        raw = raw.replace(b"\0", b"")
    if number == 1 and raw.startswith(_BOM):
        raw = raw[3:]
    return raw.decode("utf-8", "replace")
