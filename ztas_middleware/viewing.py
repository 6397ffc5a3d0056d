"""`views`: how often a page was viewed, for a template, without a question to the database each.

All page views are counted once, and then those that came since, once a minute at most. DuckDB is
not asked, so that a worker that only shows such numbers does not load it: what is counted are the
hits that are in the database.
"""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

from ztas_middleware.current import current, reception_for
from ztas_middleware.forking import lock_over_fork
from ztas_middleware.intake.paths import clean_path
from ztas_middleware.outages import OutageLog
from ztas_middleware.store.reading import reading

if TYPE_CHECKING:
    from pathlib import Path

FRESH = 30.0
"""Seconds after which an event loop has the counts brought up to date."""

STALE = 55.0
"""Seconds after which whoever asks waits for it."""

LOOP_PATIENCE = 0.02
"""Seconds that an event loop waits for counts that are stale: the first time, and after a lull."""

PATIENCE = 1.0
"""Seconds that others wait where there is much to count."""

LITTLE = 5_000
"""Hits that an event loop counts by itself: five milliseconds, once a minute at most."""

MUCH = 50_000
"""Hits that take some 50 ms to count; more are counted in a thread of their own."""

COUNT = """
select site_id, path, count(*)
from hits
where id > :last and type = 'pageview'
group by site_id, path
"""

_outages = OutageLog()


def views(path: str, site: str | None = None) -> int:
    """The page views of a page, a minute old at most; 0 where they can't be read.

    Args:
        path: the page's path, as a browser shows it.
        site: the site's id; that of the request, or the only one, if left out.
    """
    try:
        request = current()
        reception = request[0] if request else reception_for(site)
        if reception is None:
            raise LookupError("no app with that site is wrapped in this process")  # noqa: TRY301 - logged as all else
        site_id = reception.site_of(request[1] if request else {}, site).id
        counts = _all.setdefault(reception.config.database, _Counts(reception.config.database))
        page = clean_path(path, frozenset(reception.config.keep_query))
        return counts.of(site_id, page)
    except Exception as error:  # noqa: BLE001 - never the app's problem
        _outages.report("page views are not known to views()", error)
        return 0


class _Counts:
    """Page views of a database by site and path."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._lock = lock_over_fork()
        self._last = 0
        self._counts: dict[tuple[str, str], int] = {}
        self._as_of = float("-inf")
        self._thread: threading.Thread | None = None
        self._begun = 0.0

    def of(self, site_id: str, path: str) -> int:
        age = time.monotonic() - self._as_of
        if age > STALE:
            is_loop = _is_in_loop()
            most, patience = (LITTLE, LOOP_PATIENCE) if is_loop else (MUCH, PATIENCE)
            if not self.refresh(most, 0 if is_loop else PATIENCE):
                self._start(patience)
        elif age > FRESH and _is_in_loop():
            self._start(0)
        return self._counts.get((site_id, path), 0)

    def _start(self, patience: float) -> None:
        """Count in another thread, unless one is at it; wait for a moment."""
        begun = time.monotonic()
        if self._thread is not None and self._thread.is_alive():
            if begun - self._begun < STALE:
                return
            self.refresh()  # a server without threads, where none ever runs
            return
        self._begun = begun
        self._thread = threading.Thread(target=self._refresh_quietly, daemon=True)
        self._thread.start()
        self._thread.join(patience)

    def refresh(self, most: int | None = None, patience: float = PATIENCE) -> bool:
        """Count what came since the last time; False if that is more than `most` hits.

        Where nothing is known yet, another thread that is at it is waited for, `patience` seconds.

        Raises:
            StorageError: the database can't be read.
        """
        # Another thread is at it: what is known will do, if anything is.
        is_first = self._as_of < 0
        if not self._lock.acquire(timeout=patience if is_first else 0):
            return True
        try:
            now = time.monotonic()
            if now - self._as_of <= FRESH:
                return True  # another thread has been here
            if not self._database.exists():
                self._as_of = now
                return True
            with reading(self._database) as connection:
                (last,) = connection.execute("select ifnull(max(id), 0) from hits").fetchone()
                # Fewer than there were: another file, or hits were taken out.
                start = self._last if last >= self._last else 0
                if most is not None and last - start > most:
                    return False
                counts = dict(self._counts) if start else {}
                for site_id, path, number in connection.execute(COUNT, {"last": start}):
                    counts[site_id, path] = counts.get((site_id, path), 0) + number
            self._counts, self._last, self._as_of = counts, last, now
        finally:
            self._lock.release()
        return True

    def _refresh_quietly(self) -> None:
        try:
            self.refresh()
        except Exception as error:  # noqa: BLE001 - nobody waits for it
            _outages.report("page views are not known to views()", error)


_all: dict[Path, _Counts] = {}


def _is_in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
