"""Noticing that the configuration file has changed, and taking the new one only if it is valid."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from ztas_middleware.config.load import load_config
from ztas_middleware.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from ztas_middleware.config.model import Config

logger = logging.getLogger("ztas_middleware")

Signature = tuple[int, int, int]


class ConfigWatch:
    """One process's eye on one file."""

    def __init__(self, source: Path) -> None:
        self._source = source
        self._seen = _signature(source)

    def changed(self) -> Config | None:
        """The new configuration, once, if there is one that can be used.

        A file that can't be used is logged once for each edit, and changes nothing.
        """
        signature = _signature(self._source)
        # Editors and deployments replace a file in two steps; a moment without it is no change.
        if signature is None or signature == self._seen:
            return None
        self._seen = signature
        try:
            config = load_config(self._source)
        except ConfigError as error:
            logger.error("the changed configuration is not used: %s", error)  # noqa: TRY400 - the place is in the message
            return None
        logger.info("%s has changed and is in use", self._source)
        return config


def _signature(source: Path) -> Signature | None:
    try:
        found = os.stat(source)  # noqa: PTH116 - once a second, in a request's time
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
