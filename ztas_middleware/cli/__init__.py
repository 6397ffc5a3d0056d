"""The command `ztas`: thin over the other rooms, one module a group of commands."""

from __future__ import annotations

import errno
import sqlite3

import click

from ztas_middleware.cli.check import check
from ztas_middleware.cli.cluster import cluster
from ztas_middleware.cli.demo import demo
from ztas_middleware.cli.doctor import doctor
from ztas_middleware.cli.exports import export
from ztas_middleware.cli.imports import import_
from ztas_middleware.cli.mcp import mcp
from ztas_middleware.cli.notifying import alerts, report
from ztas_middleware.cli.options import fail
from ztas_middleware.cli.rollup import rollup
from ztas_middleware.cli.secrets import password, token
from ztas_middleware.cli.serve import serve
from ztas_middleware.cli.ship import ship
from ztas_middleware.cli.sites import init, sites
from ztas_middleware.cli.stats import stats
from ztas_middleware.cli.tail import tail
from ztas_middleware.cli.upkeep import backup, prune, restore
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


def complete_command(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """The commands that begin like what was typed."""
    return [name for name in main.commands if name.startswith(incomplete)]


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, package_name="ztas-middleware")
def main() -> None:
    """Private, honest web analytics inside your Python web app."""


@main.command("help", epilog="\b\nExample:\n  ztas help import")
@click.argument("name", metavar="[COMMAND]", required=False, shell_complete=complete_command)
@click.pass_context
def help_(context: click.Context, name: str | None) -> None:
    """Show what a command does, or all of them."""
    root = context.find_root()
    if name is None:
        click.echo(main.get_help(root))
        return
    # Says what it is like where there is none of that name, and never returns then.
    _, command, _ = main.resolve_command(root, [name])
    if command is not None:
        with click.Context(command, info_name=name, parent=root) as inner:
            click.echo(command.get_help(inner))


# Each in the 66 characters that `ztas --help` has for it in a terminal of 80.
SUMMARIES = {
    alerts: "Look at the sites' alerts, and tell who wants to know.",
    backup: "Copy the database to FILE while it is in use, and check the copy.",
    check: "Say what is wrong with the config, the database and the reports.",
    cluster: "Set up the cluster in which several machines' hits come together.",
    demo: "Run a small example site with the middleware and its dashboard.",
    doctor: "Say why a count is what it is: what is stored, dropped, and why.",
    export: "Write the hits of SITE as CSV or NDJSON.",
    import_: "Add the rows of files, logs or other tools' exports to a site.",
    init: "Write a configuration with every key, its default and a comment.",
    mcp: "Let an assistant ask for the numbers (Model Context Protocol).",
    password: "Ask for the dashboard's password and print its hash.",
    prune: "Delete the hits that are older than their site's retention_days.",
    restore: "Put a backup in the place of the database.",
    report: "Send the numbers of SITE by mail or webhook.",
    rollup: "Make the finished days ready for quick reports.",
    serve: "Serve the middleware alone, or in front of another program.",
    ship: "Ship this machine's hits to the cluster.",
    sites: "Register sites in the configuration, list and remove them.",
    stats: "Show the report on SITE in the terminal.",
    tail: "Show hits as they are stored.",
    token: "Make a token for the JSON API and print it with its hash.",
}
for command, summary in SUMMARIES.items():
    command.short_help = summary
    main.add_command(command)
