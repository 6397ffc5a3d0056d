"""Noticing that the configuration file has changed, and taking the new one only if it is valid."""

from __future__ import annotations

import logging
import os
import stat
from typing import TYPE_CHECKING

from ztas_middleware.config.load import load_config, revision_of
from ztas_middleware.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from ztas_middleware.config.model import Config, Revision

logger = logging.getLogger("ztas_middleware")


class ConfigWatch:
    """One process's eye on one file: `source`, of which `seen` is in use."""

    def __init__(self, source: Path, seen: Revision | None) -> None:
        self._source = source
        self._seen = seen

    def changed(self) -> Config | None:
        """The new configuration, once, if there is one that can be used.

        A file that can't be used is logged once for each edit, and changes nothing.
        """
        try:
            status = os.stat(self._source)  # noqa: PTH116 - in a request's time
        except OSError:
            # Editors and deployments replace a file in two steps; a moment without it is no change.
            return None
        revision = revision_of(status)
        if revision == self._seen:
            return None
        self._seen = revision
        if not stat.S_ISREG(status.st_mode):
            # Opening a pipe would wait for somebody who writes to it.
            logger.error("the changed configuration is not used: %s is no file", self._source)
            return None
        try:
            return load_config(self._source)
        except ConfigError as error:
            logger.error("the changed configuration is not used: %s", error)  # noqa: TRY400 - the place is in the message
            return None
