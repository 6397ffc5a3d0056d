"""`ztas check`: what it finds, in the config and in the database, and how it says so."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing

import duckdb
import pytest
from click.testing import CliRunner
from processes import UNPRIVILEGED

from ztas_middleware.cli import inspection, main
from ztas_middleware.store.schema import MIGRATIONS, VERSION

YAML = "sites:\n  site_abc123:\n    domain: example.com\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working directory, with a config where the command looks for one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZTAS_CONFIG", raising=False)
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "ztas.yaml").write_text(YAML)
    return tmp_path


def check(*arguments, **environment):
    result = CliRunner().invoke(main, ["check", *arguments], env=environment)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, result.stderr


def change(file, *statements):
    with closing(sqlite3.connect(file)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_a_config_that_is_fine_before_the_first_hit(folder):
    database = folder / "conf" / "ztas.db"
    code, out, err = check()
    assert (code, err) == (0, "")
    assert out.startswith(
        f"conf/ztas.yaml: ok, 1 site\n{database}: not there yet; the first hit makes it\n"
    )
    assert out.endswith(f"permissions of {database}: ok\n")
    assert not database.exists()


def test_without_an_engine_the_history_is_left_alone(folder, wrap, monkeypatch):
    wrapped = wrap(file=folder / "conf" / "ztas.db")
    wrapped.track()
    wrapped.middleware.close()
    monkeypatch.setitem(sys.modules, "duckdb", None)
    code, out, err = check()
    assert (code, err) == (0, "")
    hint = "DuckDB is not installed: pip install 'ztas-middleware[reports]'"
    assert f"history: not looked at: {hint}\n" in out


def test_a_database_that_0_1_wrote_is_looked_at_before_anybody_else_does(folder):
    with closing(sqlite3.connect(folder / "conf" / "ztas.db", isolation_level=None)) as connection:
        connection.execute("pragma journal_mode = wal")
        for statements in MIGRATIONS[:5]:
            for statement in statements:
                connection.execute(statement)
        connection.execute("pragma user_version = 5")
    code, out, err = check()
    assert (code, err) == (0, "")
    assert "ztas.db: ok, 0 hits\n" in out


def test_a_database_that_is_fine(folder, wrap):
    database = folder / "conf" / "ztas.db"
    wrapped = wrap(file=database)
    for _ in range(30):
        wrapped.track()
    for log in (r"0\.[1-9] MB", r"0\.0 MB"):
        code, out, err = check()
        assert (code, err) == (0, "")
        expected = [
            "conf/ztas.yaml: ok, 1 site",
            f"{database}: ok, 30 hits",
            "history of site_abc123: ok, as the hits say",
            "salts: ok, none overdue",
            "proxies: ok, none that is unknown",
            rf"{database}-wal: ok, {log}",
            rf"{database.parent}: ok, [0-9,]+\.[0-9] MB left",
            f"permissions of {database}: ok",
        ]
        for line, pattern in zip(out.splitlines(), expected, strict=True):
            assert re.fullmatch(pattern, line)
        wrapped.middleware.close()


def hide_a_change(database, monkeypatch, request):
    triggers = "select sql from sqlite_schema where name = 'history_changed'"
    with closing(sqlite3.connect(database)) as connection:
        (statement,) = connection.execute(triggers).fetchone()
    change(database, "drop trigger history_changed")
    change(database, "update hits set path = '/elsewhere'")
    change(database, statement)


def spoil_totals(database, monkeypatch, request):
    (totals,) = database.parent.glob("ztas.history/totals/*/*.parquet")
    with closing(duckdb.connect()) as connection:
        (mark,) = connection.execute(
            "select decode(value) from parquet_kv_metadata(?)", [str(totals)]
        ).fetchone()
        connection.execute(f"create table found as from '{totals}'")
        connection.execute("update found set visitors = visitors + 3")
        connection.execute(
            f"copy found to '{totals}' (format parquet, kv_metadata {{ztas: '{mark}'}})"
        )


def forget_a_salt(database, monkeypatch, request):
    change(database, "update salts set expires = 1")


def hide_behind_a_proxy(database, monkeypatch, request):
    now = "strftime('%s', 'now') * 1000"
    change(database, f"insert into notices values ('stray_proxy', {now}, '[127.0.0.1, \"::1\"]')")


def let_the_log_grow(database, monkeypatch, request):
    monkeypatch.setattr(inspection, "LONG_LOG", 1000)
    reader = sqlite3.connect(database)
    request.addfinalizer(reader.close)  # the last to close moves the log into the file
    reader.execute("update salts set expires = expires + 1")
    reader.commit()


def fill_the_disk(database, monkeypatch, request):
    monkeypatch.setattr(inspection, "LITTLE_SPACE", 1 << 80)


def let_everybody_write(database, monkeypatch, request):
    database.chmod(0o666)


@pytest.mark.parametrize(
    ("spoil", "kind", "message"),
    [
        (
            hide_a_change,
            "history",
            (
                r"history of site_abc123: [0-9-]+: 1 hits of the history are not in the database, "
                r"1 of the database not in the history "
                r"\(`ztas rollup site_abc123 --again` files them anew\)"
            ),
        ),
        (
            spoil_totals,
            "history",
            (
                r"history of site_abc123: [0-9-]+: totals that are not those of the hits: "
                r"the day, .* more \(`ztas rollup site_abc123 --again` files them anew\)"
            ),
        ),
        (forget_a_salt, "salts", "salts: 1 salt overdue; .*"),
        (
            hide_behind_a_proxy,
            "proxies",
            "proxies: a proxy .*; the line `trusted_proxies: private` in the config mends it",
        ),
        (let_the_log_grow, "log", ".*-wal: [0-9.]+ MB long; .*"),
        (fill_the_disk, "disk", ".*: only [0-9.,]+ MB left"),
        (let_everybody_write, "permissions", "permissions of .*: .* by every user of .*"),
    ],
    ids=["hits", "totals", "salts", "proxies", "log", "disk", "permissions"],
)
def test_each_thing_that_is_off_is_a_line_and_exit_1(
    folder, wrap, monkeypatch, request, spoil, kind, message
):
    database = folder / "conf" / "ztas.db"
    wrapped = wrap(file=database)
    wrapped.track()
    wrapped.middleware.close()
    change(database, "update hits set time = time - 2 * 86400000")
    rolled = CliRunner().invoke(main, ["rollup"])
    assert "1 day filed" in rolled.stdout
    assert check()[0] == 0
    spoil(database, monkeypatch, request)
    code, out, err = check("--json")
    found = json.loads(out)
    assert [finding["check"] for finding in found["findings"] if not finding["ok"]] == [kind]
    assert (code, found["ok"]) == (1, False)
    assert re.fullmatch(f"ztas: {message}\n", err)
    if kind == "history":
        CliRunner().invoke(main, ["rollup", "site_abc123", "--again"])
        assert check()[0] == 0


def test_places_that_can_not_be_looked_up(folder):
    (folder / "conf" / "ztas.yaml").write_text(f"{YAML}geo: city.mmdb\n")
    code, _, err = check()
    assert (code, err) == (
        1,
        f"ztas: geo: No such file or directory: {folder}/conf/city.mmdb\n",
    )
    (folder / "conf" / "city.mmdb").write_text("none")
    assert check()[2] == f"ztas: geo: is no .mmdb file: {folder}/conf/city.mmdb\n"


def test_a_database_that_can_not_be_written_to(folder, wrap):
    database = folder / "conf" / "ztas.db"
    wrapped = wrap(file=database)
    wrapped.track()
    wrapped.middleware.close()
    database.chmod(0o444)
    command = [*UNPRIVILEGED, sys.executable, "-m", "ztas_middleware", "check"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert f"{database} can't be read and written by user {os.geteuid()}" in run.stderr


def test_json_of_what_is_fine(folder):
    code, out, _ = check("--json")
    found = json.loads(out)
    assert (code, found["ok"]) == (0, True)
    assert found["findings"][0] == {
        "check": "config",
        "subject": "conf/ztas.yaml",
        "ok": True,
        "message": "ok, 1 site",
    }


@pytest.mark.parametrize("how", ["option", "environment"])
def test_the_config_is_where_one_says(folder, how):
    (folder / "two.yaml").write_text(YAML + "  shop:\n    domain: shop.example\n")
    found = check("--config", "two.yaml") if how == "option" else check(ZTAS_CONFIG="two.yaml")
    assert found[0] == 0
    assert found[1].startswith("two.yaml: ok, 2 sites\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            YAML.replace("domain", "domian"),
            'conf/ztas.yaml:3:5: sites.site_abc123.domian: unknown key (did you mean "domain"?)',
        ),
        (YAML + YAML, "conf/ztas.yaml:4:1: sites: is given twice, first in line 1"),
        ("", "conf/ztas.yaml:1:1: is empty; at least `sites` with one site is needed"),
    ],
    ids=["misspelt", "twice", "empty"],
)
def test_a_mistake_in_the_config_is_named_with_its_place(folder, text, message):
    (folder / "conf" / "ztas.yaml").write_text(text)
    assert check() == (1, "", f"ztas: {message}\n")


def test_a_config_that_is_not_there(folder):
    code, out, err = check("--config", "nowhere.yaml")
    assert (code, out) == (1, "")
    assert err == f"ztas: nowhere.yaml: no such file ({folder / 'nowhere.yaml'})\n"


def damaged(file):
    content = bytearray(file.read_bytes())
    # The second page is SQLite's own map, the third the first table's root; its header says what
    # kind of page it is.
    page = 2 * int.from_bytes(content[16:18], "big")
    content[page : page + 8] = b"\xff" * 8
    file.write_bytes(content)


def no_database(file):
    file.write_bytes(b"this is text, and long enough to be looked at as a header\n" * 20)


def of_another_program(file):
    file.unlink()
    change(file, "create table notes (text text)")


def newer(file):
    change(file, f"pragma user_version = {VERSION + 1}")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (damaged, "btreeInitPage"),
        (no_database, "file is not a database"),
        (of_another_program, "no database of ztas: it has no tables of ours"),
        (newer, f"made by a newer ztas (schema {VERSION + 1}, this one knows {VERSION})"),
    ],
    ids=["damaged", "no database", "of another program", "newer"],
)
def test_what_is_wrong_with_a_database_is_said_in_one_line(folder, wrap, spoil, message):
    database = folder / "conf" / "ztas.db"
    wrapped = wrap(file=database)
    wrapped.track()
    wrapped.middleware.close()
    spoil(database)
    code, _, err = check()
    assert code == 1
    assert err.startswith(f"ztas: {database}: ")
    assert message in err
    assert err.count("\n") == 1
