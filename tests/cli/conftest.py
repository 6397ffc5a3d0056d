"""The command `ztas` as its user sees it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from click.testing import CliRunner
from rows import PAGEVIEW

from ztas_middleware.cli import main
from ztas_middleware.config import load_config
from ztas_middleware.store.database import Database

CONFIG = """\
sites:
  site_abc123:
    domain: example.com
  blog:
    domain: [blog.example.com, "*.example.net"]
    timezone: Europe/Berlin
"""


def hit(time=1_760_000_000_000, site_id="site_abc123", **fields):
    return PAGEVIEW._replace(time=time, site_id=site_id, **fields)


class Shop:
    """A working directory with a config, and maybe a database."""

    hit = staticmethod(hit)

    def __init__(self, folder):
        self.folder = folder
        self.config = folder / "conf" / "ztas.yaml"
        self.database = folder / "conf" / "ztas.db"
        self.config.parent.mkdir()
        self.config.write_text(CONFIG)

    def run(self, *arguments, input=None):  # noqa: A002 - click's own name
        """Run `ztas` with these arguments."""
        return CliRunner().invoke(main, [str(part) for part in arguments], input=input)

    def ok(self, *arguments, input=None):  # noqa: A002 - click's own name
        """Run `ztas`, which must succeed, and return its standard output."""
        result = self.run(*arguments, input=input)
        assert (result.exit_code, result.exception) == (0, None), result.output
        return result.stdout

    def error(self, *arguments, input=None, exit_code=1):  # noqa: A002 - click's own name
        """Run `ztas`, which must fail in one clear line, and return that line."""
        result = self.run(*arguments, input=input)
        assert result.exit_code == exit_code, result.output
        assert isinstance(result.exception, SystemExit), result.exception
        *_, line = result.stderr.splitlines()
        assert "Traceback" not in result.output
        return line.removeprefix("ztas: ")

    def fill(self, *hits):
        database = Database(load_config(self.config).database)
        database.append(hits or [hit()])
        database.close()

    def rows(self, sql):
        """What the database says."""
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZTAS_CONFIG", raising=False)
    return Shop(tmp_path)
