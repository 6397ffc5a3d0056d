"""Opening a file, once, and seeing by its first bytes what it is packed as."""

from __future__ import annotations

import gzip
import io
import sys
from typing import BinaryIO, NamedTuple, cast

from ztas_middleware.errors import ZtasError
from ztas_middleware.imports.rejoined import Rejoined
from ztas_middleware.imports.sources import HEAD, SAMPLE, Source
from ztas_middleware.outages import one_line

GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_LONGEST_MAGIC = 16
# What people hand over by mistake, by its first bytes, and the way out.
_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"\xfd7zXZ\x00", "is packed with xz; unpack it first: xzcat FILE | ztas import -"),
    (b"BZh", "is packed with bzip2; unpack it first: bzcat FILE | ztas import -"),
    (b"\x28\xb5\x2f\xfd", "is packed with zstd; unpack it first: zstdcat FILE | ztas import -"),
    (b"SQLite format 3\x00", "is an SQLite database; export from it first: ztas export"),
    (b"\xff\xfe", "is UTF-16, not UTF-8"),
    (b"\xfe\xff", "is UTF-16, not UTF-8"),
)


class Opened(NamedTuple):
    """An open file, before anybody knows what is in it."""

    file: io.BufferedIOBase
    name: str
    rewinds: bool
    magic: bytes
    """Its first bytes."""

    @property
    def is_archive(self) -> bool:
        """Whether it begins like a zip archive."""
        return self.magic.startswith(_ZIP)


def open_file(path: str) -> Opened:
    """Open a file; `-` is standard input.

    Raises:
        ZtasError: it is not there or can't be read; the message names it.
    """
    name = "standard input" if path == "-" else shown(path)
    try:
        if path == "-":
            stdin = sys.stdin.buffer
            return _opened(cast("io.BufferedIOBase", stdin), name, rewinds=False)
        file = open(path, "rb")  # noqa: PTH123, SIM115 - named as the user wrote it; the source closes it
        return _opened(file, name, rewinds=file.seekable())
    except FileNotFoundError:
        raise ZtasError(f"{name}: no such file") from None
    except (OSError, ValueError) as error:
        raise ZtasError(f"{name}: {getattr(error, 'strerror', None) or error}") from None


def source_of(opened: Opened) -> Source:
    """A file's lines, packed with gzip or not.

    Raises:
        ZtasError: it is no text, or damaged from its beginning on; the message names it.
    """
    file, name, rewinds, magic = opened
    problem = next((problem for start, problem in _FOREIGN if magic.startswith(start)), None)
    if problem is not None:
        file.close()
        raise ZtasError(f"{name}: {problem}")
    if magic.startswith(GZIP):
        # A buffer in front, since GzipFile reads lines in Python.
        packed = gzip.GzipFile(fileobj=cast("BinaryIO", file))
        unpacked = io.BufferedReader(cast("io.RawIOBase", packed), SAMPLE)
        source = Source(unpacked, name, rewinds=rewinds, below=(file,))
    else:
        source = Source(file, name, rewinds=rewinds)
    try:
        source.check()
    except ZtasError:
        source.close()
        raise
    return source


def shown(path: str) -> str:
    """A path as a message can say it: in characters, on one line."""
    return one_line(path.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def _opened(file: io.BufferedIOBase, name: str, *, rewinds: bool) -> Opened:
    magic = b""
    while len(magic) < _LONGEST_MAGIC and (piece := file.read1(_LONGEST_MAGIC - len(magic))):
        magic += piece
    if rewinds:
        file.seek(0)
    else:
        file = io.BufferedReader(Rejoined(magic, file), HEAD)
    return Opened(file, name, rewinds, magic)
