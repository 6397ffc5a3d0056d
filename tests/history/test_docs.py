"""docs/history.md: its examples run, and its columns are those of the files."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from tests.history.conftest import World
from tests.reports.history import make_hit, make_site
from ztas_middleware.history.columns import SESSION
from ztas_middleware.history.totals import TOTALS

PAGE = (Path(__file__).parents[2] / "docs" / "history.md").read_text("utf-8")
NOON = 1_794_052_800_000  # 7 November 2026
STATEMENTS = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
PROGRAMS = re.findall(r"```python\nimport (\w+)\n\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("statement", STATEMENTS)
def test_the_statements_run(world, monkeypatch, statement):
    world.at(2026, 11, 9)
    world.store(make_hit(NOON, path="/a"), make_hit(NOON, path="/a", visitor="w"))
    world.file()
    monkeypatch.chdir(world.folder.parent)
    with closing(duckdb.connect()) as connection:
        rows = connection.execute(statement).fetchall()
    assert len(rows) == 1
    assert rows[0][1] == 2


@pytest.mark.parametrize(("library", "program"), PROGRAMS, ids=[name for name, _ in PROGRAMS])
def test_the_programs_run(world, monkeypatch, library, program):
    names = {library: pytest.importorskip(library)}
    world = World(world.path, make_site("site_abc123"))
    world.at(2026, 11, 9)
    world.store(make_hit(NOON, path="/a")._replace(site_id="site_abc123"))
    world.file()
    monkeypatch.chdir(world.folder.parent)
    exec(program, names)
    hits = names["hits"]
    if library == "polars":
        hits = hits.collect()
    assert list(hits["path"]) == ["/a"]


def test_the_columns_are_named():
    for column in (*SESSION, *TOTALS):
        name = column.name
        if name.startswith("session_utm_"):
            name = "session_utm_source"
        assert f"`{name}`" in PAGE, column
