"""DuckDB, as far as one process needs it: one database in memory, imported when first asked.

A connection never goes over `fork()`: whoever asks in the child gets a new one. The old one is
left alone, since its threads are not there any more.
"""

from __future__ import annotations

import contextlib
import os
import platform
import secrets
import shutil
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from ztas_middleware.errors import ZtasError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MISSING = "DuckDB is not installed: pip install 'ztas-middleware[reports]'"


class Engine:
    """One DuckDB in memory; safe for threads, and to make before `fork()`.

    Args:
        memory: as DuckDB writes it, `256MB`.
        threads: how many work at a time.
    """

    def __init__(self, memory: str = "256MB", threads: int = 2) -> None:
        self._memory = memory
        self.threads = threads
        self._lock = threading.Lock()
        self._pid = -1
        self._abandoned: list[DuckDBPyConnection] = []
        self._connection: DuckDBPyConnection | None = None

    def cursor(self) -> DuckDBPyConnection:
        """A connection of the caller's own; to be closed.

        Raises:
            ZtasError: DuckDB is not installed.
        """
        with self._lock:
            if self._connection is None or self._pid != os.getpid():
                if self._connection is not None:
                    self._abandoned.append(self._connection)
                self._connection = self._open()
                self._pid = os.getpid()
            return self._connection.cursor()

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
                "memory_limit": self._memory,
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
