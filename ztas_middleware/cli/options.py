"""What the commands have in common: the config, the database, a site, and how an error is said."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import sys
import time
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NoReturn

import click

from ztas_middleware.config import load_config
from ztas_middleware.errors import StorageError, ZtasError
from ztas_middleware.store.connection import connect_to_read, open_connection
from ztas_middleware.store.database import Database
from ztas_middleware.store.recognition import has_hits, strangeness
from ztas_middleware.store.salts import retire
from ztas_middleware.store.schema import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import sqlite_utils

    from ztas_middleware.config import Config, Site


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


def site_argument(**settings: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:  # noqa: ANN401 - click's own
    """Add the argument SITE, which a shell can complete."""
    return click.argument("site", shell_complete=complete_site, **settings)


def complete_site(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The site ids that begin like what was typed; none while the config can't be read."""
    try:
        sites = load_config(context.params.get("config") or "conf/ztas.yaml").sites
    except ZtasError:
        return []
    return [site_id for site_id in sites if site_id.startswith(incomplete)]


def load(path: str) -> Config:
    """The configuration at `path`, or one clear line and exit 1."""
    try:
        return load_config(path)
    except ZtasError as error:
        fail(error)


def site_of(config: Config, site_id: str) -> Site:
    """The site with this id, or one clear line and exit 1."""
    found = config.sites.get(site_id)
    if found is None:
        near = get_close_matches(site_id, config.sites, n=1)
        hint = f'did you mean "{near[0]}"?' if near else "`ztas sites list` shows them"
        fail(ZtasError(f'there is no site "{site_id}" in the config ({hint})'))
    return found


def confirm(question: str) -> None:
    """Go on if that is wanted; otherwise, or where nobody answers, one clear line and exit 1."""
    try:
        if click.confirm(question):
            return
    except click.Abort:
        click.echo()  # the cursor is still behind the question
    fail(ZtasError("nothing was changed; with --yes it is not asked"))


def sites_of(config: Config, site_id: str | None) -> list[Site]:
    """The site with this id, or all sites; see `site_of`."""
    return list(config.sites.values()) if site_id is None else [site_of(config, site_id)]


def site_or_only(config: Config, site_id: str | None) -> Site:
    """The site with this id; without one, the only site there is."""
    if site_id is not None:
        return site_of(config, site_id)
    if len(config.sites) > 1:
        raise click.UsageError(f"say which SITE: {', '.join(config.sites)}")
    return next(iter(config.sites.values()))


@contextlib.contextmanager
def writing(config: Config) -> Iterator[Database]:
    """The database, made where it is not there yet; salts that are due go first.

    Raises:
        StorageError: only by what is done with it.
    """
    database = Database(config.database, config.durability)
    try:
        if config.database.exists():
            forget_salts(database)
        yield database
    finally:
        database.close()


@contextlib.contextmanager
def existing(config: Config) -> Iterator[Database]:
    """The database for those who read; salts that are due go first.

    Raises:
        StorageError: there is no database yet, or it is no database of ours.
    """
    try:
        if config.database.exists():
            read_only(config.database).close()
        elif config.cluster is None:
            raise StorageError(str(config.database), "not there yet; the first hit makes it")
        with writing(config) as database:
            yield database
    except sqlite3.Error as error:
        raise StorageError(str(config.database), str(error)) from None


def leave_if_not_there(config: Config, document: object | None) -> None:
    """End in peace before the first hit: a timer may come before it.

    `document` is what to print as JSON then; None for a sentence.
    """
    if not config.database.exists() and config.cluster is None:
        sentence = f"{config.database}: not there yet; the first hit makes it"
        click.echo(sentence if document is None else json.dumps(document))
        raise SystemExit(0)


def read_only(path: Path) -> sqlite3.Connection:
    """A read-only connection to a database of ours.

    Raises:
        sqlite3.Error: it can't be opened.
        StorageError: it is another program's, or a newer version's.
    """
    connection = connect_to_read(path)
    try:
        (version,) = connection.execute("pragma user_version").fetchone()
        if not version and has_hits(connection):
            # It came out of `sqlite3 old.db .dump`, without its number.
            connection.close()
            open_connection(str(path), synchronous="normal").connection.close()
            connection = connect_to_read(path)
            version = VERSION
    except sqlite3.Error:
        connection.close()
        raise
    if 0 < version <= VERSION:
        return connection
    connection.close()
    problem = strangeness(path)
    if version:
        problem = f"made by a newer ztas (schema {version}, this one knows {VERSION})"
    raise StorageError(str(path), problem)


def as_tables(connection: sqlite3.Connection) -> sqlite_utils.Database:
    """The same database as sqlite-utils shows it: rows as mappings, tables by their names."""
    # Imported here: a fifth of a second that only some commands need.
    import sqlite_utils

    return sqlite_utils.Database(connection, recursive_triggers=False, execute_plugins=False)


def forget_salts(database: Database) -> None:
    """Destroy the salts that are due, as every command does; waits for nobody for long."""
    with contextlib.suppress(StorageError):
        retire(database, time.time_ns() // 1_000_000, patience=0.5)


@contextlib.contextmanager
def progress(length: int, label: str) -> Iterator[Callable[[int], object]]:
    """A bar on standard error where that is a terminal; gives what is told of each step's size."""
    if length and sys.stderr.isatty():
        with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
            yield bar.update
    else:
        yield lambda _: None


def clear_line() -> None:
    """Wipe a progress bar away before something else is said; its next step draws it again."""
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)


def fail(error: Exception) -> NoReturn:
    """Say what is wrong in one line on standard error, and exit 1."""
    click.echo(f"ztas: {error}", err=True)
    raise SystemExit(1)
