"""`ztas cluster` and `ztas ship` on a real cluster: every hit once, whatever happens to whom."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from contextlib import closing

import pytest
import yaml
from machines import JUNE, Machine, counted, hit, paths

MONTH = 31 * 86_400_000


@pytest.fixture
def web(tmp_path, section):
    """The first member."""
    machine = Machine(tmp_path / "web", section)
    machine.token = machine.init()
    machine.of = section["database"]
    return machine


def test_hits_arrive_in_order_and_once(web, clickhouse):
    web.add(*(hit(n) for n in range(2500)), hit(9000, time=JUNE + MONTH))
    assert json.loads(web.ok("ship", "--json")) == {"shipped": 2501}
    assert web.ok("ship") == "0 hits shipped\n"
    assert counted(clickhouse, web.of) == paths([*range(2500), 9000])
    (member,) = web.members().values()
    assert member["name"] == web.name
    assert member["backlog"] == 0
    assert member["shippedUntil"].endswith("+00:00")
    web.add(hit(9001))
    assert web.members()[web.name]["backlog"] == 1


def test_every_column_arrives_as_it_is(web, clickhouse):
    full = hit(
        1,
        path="/grüße 'quoted' \\ \t\n",
        referrer="https://example.org/ä",
        utm_source="",
        label="it's",
        value=-0.1,
        time_on_page=12.5,
        is_bounce=0,
        properties='{"a":1}',
        browser_version=2**40,
        screen=768,
    )
    web.add(full, hit(2))
    web.ok("ship")
    columns = ", ".join(full._fields)
    rows = clickhouse.nodes[0].ask(f"select {columns} from {web.of}.hits order by id format JSON")
    found = [tuple(row[name] for name in full._fields) for row in json.loads(rows)["data"]]
    as_json = {"time", "is_bounce", "browser_version", "screen"}
    expected = [
        tuple(
            str(value) if name in as_json and value is not None else value
            for name, value in row._asdict().items()
        )
        for row in (full, hit(2))
    ]
    assert found == expected


def test_a_second_machine_joins_by_the_token(web, tmp_path, section, clickhouse):
    other = Machine(tmp_path / "other", section)
    assert "is no member yet" in other.refused("ship")
    assert "TOKEN" in other.refused("cluster", "join")
    other.ok("cluster", "join", text=f"ztas cluster join {web.token}\n")
    assert "already" in other.ok("cluster", "join", web.token)
    other.add(hit(1))
    web.add(hit(2))
    other.ok("ship")
    web.ok("ship")
    assert counted(clickhouse, web.of) == paths([1, 2])
    assert set(web.members()) == {web.name, other.name}
    again = other.ok("cluster", "join").split()[-1]
    third = Machine(tmp_path / "third", section)
    third.ok("cluster", "join", again.upper())
    assert len({machine.name for machine in (web, other, third)}) == 3


def test_a_retired_machine_ships_no_more_until_it_joins_again(web, clickhouse):
    web.add(hit(1))
    web.ok("ship")
    name = web.name
    web.ok("cluster", "retire", name)
    assert web.members() == {}
    web.add(hit(2))
    assert "was retired" in web.refused("ship")
    web.ok("cluster", "join", web.token)
    assert web.name != name
    web.add(hit(3))
    web.ok("ship")
    assert counted(clickhouse, web.of) == paths([1, 2, 3])
    assert set(web.members()) == {web.name}


def test_a_member_that_nobody_knows_can_not_be_retired(web):
    assert web.name in web.refused("cluster", "retire", "nobody")


def test_a_copy_elsewhere_is_a_member_of_its_own(web, tmp_path, section, clickhouse):
    web.add(hit(1), hit(2))
    web.ok("ship")
    web.add(hit(3))
    copy = web.copy_to(tmp_path / "copy", section)
    assert copy.ok("ship") == "0 hits shipped\n"
    copy.add(hit(4))
    web.add(hit(5))
    copy.ok("ship")
    web.ok("ship")
    assert counted(clickhouse, web.of) == paths([1, 2, 3, 4, 5])
    assert set(web.members()) == {web.name, copy.name}


def test_a_copy_ships_what_its_retired_parent_has_not(web, tmp_path, section, clickhouse):
    web.add(hit(1), hit(2))
    web.ok("ship")
    web.add(hit(3))
    copy = web.copy_to(tmp_path / "copy", section)
    copy.ok("ship")
    copy.add(hit(4))
    web.ok("cluster", "retire", web.name)
    copy.ok("ship")
    assert counted(clickhouse, web.of) == paths([1, 2, 3, 4])
    # And if the parent returns, it ships none of that again.
    web.add(hit(6))
    web.ok("cluster", "join")
    web.ok("ship")
    copy.ok("ship")
    assert counted(clickhouse, web.of) == paths([1, 2, 3, 4, 6])


@pytest.mark.parametrize("comes_before", [True, False], ids=["hits before join", "hits after"])
def test_a_restored_file_joins_again(web, tmp_path, clickhouse, comes_before):
    web.add(hit(1), hit(2))
    web.ok("ship")
    web.add(hit(3))
    web.ok("backup", tmp_path / "backup.db")
    web.add(hit(4))
    web.ok("ship")
    old = web.name
    web.ok("restore", tmp_path / "backup.db", "--yes")
    assert web.query("select * from cluster_keys") == []
    if comes_before:
        web.add(hit(10))
    assert "was restored" in web.refused("ship")
    web.ok("cluster", "join", web.token)
    assert set(web.members()) == {web.name}
    assert web.name != old
    web.add(hit(11))
    web.ok("ship")
    assert counted(clickhouse, web.of) == paths([1, 2, 3, 4, *[10] * comes_before, 11])


def test_what_a_restored_file_had_not_shipped_arrives(web, tmp_path, clickhouse):
    web.add(hit(1))
    web.ok("ship")
    web.add(hit(2), hit(3))
    web.ok("backup", tmp_path / "backup.db")
    web.ok("restore", tmp_path / "backup.db", "--yes")
    web.ok("cluster", "init")
    web.ok("ship")
    assert counted(clickhouse, web.of) == paths([1, 2, 3])


@pytest.mark.parametrize("is_in_place", [True, False], ids=["same inode", "another file"])
def test_a_file_that_is_put_back_by_hand_goes_on_under_another_name(
    web, tmp_path, clickhouse, is_in_place
):
    web.add(hit(1), hit(2))
    web.ok("ship")
    old, before = web.name, web.database.read_bytes()
    web.add(hit(3), hit(4))
    web.ok("ship")
    if not is_in_place:
        web.database.rename(tmp_path / "old.db")
    web.database.write_bytes(before)
    web.add(hit(5), hit(6), hit(7))
    web.ok("ship")
    assert counted(clickhouse, web.of) == paths(range(1, 8))
    assert old not in web.members()


def test_ids_that_are_given_again_are_not_taken_for_shipped(web, clickhouse):
    web.add(hit(1), hit(2), hit(3))
    web.ok("ship")
    web.execute("delete from hits where id >= 2")
    web.add(hit(4), hit(5))
    web.ok("ship")
    assert counted(clickhouse, web.of) == paths([1, 2, 3, 4, 5])


def test_hits_that_were_there_before_are_shipped(tmp_path, section, clickhouse):
    machine = Machine(tmp_path / "web", section)
    machine.add(hit(1), hit(2))
    machine.init()
    machine.ok("ship")
    assert counted(clickhouse, section["database"]) == paths([1, 2])


def test_what_is_in_the_history_alone_is_shipped(tmp_path, section, clickhouse):
    machine = Machine(tmp_path / "web", section, keep_hits_days=1)
    clustered = machine.config.read_text()
    settings = yaml.safe_load(clustered)
    del settings["cluster"]
    machine.config.write_text(yaml.safe_dump(settings))
    machine.add(*(hit(n, time=JUNE - n * 86_400_000) for n in range(1, 40)), hit(40))
    machine.ok("rollup")
    assert len(machine.query("select id from hits")) < 5
    machine.config.write_text(clustered)
    machine.init()
    machine.ok("ship")
    assert counted(clickhouse, section["database"]) == paths(range(1, 41))


def test_two_shippers_do_not_ship_one_file(web, tmp_path, section):
    with closing(sqlite3.connect(web.database)):
        from ztas_middleware.cluster.turn import Turn

        Turn(web.database).take()
        assert "another `ztas ship`" in web.refused("ship")
    # Nor under another name and configuration.
    other = Machine(tmp_path / "other", section)
    other.database.symlink_to(web.database)
    assert "another `ztas ship`" in other.refused("ship")


KEEPERS = {
    "prune": ({"sites": {"site_abc123": {"domain": "a.b", "retention_days": 5}}}, ["prune"]),
    "keep_hits_days": ({"keep_hits_days": 5}, ["rollup"]),
    "sites remove": (
        {"sites": {"site_abc123": {"domain": "a.b"}, "other": {"domain": "c.d"}}},
        ["sites", "remove", "site_abc123", "--data", "--yes"],
    ),
}


@pytest.mark.parametrize(("settings", "command"), KEEPERS.values(), ids=KEEPERS)
def test_nothing_is_deleted_that_is_not_shipped(tmp_path, section, clickhouse, settings, command):
    machine = Machine(tmp_path / "web", section, **settings)
    machine.init()
    machine.add(*(hit(n, time=JUNE + n * 86_400_000) for n in range(3)))
    assert "3 hits of site_abc123 are not shipped yet" in machine.refused(*command)
    assert len(machine.query("select id from hits")) == 3
    machine.ok("ship")
    machine.ok(*command)
    assert len(machine.query("select id from hits")) < 3
    machine.add(hit(7, site_id="other"))
    machine.ok("ship")
    assert "/7" in counted(clickhouse, section["database"])


def test_check_names_the_backlog(tmp_path, section):
    machine = Machine(tmp_path / "web", section)
    machine.add(hit(1))
    assert "not joined yet" in machine.run("check").stderr
    machine.init()
    machine.add(hit(2, time=time.time_ns() // 1_000_000))
    assert "2 hits to be shipped" in machine.run("check").stderr
    machine.ok("ship")
    assert f"ok, 0 hits to be shipped as {machine.name}" in machine.ok("check")
    machine.add(hit(3))
    assert "ok, 1 hit to be shipped" in machine.ok("check")


@pytest.mark.parametrize("by", ["restore", "hand"])
def test_a_backup_from_before_it_joined_is_known_again(tmp_path, section, clickhouse, by):
    machine = Machine(tmp_path / "web", section)
    machine.add(hit(1), hit(2))
    machine.ok("backup", tmp_path / "backup.db")
    token = machine.init()
    machine.add(hit(3))
    machine.ok("ship")
    old = machine.name
    if by == "restore":
        machine.ok("restore", tmp_path / "backup.db", "--yes")
    else:
        machine.database.unlink()
        shutil.copyfile(tmp_path / "backup.db", machine.database)
    machine.ok("cluster", "join", token)
    machine.add(hit(4))
    machine.ok("ship")
    assert counted(clickhouse, section["database"]) == paths([1, 2, 3, 4])
    # Put back by hand, nobody can tell that the other one is gone.
    assert set(machine.members()) == {machine.name, *[old] * (by == "hand")}


def test_a_backup_that_is_restored_twice_leaves_one_member(web, tmp_path, clickhouse):
    web.add(hit(1))
    web.ok("ship")
    web.ok("backup", tmp_path / "backup.db")
    for number in (2, 3):
        web.ok("restore", tmp_path / "backup.db", "--yes")
        web.ok("cluster", "join", web.token)
        web.add(hit(number))
        web.ok("ship")
    assert set(web.members()) == {web.name}
    assert counted(clickhouse, web.of) == paths([1, 2, 3])
