"""What is counted besides hits: told once, whatever becomes of the file."""

from __future__ import annotations

import pytest
from machines import Machine, hit

from ztas_middleware.cluster.mirror import Mirror
from ztas_middleware.store.reading import reading

DAY = "2026-11-20"


def count(machine, number):
    """As an app does."""
    machine.execute(
        f"""
        insert into drops values ('site_abc123', '{DAY}', 'bot', ?)
        on conflict do update set count = count + excluded.count
        """,
        number,
    )
    machine.execute(
        f"""
        insert into agent_reads values ('site_abc123', '{DAY}', 'GPTBot', 'ai', '/a', ?)
        on conflict do update set count = count + excluded.count
        """,
        number,
    )


def told(machine):
    """The sums that a reader has."""
    found = Mirror(machine.settings())
    found.renew()
    with reading(found.config.database) as connection:
        return [
            connection.execute(f"select sum(count) from {table}").fetchone()[0]
            for table in ("drops", "agent_reads")
        ]


@pytest.fixture
def web(tmp_path, section):
    machine = Machine(tmp_path / "web", section)
    machine.token = machine.init()
    count(machine, 5)
    machine.add(hit(1))
    machine.ok("ship")
    return machine


def test_a_copy_tells_only_what_it_has_counted_itself(web, tmp_path, section):
    copy = web.copy_to(tmp_path / "copy", section)
    copy.ok("ship")
    assert told(web) == [5, 5]
    count(copy, 3)
    count(web, 1)
    copy.ok("ship")
    web.ok("ship")
    again = copy.copy_to(tmp_path / "again", section)
    count(again, 10)
    again.ok("ship")
    assert told(web) == [9, 9]
    # It became a member when it first looked round: what was counted before is its parent's.
    count(again, 10)
    again.ok("ship")
    assert told(web) == [19, 19]


@pytest.mark.parametrize("is_member", [True, False], ids=["a member's", "from before it joined"])
def test_a_restored_file_goes_on_where_it_was(tmp_path, section, is_member):
    web = Machine(tmp_path / "web", section)
    web.add(hit(1))
    count(web, 5)
    if not is_member:
        web.ok("backup", tmp_path / "backup.db")
    token = web.init()
    web.ok("ship")
    if is_member:
        web.ok("backup", tmp_path / "backup.db")
    count(web, 2)
    web.ok("ship")
    other = Machine(tmp_path / "other", section)
    other.ok("cluster", "join", token)
    assert told(other) == [7, 7]
    web.ok("restore", tmp_path / "backup.db", "--yes")
    web.ok("cluster", "join", token)
    web.ok("ship")
    count(web, 1)
    web.ok("ship")
    assert told(other) == [8, 8]
