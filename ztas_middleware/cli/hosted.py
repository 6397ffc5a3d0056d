"""The commands inside another program's: `manage.py ztas ...` and `flask ztas ...`."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ztas_middleware.cli import main
from ztas_middleware.cli.options import fail
from ztas_middleware.config import Config
from ztas_middleware.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ztas_middleware.reception import Configurable

# Relative to the working directory in a mapping, to its folder in a file.
_PATHS = ("database", "history", "geo")
_EDITS = (["sites", "add"], ["sites", "remove"])


def run(arguments: Sequence[str], config: Configurable, name: str) -> None:
    """Run a command of ours under the configuration of the program it is called from.

    Args:
        arguments: what stands behind `name`.
        config: as the middleware takes it.
        name: what is typed in front of the arguments.
    """
    arguments = list(arguments)
    if isinstance(config, Mapping) and arguments[:2] in _EDITS:
        fail(ConfigError("the sites are in your settings, not in a file: edit them there"))
    with _as_file(config) as file:
        before = os.environ.get("ZTAS_CONFIG")
        os.environ["ZTAS_CONFIG"] = file
        try:
            main(arguments, prog_name=name)
        finally:
            if before is None:
                del os.environ["ZTAS_CONFIG"]
            else:
                os.environ["ZTAS_CONFIG"] = before


@contextlib.contextmanager
def _as_file(config: Configurable) -> Iterator[str]:
    if isinstance(config, Config):
        if config.source is None:
            fail(ConfigError("give the configuration as a path or as a mapping"))
        yield str(config.source)
    elif isinstance(config, Mapping):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
            json.dump(_absolute(config), file)  # JSON is YAML
            file.flush()
            yield file.name
    else:
        yield os.fspath(config)


def _absolute(config: Mapping[str, Any]) -> dict[str, Any]:
    paths = {name: str(Path.cwd() / config[name]) for name in _PATHS if config.get(name)}
    return {"database": str(Path.cwd() / "ztas.db"), **config, **paths}
