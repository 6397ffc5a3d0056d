"""Files that commands write: replaced as a whole, or written to where nothing can be replaced.

What is at a path may be a link, a device, a pipe, a file of somebody else's, or one that is
mounted by itself. It stays what it is: only its content is another one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import sys
import tempfile
from typing import IO, TYPE_CHECKING

from ztas_middleware.errors import ZtasError
from ztas_middleware.outages import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def write(path: str | None, pieces: Iterable[bytes]) -> None:
    """Write pieces to a file, as a whole or not at all if it is one that can be replaced.

    Args:
        path: where; None and `-` are standard output.
        pieces: what; nothing is touched before the first of them is there.

    Raises:
        ZtasError: it can't be written; the message says why.
    """
    if path is None or path == "-" or _is_standard_output(path):
        _write_to_standard_output(pieces)
        return
    try:
        found = _stat(path)
        if _is_replaceable(path, found):
            _replace(os.path.realpath(path), found, pieces)
        else:
            with open(path, "wb") as file:  # noqa: PTH123 - named as the user wrote it
                file.writelines(pieces)
    except OSError as error:
        raise ZtasError(f"{_shown(path)}: {error.strerror}") from None


def _is_replaceable(path: str, found: os.stat_result | None) -> bool:
    """Whether another file can stand there; a descriptor's path has a file that others write to."""
    is_file = found is None or stat.S_ISREG(found.st_mode)
    return is_file and not path.startswith(("/dev/", "/proc/"))


def _replace(target: str, found: os.stat_result | None, pieces: Iterable[bytes]) -> None:
    with _beside(target) as (file, name):
        file.writelines(pieces)
        file.flush()
        if name is None or not _replaces(file, name, target, found):
            _copy(file, target)


@contextlib.contextmanager
def _beside(target: str) -> Iterator[tuple[IO[bytes], str | None]]:
    """A file in the target's folder, and its name; one without a name where there may be none."""
    folder, name = os.path.split(target)
    try:
        handle, beside = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
    except PermissionError:
        with tempfile.TemporaryFile() as file:
            yield file, None
        return
    try:
        with open(handle, "w+b") as file:  # noqa: PTH123 - a descriptor
            yield file, beside
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(beside)  # noqa: PTH108 - a name


def _replaces(file: IO[bytes], name: str, target: str, found: os.stat_result | None) -> bool:
    """Put a file in the target's place, with its mode and owner; False where that can't be."""
    if found is None:
        os.fchmod(file.fileno(), 0o666 & ~_umask())  # mkstemp's is for its owner alone
    elif found.st_nlink > 1:
        return False  # its other names would keep what was there
    else:
        try:
            os.fchown(file.fileno(), found.st_uid, found.st_gid)
        except PermissionError:
            return False
        os.fchmod(file.fileno(), stat.S_IMODE(found.st_mode))
    try:
        os.replace(name, target)  # noqa: PTH105 - a name
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        return False  # a file that is mounted by itself
    return True


def _copy(file: IO[bytes], target: str) -> None:
    file.seek(0)
    with open(target, "wb") as written:  # noqa: PTH123 - named as the user wrote it
        shutil.copyfileobj(file, written)


def _write_to_standard_output(pieces: Iterable[bytes]) -> None:
    out = sys.stdout.buffer
    try:
        for piece in pieces:
            out.write(piece)
        out.flush()
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise  # whoever read it has seen enough
        # What could not be written would be tried again at the end of the process.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise ZtasError(f"standard output: {error.strerror}") from None


def _is_standard_output(path: str) -> bool:
    """Whether a path is what standard output goes to already, such as `/dev/stdout`."""
    found = _stat(path)
    try:
        return found is not None and os.path.samestat(found, os.fstat(sys.stdout.fileno()))
    except (OSError, ValueError):
        return False  # it is no file at all


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)  # noqa: PTH116 - a name
    except FileNotFoundError:
        return None


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _shown(path: str) -> str:
    return one_line(path.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
