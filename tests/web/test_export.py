"""`/api/export` over HTTP, on a real server: every row that the database has, and none twice."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing
from datetime import datetime, timezone

import pytest
from click.testing import CliRunner
from rows import PAGEVIEW
from servers import KINDS, Server

from ztas_middleware.cli import main
from ztas_middleware.reports.export import CHUNK, COLUMNS
from ztas_middleware.reports.tables import unguard
from ztas_middleware.store.hits import INSERT

LENGTHS = (0, 1, 2, *(n * CHUNK + by for n in (1, 2, 3) for by in (-1, 0, 1)), 5 * CHUNK)
TYPES = ("pageview", "event", "heartbeat")
HALF_AN_HOUR = 1_800_000
START = 1_793_000_000_000
CONDITIONS = {"hits": "1", "pageviews": "type = 'pageview'", "events": "type = 'event'"}


def site_of(kind, length):
    return f"{kind}-{length}"


def rows(kind, length):
    """Rows of which `length` belong into an export, over an hour, and in no order of time."""
    wanted = TYPES if kind == "hits" else (kind[:-1],)
    types = [wanted[index % len(wanted)] for index in range(length)]
    types += [other for other in TYPES if other not in wanted] * 7
    site_id = site_of(kind, length)
    for index, type_of_hit in enumerate(types):
        time = START + index * 7_919 % (2 * HALF_AN_HOUR)
        yield PAGEVIEW._replace(
            time=time,
            site_id=site_id,
            type=type_of_hit,
            path=f"/{index}",
            utm_source="x; =1+1",
            action=f"-{index}",
            value=0.5,
        )


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    sites = [site_of(kind, length) for kind in COLUMNS for length in LENGTHS]
    config = "api: {path: /api}\nsites:\n" + "".join(
        f"  {site}: {{domain: example.com, public: true}}\n" for site in sites
    )
    started = Server(KINDS["cheroot"], folder, config=config)
    event = {"siteId": site_of("hits", 0), "type": "pageview"}
    assert started.post(event).status == 200  # makes the database
    with closing(sqlite3.connect(folder / "ztas.db")) as connection, connection:
        connection.execute("delete from hits")
        for kind in COLUMNS:
            for length in LENGTHS:
                connection.executemany(INSERT, rows(kind, length))
    yield started
    started.process.kill()


def stored(server, kind, length):
    """What the database has, oldest first, as far as the export shows it."""
    with closing(sqlite3.connect(server._database)) as connection:
        return connection.execute(
            f"select {', '.join(COLUMNS[kind])} from hits where site_id = ? and {CONDITIONS[kind]}"
            " order by time, id",
            (site_of(kind, length),),
        ).fetchall()


def read(body, file_format):
    if file_format == "ndjson":
        return [tuple(json.loads(line).values()) for line in body.decode().split("\n") if line]
    _, *records = csv.reader(io.StringIO(body.decode(), newline=""))
    return [tuple(map(unguard, record)) for record in records]


def expected(row, kind, file_format):
    time, *rest = row
    if kind != "hits":
        moment = datetime.fromtimestamp(time / 1000, timezone.utc)
        time = moment.isoformat(timespec="milliseconds")
    if file_format == "csv":
        return tuple(None if cell is None else str(cell) for cell in (time, *rest))
    return (time, *rest)


@pytest.mark.parametrize("file_format", ["csv", "ndjson"])
@pytest.mark.parametrize("kind", COLUMNS)
@pytest.mark.parametrize("length", LENGTHS)
def test_every_row_comes_once_and_in_order(server, length, kind, file_format):
    query = f"siteId={site_of(kind, length)}&type={kind}&format={file_format}"
    answer = server.request("GET", f"/api/export?{query}")
    assert answer.status == 200
    assert_all_there(server, kind, length, file_format, answer.body)


@pytest.mark.parametrize("file_format", ["csv", "ndjson"])
@pytest.mark.parametrize("kind", COLUMNS)
@pytest.mark.parametrize("length", [0, CHUNK + 1, 3 * CHUNK])
def test_the_command_writes_the_same(server, length, kind, file_format):
    site, config = site_of(kind, length), server._database.with_name("ztas.yaml")
    arguments = ["export", site, "--type", kind, "--format", file_format, "--config", str(config)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0
    assert_all_there(server, kind, length, file_format, result.stdout_bytes)


def assert_all_there(server, kind, length, file_format, body):
    there = [expected(row, kind, file_format) for row in stored(server, kind, length)]
    assert len(there) == length
    assert read(body, file_format) == there
