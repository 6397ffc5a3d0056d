"""Where an address is, by an .mmdb file: country, region and city, looked up in memory.

The file is read as a whole rather than mapped: whoever writes a new one over it would otherwise
take pages away under a running server, which ends that with SIGBUS.
"""

from __future__ import annotations

import logging
import os
import re
import stat
import threading
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ztas_middleware.errors import ConfigError
from ztas_middleware.intake.countries import country_from_header
from ztas_middleware.intake.text import clean_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import maxminddb

    from ztas_middleware.config.model import Config

REMEMBERED = 4_096
"""Addresses whose places are kept at hand: a visitor has several hits."""

LOOK = 1.0
"""Seconds between two looks whether the file was replaced."""

_REGION = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")

logger = logging.getLogger("ztas_middleware")


class Place(NamedTuple):
    """What the columns `country`, `region` and `city` can be."""

    country: str | None = None
    region: str | None = None
    city: str | None = None


NOWHERE = Place()


class Places:
    """The file that `geo` names, read anew when it is replaced.

    Raises:
        ConfigError: the package is not installed, or the file can't be used.
    """

    def __init__(self, config: Config, clock: Callable[[], float] = time.monotonic) -> None:
        path = config.geo
        if path is None:
            raise ValueError("the configuration names no file")
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._next_look = clock() + LOOK
        source = str(config.source) if config.source else None
        try:
            import maxminddb  # few sites use it
        except ImportError:
            problem = "needs the package maxminddb: pip install 'ztas-middleware[geo]'"
            raise ConfigError(problem, source=source, key="geo") from None
        try:
            self._revision = _revision(path)
            self._find = _finder(path)
        except OSError as error:
            problem = f"{error.strerror or error}: {path}"
            raise ConfigError(problem, source=source, key="geo") from None
        except (maxminddb.InvalidDatabaseError, ValueError):
            problem = f"is no .mmdb file: {path}"
            raise ConfigError(problem, source=source, key="geo") from None

    def of(self, address: str) -> Place:
        """Where an address is, as far as the file knows; it is in no file and no log."""
        if self._clock() >= self._next_look and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._lock.release()
        return self._find(address)

    def _look(self) -> None:
        """Take a new file where there is one; one that can't be used leaves the old one."""
        self._next_look = self._clock() + LOOK
        try:
            revision = _revision(self._path)
            if revision != self._revision:
                # One that is being written is looked at again when it has changed again.
                self._revision = revision
                self._find = _finder(self._path)
                logger.info("%s has changed and is in use", self._path)
        except Exception as error:  # noqa: BLE001 - no request fails for it, whatever is in the file
            logger.warning("%s is not used as it is now: %s", self._path, error)


def _revision(path: Path) -> tuple[int, int, int]:
    status = os.stat(path)  # noqa: PTH116 - a fact about a name, once a second
    if not stat.S_ISREG(status.st_mode):
        raise OSError("is not a file")  # a FIFO would be waited for
    return status.st_mtime_ns, status.st_size, status.st_ino


def _finder(path: Path) -> Callable[[str], Place]:
    """A function that looks addresses up in the file as it is now."""
    reader = _read(path)

    @lru_cache(maxsize=REMEMBERED)
    def find(address: str) -> Place:
        try:
            record = reader.get(address)
        except Exception:  # noqa: BLE001 - no address, IPv6 in a file of IPv4, or a damaged file
            return NOWHERE
        return _place(record) if isinstance(record, dict) else NOWHERE

    return find


def _read(path: Path) -> maxminddb.Reader:
    import maxminddb

    with path.open("rb") as file:
        # The reader in C, which is ten times as fast, maps files; Linux has files in memory.
        if hasattr(os, "memfd_create") and os.path.isdir("/proc/self/fd"):  # noqa: PTH112 - as below
            copy = os.memfd_create("ztas-geo")
            try:
                while os.sendfile(copy, file.fileno(), None, 1 << 30):
                    pass
                return maxminddb.open_database(f"/proc/self/fd/{copy}")
            finally:
                os.close(copy)
        return maxminddb.open_database(file, maxminddb.MODE_FD)


def _place(record: dict[str, Any]) -> Place:
    """From a record as MaxMind and DB-IP write it to names that are fit to store."""
    country = country_from_header(_text(record, "country", "iso_code"))
    region = f"{country}-{_text(record, 'subdivisions', 'iso_code')}"
    return Place(
        country,
        region if _REGION.fullmatch(region) else None,
        clean_text(_text(record, "city", "names", "en")),
    )


def _text(value: Any, *keys: str) -> str:  # noqa: ANN401 - whatever the file holds
    for key in keys:
        if isinstance(value, list):  # subdivisions, the largest first
            value = value[0] if value else None
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""
