"""`ztas check`: what it finds, in the config and in the database, and how it says so."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from click.testing import CliRunner

from ztas_middleware.cli import main
from ztas_middleware.store.schema import VERSION

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
    assert check() == (
        0,
        f"conf/ztas.yaml: ok, 1 site\n{database}: not there yet; the first hit makes it\n",
        "",
    )
    assert not database.exists()


def test_a_database_that_is_fine(folder, wrap):
    database = folder / "conf" / "ztas.db"
    wrapped = wrap(file=database)
    wrapped.track()
    wrapped.track()
    expected = (0, f"conf/ztas.yaml: ok, 1 site\n{database}: ok, 2 hits\n", "")
    assert check() == expected
    wrapped.middleware.close()
    assert check() == expected


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
    # The second page says where others belong, the third is the first table's root; its header
    # says what kind of page it is.
    page_size = int.from_bytes(content[16:18], "big")
    content[2 * page_size : 2 * page_size + 8] = b"\xff" * 8
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
