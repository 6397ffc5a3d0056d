"""Machines of a cluster: a folder with a configuration and a database, driven by the command."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from contextlib import closing

import yaml
from click.testing import CliRunner
from rows import PAGEVIEW

from ztas_middleware.cli import main
from ztas_middleware.config import load_config
from ztas_middleware.store.database import Database

JUNE = 1_780_300_800_000
"""2026-06-01 08:00 UTC."""


def hit(number=0, **fields):
    """A page view that is told from others by its path."""
    time_ = fields.pop("time", JUNE + number * 1000)
    known = {"time": time_, "site_id": "site_abc123", "path": f"/{number}"}
    return PAGEVIEW._replace(**{**known, **fields})


class Machine:
    """One machine of a cluster."""

    def __init__(self, folder, section, **settings):
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.config = folder / "ztas.yaml"
        self.database = folder / "ztas.db"
        sites = {"site_abc123": {"domain": "example.com"}}
        self.config.write_text(yaml.safe_dump({"sites": sites, "cluster": section, **settings}))

    def add(self, *hits):
        """Commit hits as an app does."""
        database = Database(self.database)
        for start in range(0, len(hits), 1000):
            database.append(hits[start : start + 1000])
        database.close()

    def run(self, *arguments, text=None):
        """Run `ztas` in this process."""
        command = [*map(str, arguments), "--config", str(self.config)]
        return CliRunner().invoke(main, command, input=text)

    def ok(self, *arguments, text=None):
        result = self.run(*arguments, text=text)
        assert (result.exit_code, result.exception) == (0, None), result.output
        return result.stdout

    def refused(self, *arguments, text=None):
        """Run what must fail, in one line; the line."""
        result = self.run(*arguments, text=text)
        assert result.exit_code == 1, result.output
        (line,) = result.stderr.splitlines()
        return line.removeprefix("ztas: ")

    def init(self):
        """Make it the first member; the token for others."""
        return self.ok("cluster", "init").split()[-1]

    def members(self):
        """What `status` says, by name."""
        said = json.loads(self.ok("cluster", "status", "--json"))
        return {member["name"]: member for member in said["members"]}

    def query(self, sql, *values):
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(sql, values).fetchall()

    def execute(self, sql, *values):
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute(sql, values)

    @property
    def name(self):
        return self.query("select name from cluster_member")[0][0]

    def copy_to(self, folder, section):
        """A copy of the file, made while nobody has it open, under a configuration of its own."""
        other = Machine(folder, section)
        shutil.copyfile(self.database, other.database)
        return other

    def command(self, *arguments):
        """The same, as a process of its own."""
        return [sys.executable, "-m", "ztas_middleware", *arguments, "--config", self.config]

    def settings(self):
        return load_config(self.config)


def counted(clickhouse, database):
    """The paths of all hits that count, each as often as it does: of confirmed batches alone."""
    node = next(node for node in clickhouse.nodes if node.process.is_running)
    for name in ("batches", "members"):
        node.ask(f"system sync replica {database}.{name}")
    members = {
        name: (state, int(fence))
        for name, state, fence in _rows(
            node,
            f"select name, argMax(state, serial), argMax(fence, serial) from {database}.members"
            " group by name",
        )
    }
    found = []
    batches = f"select distinct member, seq, first_id, last_id, rows from {database}.batches final"
    for member, seq, first, last, rows in _rows(node, batches):
        state, fence = members[member]
        if state == "retired" and int(seq) > fence:
            continue
        there = _rows(
            node,
            f"select id, any(path) from {database}.hits where member = '{member}'"
            f" and id between {first} and {last} group by id",
        )
        assert len(there) == int(rows), (member, seq, first, last, rows, len(there))
        found += [path for _, path in there]
    return sorted(found)


def _rows(node, sql):
    return [line.split("\t") for line in node.ask(sql).splitlines()]


def paths(numbers):
    return sorted(f"/{number}" for number in numbers)
