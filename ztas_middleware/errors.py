"""What can go wrong, as exceptions: one root, and a subclass only where a caller would branch."""

from __future__ import annotations


class ZtasError(Exception):
    """The root of every exception this package raises on purpose."""


class ConfigError(ZtasError):
    """A configuration that cannot be used.

    Attributes:
        source: the file's name as the caller gave it, or None for a mapping.
        line: 1-based line in the file, or None where there is no file.
        column: 1-based column in the file, or None where there is no file.
        key: the dotted key, `sites.blog.domain`, or "" for the whole document.
        problem: what is wrong, and where there is one, the way out.
    """

    def __init__(
        self,
        problem: str,
        *,
        source: str | None = None,
        line: int | None = None,
        column: int | None = None,
        key: str = "",
    ) -> None:
        self.source = source
        self.line = line
        self.column = column
        self.key = key
        self.problem = problem
        place = ":".join(str(part) for part in (source, line, column) if part is not None)
        super().__init__(": ".join(part for part in (place, key, problem) if part))

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only fields do not survive the default pickling; servers send
        # exceptions from a worker to their master that way.
        return (_config_error, (self.problem, self.source, self.line, self.column, self.key))


def _config_error(
    problem: str, source: str | None, line: int | None, column: int | None, key: str
) -> ConfigError:
    return ConfigError(problem, source=source, line=line, column=column, key=key)


class StorageError(ZtasError):
    """The database could not take or give what was asked; nothing was half-written.

    Attributes:
        path: the database file.
        problem: SQLite's or the system's own words.
        is_busy: whether somebody else was at it, so that a later try may succeed.
    """

    def __init__(self, path: str, problem: str, *, is_busy: bool = False) -> None:
        self.path = path
        self.problem = problem
        self.is_busy = is_busy
        super().__init__(f"{path}: {problem}")

    def __reduce__(self) -> tuple[object, ...]:
        return (_storage_error, (self.path, self.problem, self.is_busy))


def _storage_error(path: str, problem: str, is_busy: bool) -> StorageError:
    return StorageError(path, problem, is_busy=is_busy)


class HistoryBusyError(StorageError):
    """Finished days are being filed, which takes longer than a question may; ask again later.

    Attributes:
        done: how many months are done.
        total: how many there are; 0 where somebody else is at it.
    """

    def __init__(self, path: str, done: int, total: int) -> None:
        self.done = done
        self.total = total
        what = f"{done} of {total} months are done" if total else "by another process"
        what += "; `ztas rollup` files all, however long it takes"
        super().__init__(path, f"finished days are being filed: {what}", is_busy=True)

    def __reduce__(self) -> tuple[object, ...]:
        return (HistoryBusyError, (self.path, self.done, self.total))


class CopyingError(HistoryBusyError):
    """The cluster's hits are being copied, which takes longer than a question may; ask again later.

    Attributes:
        done: how many hits are copied.
        total: how many there are to copy.
    """

    def __init__(self, path: str, done: int, total: int) -> None:
        self.done = done
        self.total = total
        problem = (
            f"the cluster's hits are being copied: {100 * done // total} % of {total:,} are; "
            "`ztas rollup` copies all, however long it takes"
        )
        StorageError.__init__(self, path, problem, is_busy=True)

    def __reduce__(self) -> tuple[object, ...]:
        return (CopyingError, (self.path, self.done, self.total))


class ClusterError(StorageError):
    """The cluster could not take or give what was asked, or is not what we expect.

    Attributes:
        path: which cluster: its servers, as the configuration has them.
        problem: what is wrong, and where there is one, the way out.
        is_busy: whether a later try may succeed without anybody's doing.
    """

    def __reduce__(self) -> tuple[object, ...]:
        return (_cluster_error, (self.path, self.problem, self.is_busy))


def _cluster_error(path: str, problem: str, is_busy: bool) -> ClusterError:
    return ClusterError(path, problem, is_busy=is_busy)
