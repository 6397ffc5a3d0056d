"""The command `ztas`: thin over the other rooms, one module a group of commands."""

from __future__ import annotations

import click

from ztas_middleware.cli.check import check
from ztas_middleware.cli.demo import demo
from ztas_middleware.version import __version__


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, package_name="ztas-middleware")
def main() -> None:
    """Private, honest web analytics inside your Python web app."""


main.add_command(check)
main.add_command(demo)
