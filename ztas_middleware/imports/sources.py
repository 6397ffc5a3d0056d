"""A file as numbered lines of bytes, from any place on.

It is read once, since a pipe can't be read twice. Memory does not grow with the file, whatever is
in it. What a line means is left to the formats, and which lines are new to `progress`; a file that
grows while it is read is `following`.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.errors import ZtasError
from ztas_middleware.imports.rejoined import Rejoined
from ztas_middleware.outages import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    class _Closes(Protocol):
        def close(self) -> None: ...

    Closes = tuple[_Closes, ...]

LONGEST_LINE = 1024 * 1024
"""Bytes of a line; the longest that servers write are some 64 kB."""

HEAD = 4096
"""Bytes at a file's beginning by which it is known again, and before the place where the last run
stopped, by which that is known to be the same."""

SAMPLE = 64 * 1024
_REMEMBERED = 64
"""Lines just read that a source can still show."""

_UNREADABLE = (EOFError, OSError, zlib.error, zipfile.BadZipFile)


class Line(NamedTuple):
    """One line of a file."""

    number: int
    """1-based."""
    end: int
    """The offset behind it, in bytes of the unpacked file."""
    content: bytes | None
    """With its line end; None where it is longer than `LONGEST_LINE`."""


class Source:
    """An open file that is to be read once, from its beginning or from a place on.

    Args:
        file: unpacked bytes, at their beginning.
        name: what messages call it.
        rewinds: whether `file` can go back; a pipe can't.
        below: what else is to be closed in the end.
    """

    def __init__(
        self, file: io.BufferedIOBase, name: str, *, rewinds: bool = True, below: Closes = ()
    ) -> None:
        self.name = name
        self.rewinds = rewinds
        self._file = file
        self._below = below
        self._position: int | None = None
        self._recent: deque[Line] = deque(maxlen=_REMEMBERED)
        self._trouble: Exception | None = None
        self.lead = 0
        """NULs at the beginning, which a log has that was emptied while its server wrote on."""
        self.sample = b""
        """What follows on them: the first line, and `HEAD` bytes; the whole of a shorter file."""
        self.is_all_sample = False
        self._take_sample()

    @property
    def is_empty(self) -> bool:
        """Whether there is not a byte in it."""
        return not (self.sample or self.lead or self._trouble)

    def grow(self) -> bool:
        """Make the sample larger; False where it has all that there is, or that may be looked at.

        Raises:
            ZtasError: nothing at all could be read.
        """
        size = min(2 * len(self.sample), LONGEST_LINE)
        if self.is_all_sample or len(self.sample) >= size:
            return False
        self._fill(size)
        return True

    def head(self, size: int) -> bytes | None:
        """The first `size` bytes, or None where there are fewer; at most `HEAD`."""
        return self.sample[:size] if len(self.sample) >= size else None

    def lines(self, offset: int = 0, number: int = 0) -> Iterator[Line]:
        """The lines from an offset on, behind which line `number` ended.

        Raises:
            ZtasError: packed data that is damaged or ends early, or a file that can't be read.
        """
        offset = max(offset, self.lead)
        remember = self._recent.append
        try:
            readline = self._reader_at(offset).readline
            while content := readline(LONGEST_LINE):
                offset += len(content)
                if len(content) < LONGEST_LINE or content.endswith(b"\n"):
                    number += 1
                    line = Line(number, offset, content)
                    remember(line)
                    yield line
                    continue
                if not content.strip(b"\0"):
                    continue  # a hole in the file, in front of its next line
                while more := readline(LONGEST_LINE):
                    offset += len(more)
                    if more.endswith(b"\n"):
                        break
                number += 1
                line = Line(number, offset, None)
                remember(line)
                yield line
        except _UNREADABLE as error:
            raise ZtasError(f"{self.name}: {_problem(error, number)}") from None

    def behind(self, offset: int) -> bytes:
        """The bytes that lie before an offset where a line that was just read ends.

        At most `HEAD` of them; none where they are not known any more.
        """
        parts: list[bytes] = []
        size = 0
        for line in reversed(self._recent):
            if line.end > offset:
                continue
            if line.content is None or line.end != offset - size:
                break
            parts.append(line.content)
            size += len(line.content)
            if size >= HEAD:
                break
        return b"".join(reversed(parts))[-HEAD:]

    def before(self, offset: int, size: int) -> bytes | None:
        """The `size` bytes before an offset, read from the file; None where it ends sooner.

        A pipe stands at the offset after it, and must not be asked for what is before.

        Raises:
            ZtasError: the file can't be read as far as that.
        """
        try:
            found = self._reader_at(offset - size).read(size)
        except _UNREADABLE as error:
            raise ZtasError(f"{self.name}: {_problem(error, 0)}") from None
        if self._position is not None:
            self._position += len(found)
        return found if len(found) == size else None

    def close(self) -> None:
        """Release the file."""
        for file in (self._file, *self._below):
            file.close()

    def _take_sample(self) -> None:
        """Look at the beginning as far as a format can be told by it."""
        self._fill(HEAD)
        while self.sample and not self.sample.strip(b"\0"):
            self.lead += len(self.sample)
            self.sample = b""
            self._fill(HEAD)
        text = self.sample.lstrip(b"\0")
        self.lead += len(self.sample) - len(text)
        self.sample = text
        # Reading more of a pipe than a line might wait for it for hours.
        self._fill(SAMPLE if self.rewinds else HEAD)
        while b"\n" not in self.sample and self.grow():
            pass

    def _fill(self, size: int) -> None:
        """Read on until the sample has `size` bytes, or as many as can be read."""
        try:
            while len(self.sample) < size:
                piece = self._file.read1(size - len(self.sample))
                if not piece:
                    self.is_all_sample = True
                    break
                self.sample += piece
        except _UNREADABLE as error:
            self._trouble = error
            self.is_all_sample = True

    def check(self) -> None:
        """Complain of a file of which not even a beginning can be read.

        Raises:
            ZtasError: so it is; the message says why.
        """
        if self._trouble is not None and b"\n" not in self.sample:
            raise ZtasError(f"{self.name}: {_problem(self._trouble, 0)}")

    def _reader_at(self, offset: int) -> io.BufferedIOBase:
        if self.rewinds:
            self._file.seek(offset)
            return self._file
        if self._position is None:
            joined = Rejoined(self.sample, self._file, self._trouble)
            self._file = io.BufferedReader(joined, SAMPLE)
            self._position = self.lead
        while self._position < offset:
            skipped = self._file.read(min(offset - self._position, SAMPLE))
            if not skipped:
                break
            self._position += len(skipped)
        return self._file


def _problem(error: Exception, number: int) -> str:
    behind = f"behind line {number}"
    if isinstance(error, EOFError):
        return f"the packed data ends too early, {behind}"
    return f"{behind}: {one_line(getattr(error, 'strerror', None) or str(error))}"
