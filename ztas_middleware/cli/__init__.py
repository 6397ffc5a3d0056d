"""The command `ztas`: thin over the other rooms, one module a group of commands."""

from __future__ import annotations

import errno
import sqlite3

import click

from ztas_middleware.cli.check import check
from ztas_middleware.cli.demo import demo
from ztas_middleware.cli.doctor import doctor
from ztas_middleware.cli.exports import export
from ztas_middleware.cli.imports import import_
from ztas_middleware.cli.options import fail
from ztas_middleware.cli.rollup import rollup
from ztas_middleware.cli.secrets import password, token
from ztas_middleware.cli.serve import serve
from ztas_middleware.cli.sites import init, sites
from ztas_middleware.cli.stats import stats
from ztas_middleware.cli.tail import tail
from ztas_middleware.cli.upkeep import backup, prune
from ztas_middleware.errors import ZtasError
from ztas_middleware.version import __version__


class Commands(click.Group):
    """A group whose commands end in one clear line where a user or the machine is at fault."""

    def invoke(self, context: click.Context) -> object:
        """Run the command that was asked for."""
        try:
            return super().invoke(context)
        except (ZtasError, sqlite3.Error) as error:
            fail(error)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # whoever read our output has seen enough; click knows what to do
            fail(error)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, package_name="ztas-middleware")
def main() -> None:
    """Private, honest web analytics inside your Python web app."""


# fmt: off
for command in (
    backup, check, demo, doctor, export, import_, init, password,
    prune, rollup, serve, sites, stats, tail, token,
):
    # fmt: on
    main.add_command(command)
