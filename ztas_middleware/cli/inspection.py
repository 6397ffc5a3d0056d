"""Looking at a database and at what is around it, without changing anything."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sqlite3
import stat
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.cli.options import read_only
from ztas_middleware.errors import ConfigError, StorageError, ZtasError
from ztas_middleware.history.engine import MISSING
from ztas_middleware.intake.text import scrub
from ztas_middleware.store.backlog import waiting_since
from ztas_middleware.store.membership import member_in
from ztas_middleware.store.places import INDEX, LOG, is_mounted, real_name
from ztas_middleware.store.sites import count_by_site, remedy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ztas_middleware.config import Config

    Progress = Callable[[int, int], object]

OVERDUE = 3_600_000
"""Milliseconds after which a salt that was due should be gone: somebody looks every ten minutes,
but on a quiet site nobody comes by for long."""

UNSHIPPED = 3_600_000
"""Milliseconds that a hit may wait to be shipped before it is worth somebody's attention."""

LONG_LOG = 128 * 1024 * 1024
"""Bytes of write-ahead log: twice the 64 MB at which writers are made to catch up."""

LITTLE_SPACE = 100 * 1024 * 1024
"""Bytes: some 500,000 hits, and room for what SQLite does beside the file."""

SHOWN = 3
"""Differences that a line names; the rest is a number."""


class Finding(NamedTuple):
    """One thing that was looked at."""

    check: str
    """`config`, `geo`, `database`, `sites`, `cluster`, `history`, `salts`, `proxies`, `log`,
    `disk` or `permissions`."""
    what: str
    """The file or site."""
    problem: str
    """What is off with it; empty if it is fine."""
    detail: str
    """What there is to say of it if it is fine."""

    def to_json(self) -> dict[str, object]:
        """The finding as `--json` gives it."""
        return {
            "check": self.check,
            "subject": self.what,
            "ok": not self.problem,
            "message": self.problem or self.detail,
        }


def inspect(config: Config, now: int, progress: Progress) -> Iterator[Finding]:
    """Look at everything, in order of how bad it would be.

    Args:
        config: of which sites and which database.
        now: UTC milliseconds.
        progress: told how many days of a site's history are done, and how many there are.
    """
    path = config.database
    if config.geo is not None:
        yield _geo(config)
    if not path.exists():
        yield Finding("database", str(path), "", "not there yet; the first hit makes it")
        yield from _surroundings(path)
        return
    try:
        with closing(read_only(path)) as connection:
            by_site = _integrity(connection)
            salts = _overdue_salts(connection, now)
            outbox = _outbox(config, connection, now)
    except (sqlite3.Error, StorageError) as error:
        yield Finding("database", str(path), getattr(error, "problem", str(error)), "")
        yield from _surroundings(path)
        return
    yield Finding("database", str(path), "", f"ok, {_counted(sum(by_site.values()), 'hit')}")
    yield from _without_a_site(config, by_site)
    yield from outbox
    yield from _history(config, now, progress)
    problem = f"{_counted(salts, 'salt')} overdue; the next hit destroys them" if salts else ""
    yield Finding("salts", "salts", problem, "ok, none overdue")
    yield _proxies(config, now)
    yield _log(path)
    yield from _surroundings(path)


def _integrity(connection: sqlite3.Connection) -> dict[str, int]:
    """Check the file and its indexes; return the number of hits of each site."""
    (verdict,) = connection.execute("pragma integrity_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(str(verdict).splitlines()[-1])
    return count_by_site(connection)


def _without_a_site(config: Config, by_site: dict[str, int]) -> Iterator[Finding]:
    """Rows that no report shows, since their site left the config."""
    for site_id, hits in by_site.items():
        if site_id not in config.sites:
            detail = (
                f"{_counted(hits, 'hit')} of a site that is not in the config; {remedy(site_id)}"
            )
            yield Finding("sites", scrub(site_id), "", detail)


def _outbox(config: Config, connection: sqlite3.Connection, now: int) -> list[Finding]:
    """What is still to be shipped, where there is a cluster."""
    if config.cluster is None:
        return []
    where = ", ".join(map(str, config.cluster.hosts))
    member = member_in(connection)
    waiting = waiting_since(connection)
    if member is None or waiting is None:
        return [Finding("cluster", where, "not joined yet; see `ztas cluster join --help`", "")]
    number, first = waiting
    said = f"{_counted(number, 'hit')} to be shipped"
    if not member.name:
        problem = f"restored, and not joined again; {said}; see `ztas cluster join --help`"
        return [Finding("cluster", where, problem, "")]
    # Imported hits are old, and may have come just now.
    is_late = first is not None and now - max(first, member.confirmed_at) > UNSHIPPED
    problem = f"{said}, and none was for an hour; see `ztas ship`" if is_late else ""
    return [Finding("cluster", where, problem, f"ok, {said} as {member.name}")]


def _overdue_salts(connection: sqlite3.Connection, now: int) -> int:
    (overdue,) = connection.execute(
        "select count(*) from salts where expires <= :due", {"due": now - OVERDUE}
    ).fetchone()
    return int(overdue)


def _history(config: Config, now: int, progress: Progress) -> Iterator[Finding]:
    if importlib.util.find_spec("duckdb") is None:
        # Who only takes hits here needs none, and has nothing to mend.
        yield Finding("history", "history", "", f"not looked at: {MISSING}")
        return
    from ztas_middleware.history.asking import History  # loads DuckDB

    history = History(config)
    for site in config.sites.values():
        what = f"history of {site.id}"
        shown: list[str] = []
        number = 0
        try:
            for difference in history.check(site.id, now=now, progress=progress):
                number += 1
                if number <= SHOWN:
                    shown.append(difference)
            moved = history.moved(site.id)
        except ZtasError as error:
            yield Finding("history", what, str(error), "")
            continue
        problem = "; ".join(shown)
        if number > SHOWN:
            problem += f"; and {number - SHOWN} more"
        if problem:
            problem += f" (`ztas rollup {site.id} --again` files them anew)"
        detail = "ok, as the hits say"
        if moved:
            alone = _counted(len(moved), "day")
            detail += (
                f"; the hits of {alone}, {moved[0][0]} to {moved[-1][0]}, are in the history alone"
            )
        yield Finding("history", what, problem, detail)


def _geo(config: Config) -> Finding:
    from ztas_middleware.intake.places import Places  # few sites have it

    problem = ""
    try:
        Places(config)
    except ConfigError as error:
        problem = error.problem
    return Finding("geo", "geo", problem, f"ok, {config.geo}")


def _proxies(config: Config, now: int) -> Finding:
    from ztas_middleware.reports.proxies import stray_proxy  # loads the reports

    try:
        problem = str(stray_proxy(config, now) or "")
    except StorageError as error:
        problem = str(error)
    return Finding("proxies", "proxies", problem, "ok, none that is unknown")


def _log(path: Path) -> Finding:
    log = real_name(str(path)) + LOG
    try:
        size = os.stat(log).st_size  # noqa: PTH116 - a name, not a Path
    except FileNotFoundError:
        size = 0
    problem = ""
    if size > LONG_LOG:
        problem = f"{_megabytes(size)} long; does a program keep a transaction open?"
    elif is_mounted(str(path)):
        problem = (
            f"lies in the container and goes with it, since {path} is mounted as a single file; "
            "mount its folder instead"
        )
    return Finding("log", log, problem, f"ok, {_megabytes(size)}")


def _surroundings(path: Path) -> Iterator[Finding]:
    """The disk, and who may do what with the files."""
    folder = path.parent
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        yield Finding("disk", str(folder), error.strerror or str(error), "")
        return
    problem = f"only {_megabytes(free)} left" if free < LITTLE_SPACE else ""
    yield Finding("disk", str(folder), problem, f"ok, {_megabytes(free)} left")
    yield Finding("permissions", f"permissions of {path}", _permissions(path), "ok")


def _permissions(path: Path) -> str:
    filename = real_name(str(path))
    # SQLite makes its log beside the file: the folder must be writable too.
    folder = os.path.dirname(filename)  # noqa: PTH120 - a name
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"{folder} can't be written to"
    for name in (filename, filename + LOG, filename + INDEX):
        if not os.path.exists(name):  # noqa: PTH110 - a name, not a Path
            continue
        if not os.access(name, os.R_OK | os.W_OK):
            return f"{name} can't be read and written by {_user()}"
        if stat.S_IMODE(os.stat(name).st_mode) & stat.S_IWOTH:  # noqa: PTH116 - same
            return f"{name} can be written by every user of this machine (chmod o-w)"
    return ""


def _user() -> str:
    return f"user {os.geteuid()}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun if number == 1 else noun + 's'}"


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:,.1f} MB"
