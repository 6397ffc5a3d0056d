"""What the commands have in common: where the config is, and how an error is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import click

from ztas_middleware.config import load_config
from ztas_middleware.errors import ZtasError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ztas_middleware.config import Config


def config_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--config`, also read from ZTAS_CONFIG."""
    return click.option(
        "--config",
        envvar="ZTAS_CONFIG",
        default="conf/ztas.yaml",
        show_default=True,
        show_envvar=True,
        type=click.Path(dir_okay=False),
        help="The YAML configuration.",
    )(command)


def load(path: str) -> Config:
    """The configuration at `path`, or one clear line and exit 1."""
    try:
        return load_config(path)
    except ZtasError as error:
        fail(error)


def fail(error: Exception) -> NoReturn:
    """Say what is wrong in one line on standard error, and exit 1."""
    click.echo(f"ztas: {error}", err=True)
    raise SystemExit(1)
