"""Whether a proxy that nobody trusts makes all visitors one, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.config.proxies import STRAY, as_setting, line_with_private
from ztas_middleware.store import notices

if TYPE_CHECKING:
    from ztas_middleware.config.model import Config


class StrayProxy(NamedTuple):
    """A proxy with a private address, whose X-Forwarded-For is not believed."""

    problem: str
    """A sentence without its stop."""
    line: str
    """The line of the configuration that mends it."""

    def __str__(self) -> str:
        return f"{self.problem}; the line `{self.line}` in the config mends it"


def stray_proxy(config: Config, now: int) -> StrayProxy | None:
    """The proxy that was noticed under this very setting of `trusted_proxies`, if any.

    Args:
        config: the configuration, whose database is there.
        now: UTC milliseconds.

    Raises:
        StorageError: the database can't be read.
    """
    found = notices.find(config.database, notices.STRAY_PROXY, now)
    if found is None or found.detail != as_setting(config.trusted_proxies):
        return None
    return StrayProxy(STRAY, line_with_private(config.trusted_proxies))
