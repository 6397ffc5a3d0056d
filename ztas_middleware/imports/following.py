"""A log that is still being written: its lines as they come, until another file takes its place.

Like `tail -F`: a log that is rotated is read to its end, and so is its successor under the same
name; one that is emptied in place begins anew.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ztas_middleware.errors import ZtasError
from ztas_middleware.imports.files import shown
from ztas_middleware.imports.sources import HEAD, Line, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from threading import Event

PAUSE = 0.5
"""Seconds between two looks at a file that has nothing new."""


class FollowedSource(Source):
    """The file that is at a path now, as long as it is.

    Args:
        path: the file.
        stop: set when the reading should end.
    """

    def __init__(self, path: str, stop: Event) -> None:
        try:
            file = open(path, "rb")  # noqa: PTH123, SIM115 - named as the user wrote it; closed with the source
        except OSError as error:
            raise ZtasError(f"{shown(path)}: {error.strerror}") from None
        self._path = path
        self._stop = stop
        self._identity = _identity(os.fstat(file.fileno()))
        self.on_idle: Callable[[], None] = lambda: None
        """Called whenever there is nothing new."""
        super().__init__(file, shown(path))

    def head(self, size: int) -> bytes | None:
        """The first `size` bytes as they are by now."""
        self._file.seek(self.lead)
        head = self._file.read(size)
        return head if len(head) == size else None

    def wait_for_line(self) -> bool:
        """Wait until the sample has a whole line; False if it never came."""
        while b"\n" not in self.sample:
            if self._stop.wait(PAUSE) or self._is_replaced():
                return False
            self._file.seek(0)
            self.lead, self.sample, self.is_all_sample = 0, b"", False
            self._take_sample()
        return True

    def lines(self, offset: int = 0, number: int = 0) -> Iterator[Line]:
        """The lines from an offset on, and those that are still to come."""
        is_last_look = False
        while not self._is_emptied(offset):
            for line in self._whole_lines(offset, number):
                number, offset = line.number, line.end
                yield line
            self.on_idle()
            if is_last_look or self._stop.is_set():
                return
            # Whoever renames a log goes on writing to it for a moment.
            is_last_look = self._is_replaced()
            self._stop.wait(PAUSE)

    def _whole_lines(self, offset: int, number: int) -> Iterator[Line]:
        self._file.seek(offset)
        for line in super().lines(offset, number):
            if line.content is not None and not line.content.endswith(b"\n"):
                return
            yield line
            # The caller may have moved the file to look at its beginning.
            self._file.seek(line.end)

    def _is_emptied(self, offset: int) -> bool:
        """Whether what was read is no longer there: the file was emptied, cut or rewritten."""
        known = self.sample[: max(0, min(offset - self.lead, HEAD))]
        if os.fstat(self._file.fileno()).st_size < offset or self.head(len(known)) != known:
            return True
        last = self.behind(offset)
        self._file.seek(offset - len(last))
        return self._file.read(len(last)) != last

    def _is_replaced(self) -> bool:
        """Whether another file is at the path."""
        try:
            return _identity(os.stat(self._path)) != self._identity  # noqa: PTH116 - a name
        except OSError:
            return False  # not there yet


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino
