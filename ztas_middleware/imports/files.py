"""A file as numbered lines of bytes, unpacked where it is packed, from any place on.

Memory does not grow with the file, whatever is in it. What a line means is left to the formats,
and which lines are new to `progress`; a file that grows while it is read is `following`.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import sys
import zipfile
import zlib
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from ztas_middleware.errors import ZtasError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    class _Closes(Protocol):
        def close(self) -> None: ...

    Closes = tuple[_Closes, ...]

LONGEST_LINE = 1024 * 1024
"""Bytes of a line; the longest that servers write are some 64 kB."""

HEAD = 4096
"""Bytes at a file's beginning by which it is known again."""

_SAMPLE = 64 * 1024
_UNREADABLE = (OSError, zlib.error, zipfile.BadZipFile)
_GZIP = b"\x1f\x8b"
# What people hand over by mistake, by its first bytes, and the way out.
_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"\xfd7zXZ\x00", "is packed with xz; unpack it first: xzcat FILE | ztas import -"),
    (b"BZh", "is packed with bzip2; unpack it first: bzcat FILE | ztas import -"),
    (b"\x28\xb5\x2f\xfd", "is packed with zstd; unpack it first: zstdcat FILE | ztas import -"),
    (b"PK\x03\x04", "is a zip archive; only Plausible's export is read as one"),
    (b"SQLite format 3\x00", "is an SQLite database; export from it first: ztas export"),
    (b"\xff\xfe", "is UTF-16, not UTF-8"),
    (b"\xfe\xff", "is UTF-16, not UTF-8"),
)


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
        self._rewinds = rewinds
        self._below = below
        # Reading more of a pipe would wait for it.
        size = _SAMPLE if rewinds else HEAD
        self.sample = _beginning(file, size)
        """The beginning, of `HEAD` bytes at least; the whole of a shorter file."""
        self.is_all_sample = len(self.sample) < size
        self._file = file if rewinds else io.BufferedReader(_Rejoined(self.sample, file))

    def head(self, size: int) -> bytes | None:
        """The first `size` bytes, or None where there are fewer; at most `HEAD`."""
        return self.sample[:size] if len(self.sample) >= size else None

    def lines(self, offset: int = 0, number: int = 0) -> Iterator[Line]:
        """The lines from an offset on, behind which line `number` ended.

        Raises:
            ZtasError: packed data that is damaged or ends early, or a file that can't be read.
        """
        readline, longest = self._file.readline, LONGEST_LINE
        try:
            self._skip(offset)
            while content := readline(longest):
                number += 1
                offset += len(content)
                if len(content) < longest or content.endswith(b"\n"):
                    yield Line(number, offset, content)
                    continue
                while more := readline(longest):
                    offset += len(more)
                    if more.endswith(b"\n"):
                        break
                yield Line(number, offset, None)
        except EOFError:
            raise ZtasError(
                f"{self.name}: the packed data ends too early, behind line {number}"
            ) from None
        except _UNREADABLE as error:
            problem = getattr(error, "strerror", None) or str(error)
            raise ZtasError(f"{self.name}: behind line {number}: {problem}") from None

    def close(self) -> None:
        """Release the file."""
        for file in (self._file, *self._below):
            file.close()

    def _skip(self, offset: int) -> None:
        if self._rewinds:
            self._file.seek(offset)
            return
        while offset > 0 and (skipped := self._file.read(min(offset, _SAMPLE))):
            offset -= len(skipped)


def open_source(path: str) -> Source:
    """Open a file, packed with gzip or not; `-` is standard input.

    Raises:
        ZtasError: it is not there, can't be read, or is no text; the message names it.
    """
    if path == "-":
        source = _unpacked(sys.stdin.buffer, "standard input", rewinds=False)
    else:
        try:
            file = open(path, "rb")  # noqa: PTH123, SIM115 - named as the user wrote it; the source closes it
        except FileNotFoundError:
            raise ZtasError(f"{path}: no such file") from None
        except (OSError, ValueError) as error:
            raise ZtasError(f"{path}: {getattr(error, 'strerror', error)}") from None
        source = _unpacked(file, path, rewinds=file.seekable())
    problem = _foreign(source.sample)
    if problem is not None:
        source.close()
        raise ZtasError(f"{source.name}: {problem}")
    return source


def _unpacked(file: io.BufferedIOBase | BinaryIO, name: str, *, rewinds: bool) -> Source:
    peeked = cast("io.BufferedReader", file)
    if not hasattr(file, "peek"):
        peeked = io.BufferedReader(cast("io.RawIOBase", file))
    if peeked.peek(len(_GZIP)).startswith(_GZIP):
        # A buffer in front, since GzipFile reads lines in Python.
        unpacked = io.BufferedReader(cast("io.RawIOBase", gzip.GzipFile(fileobj=peeked)))
        return Source(unpacked, name, rewinds=rewinds, below=(peeked,))
    return Source(peeked, name, rewinds=rewinds)


def _foreign(sample: bytes) -> str | None:
    for magic, problem in _FOREIGN:
        if sample.startswith(magic):
            return problem
    return "is not a text file" if b"\x00" in sample[:HEAD] else None


def _beginning(file: io.BufferedIOBase, size: int) -> bytes:
    """The first `size` bytes, or as many as can be read; whoever reads on is told why."""
    found = b""
    with contextlib.suppress(EOFError, *_UNREADABLE):
        while len(found) < size and (piece := file.read1(size - len(found))):
            found += piece
    return found


class _Rejoined(io.RawIOBase):
    """A stream that can't be rewound, with what was read from it put back in front."""

    def __init__(self, head: bytes, rest: io.BufferedIOBase) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        return True

    # The type says any buffer; what `io` hands over is one of these.
    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        piece = self._head[: len(buffer)] if self._head else self._rest.read(len(buffer))
        self._head = self._head[len(piece) :]
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._rest.close()
        super().close()
