"""DuckDB, as far as one process needs it: one database in memory, imported when first asked.

A connection never goes over `fork()`: whoever asks in the child gets a new one. The old one is
left alone there, since its threads are not there.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import secrets
import shutil
import sys
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from ztas_middleware.errors import ZtasError
from ztas_middleware.forking import lock_over_fork

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COUNTED = 0.8
"""The share of its memory that DuckDB knows of; what it reads and writes files with is the rest."""

MISSING = "DuckDB is not installed: pip install 'ztas-middleware[reports]'"


class Engine:
    """One DuckDB in memory; safe for threads, and to make before `fork()`.

    Args:
        memory: as DuckDB writes it, `256MB`.
        threads: how many work at a time.
    """

    def __init__(self, memory: str = "256MB", threads: int = 2) -> None:
        self.memory = memory
        self.threads = threads
        self._lock = lock_over_fork()
        self._pid = -1
        self._connection: DuckDBPyConnection | None = None
        _engines.add(self)

    def apart(self) -> Engine:
        """One of as many others as this has threads, each with one of them and its memory."""
        return Engine(_share_of(self.memory, 1 / self.threads), 1)

    def cursor(self) -> DuckDBPyConnection:
        """A connection of the caller's own; to be closed.

        Raises:
            ZtasError: DuckDB is not installed.
        """
        with self._lock:
            self.leave_behind()
            if self._connection is None:
                self._connection = self._open()
                self._pid = os.getpid()
            return self._connection.cursor()

    def leave_behind(self) -> None:
        """Forget, in a child, the connection of its parent."""
        if self._connection is not None and self._pid != os.getpid():
            # Closing it would wait for threads that are not there, when Python ends at the latest.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._connection))
            self._connection = None

    def _open(self) -> DuckDBPyConnection:
        try:
            import duckdb  # 25 ms and 20 MB, for those who ask alone
        except ImportError:
            raise ZtasError(MISSING) from None
        _clear_spilled()
        spill = _spill_of(os.getpid(), secrets.token_hex(4))
        connection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": _share_of(self.memory, COUNTED),
                "threads": self.threads,
                "temp_directory": str(spill),
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )
        # What is read comes from the disk's cache anyway; DuckDB's own counts against its memory.
        with contextlib.suppress(duckdb.Error):
            connection.execute("set enable_external_file_cache = false")
        return connection


def _share_of(memory: str, share: float) -> str:
    number, unit = memory[:-2], memory[-2:]
    return f"{float(number) * share}{unit}"


def _spill_of(pid: int | str, name: str) -> Path:
    """Where a process spills; containers that share a folder have each their own processes."""
    return Path(tempfile.gettempdir()) / f"ztas-{platform.node()}-{pid}-{name}.duckdb"


def _clear_spilled() -> None:
    """Remove what processes left that were killed."""
    if sys.platform == "win32":  # where os.kill() does what it says
        return
    pattern = _spill_of("*", "*")
    for folder in pattern.parent.glob(pattern.name):
        pid = folder.stem.split("-")[-2]
        if pid.isdecimal():
            try:
                os.kill(int(pid), 0)
            except ProcessLookupError:
                shutil.rmtree(folder, ignore_errors=True)
            except (OSError, OverflowError):  # another user's, or no process's number at all
                continue


_engines: weakref.WeakSet[Engine] = weakref.WeakSet()


def _leave_behind() -> None:
    for engine in list(_engines):
        engine.leave_behind()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_behind)
