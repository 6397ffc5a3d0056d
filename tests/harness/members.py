"""Hits put into the cluster as a member's shipper does, without one."""

from __future__ import annotations

import itertools
import time

from ztas_middleware.cluster.client import Client
from ztas_middleware.cluster.nodes import make_tables
from ztas_middleware.cluster.schema import HIT_COLUMNS
from ztas_middleware.config import config_from_mapping
from ztas_middleware.store.hits import Hit

_serials = itertools.count(time.time_ns() // 1_000_000)


def config_of(folder, section, **others):
    """A configuration with a cluster, its database in a folder."""
    return config_from_mapping(
        {
            "database": str(folder / "ztas.db"),
            "sites": {"site_abc123": {"domain": "example.com"}},
            "cluster": section,
            **others,
        }
    )


class Members:
    """The tables of a cluster, and what members write into them."""

    def __init__(self, config):
        self.client = Client(config.cluster)
        self.database = config.cluster.database
        self._seqs = {}
        make_tables(self.client)

    def add(self, name, *, start_id=1):
        self._insert("members", name, next(_serials), "member", "", start_id, 0, 0)

    def retire(self, name, fence):
        self._insert("members", name, next(_serials), "retired", "", 1, fence, 0)

    def ship(self, name, hits, *, first_id, confirmed=True, times=1, seq=None):
        """Hits of consecutive ids as one batch; returns the id behind them."""
        rows = [
            (name, first_id + number, min(max(hit.time // 86_400_000, 0), 65_535), *hit)
            for number, hit in enumerate(hits)
        ]
        for _ in range(times):
            self.client.insert(f"{self.database}.hits", tuple(HIT_COLUMNS), self._columns(rows))
        last = first_id + len(rows) - 1
        if confirmed:
            seq = self._seqs[name] = seq or self._seqs.get(name, 0) + 1
            self.confirm(name, seq, first_id, last, len(rows))
        return last + 1

    def confirm(self, name, seq, first_id, last_id, rows):
        self._insert("batches", name, seq, first_id, last_id, rows, next(_serials))

    def say(self, name, complete_until, seq=None):
        """A member says that all is there until then: a number of batches, or those it shipped."""
        seq = self._seqs.get(name, 0) if seq is None else seq
        self._insert("progress", name, next(_serials), complete_until, seq, 0, 0)

    def count(self, name, source, site_id, day, key, number, kind="", path=""):
        serial = next(_serials)
        self._insert("counters", name, source, site_id, day, key, kind, path, number, serial)

    def give_sealed_days(self, name):
        """Have a member say of its own what was said of everybody's."""
        self.client.ask(
            f"""
            insert into {self.database}.sealed_days
            select site_id, day, %(name)s, rows, totals, serial + 1
            from {self.database}.sealed_days where member = ''
            """,
            {"name": name},
        )

    def _columns(self, rows):
        from datetime import date, timedelta

        columns = [list(column) for column in zip(*rows, strict=True)]
        columns[2] = [date(1970, 1, 1) + timedelta(days=day) for day in columns[2]]
        return columns

    def _insert(self, table, *values):
        names = [row[0] for row in self.client.ask(f"describe table {self.database}.{table}")]
        self.client.insert(f"{self.database}.{table}", names, [[value] for value in values])


def hit(time, visitor="somebody", path="/", **others):
    """A page view."""
    values = dict.fromkeys(Hit._fields) | {
        "time": time,
        "site_id": "site_abc123",
        "type": "pageview",
        "path": path,
        "visitor": visitor,
        "browser": "Firefox",
        "os": "Linux",
        "device": "desktop",
    }
    return Hit(**(values | others))
