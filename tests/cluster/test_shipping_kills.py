"""The shipper is killed, its answers get lost, servers go: every hit arrives once in effect."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from contextlib import closing

import pytest
from clickhouse import ClickHouse
from machines import Machine, counted, hit, paths
from processes import Process, wait_until
from wire import Wire

from ztas_middleware.cluster.client import Client
from ztas_middleware.cluster.shipping import Shipper
from ztas_middleware.errors import ClusterError
from ztas_middleware.store.database import Database

# Runs `ztas ship` and kills it at the nth call of a function, before or after its work is done.
KILLED = """
import os, signal, sys
from ztas_middleware.cluster import client, shipping
from ztas_middleware.store import membership
place, name, number, when = sys.argv[1:5]
owner = {"Client": client.Client, "membership": membership, "Shipper": shipping.Shipper}[place]
do, calls = getattr(owner, name), 0
def killed(*given, **named):
    global calls
    calls += 1
    if calls == int(number) and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    result = do(*given, **named)
    if calls == int(number) and when == "after":
        os.kill(os.getpid(), signal.SIGKILL)
    return result
setattr(owner, name, killed)
from ztas_middleware.cli import main
main(sys.argv[5:])
"""

STEPS = {
    "before it is written down": ("Shipper", "_ship", 1, "before"),
    "before it is sent": ("Shipper", "_send", 1, "before"),
    "after it was sent": ("Shipper", "_send", 1, "after"),
    "before it is confirmed": ("Shipper", "_confirm", 1, "before"),
    "after it is confirmed there": ("Client", "insert", 2, "after"),
    "after it is confirmed here": ("Shipper", "_confirm", 1, "after"),
    "before the second is sent": ("Shipper", "_send", 2, "before"),
    "before the progress": ("Shipper", "_say", 1, "before"),
}


BLOCKS = """
select count() from system.zookeeper where path = '/clickhouse/tables/ztas/01/hits_local/blocks'
"""


@pytest.fixture
def web(tmp_path, section):
    machine = Machine(tmp_path / "web", section)
    machine.init()
    machine.of = section["database"]
    return machine


def killed_while_shipping(machine, step):
    place, name, number, when = step
    command = [sys.executable, "-c", KILLED, place, name, str(number), when]
    done = subprocess.run(
        [*command, "ship", "--config", str(machine.config)],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_shipper_may_be_killed_at_any_step(web, clickhouse, step):
    web.ok("ship")
    # Two batches: of two months.
    web.add(*(hit(n) for n in range(50)), *(hit(n, time=1_790_000_000_000) for n in range(50, 60)))
    killed_while_shipping(web, step)
    web.add(hit(99))
    web.ok("ship")
    assert counted(clickhouse, web.of) == paths([*range(60), 99])
    assert web.members()[web.name]["backlog"] == 0


def test_pending_hits_that_are_deleted_do_not_stop_the_rest(web, clickhouse):
    web.ok("ship")
    web.add(*(hit(n) for n in range(5)))
    killed_while_shipping(web, STEPS["before it is sent"])
    web.execute("delete from hits where id = 2")
    web.ok("ship")
    assert counted(clickhouse, web.of) == paths([0, 2, 3, 4])


@pytest.mark.parametrize("number", range(4))
def test_an_answer_that_gets_lost_is_asked_for(tmp_path, clickhouse, section, number):
    """The wire breaks after the nth insert's rows went through, before its answer comes."""
    with Wire(("127.0.0.1", clickhouse.nodes[0].tcp)) as wire:
        machine = Machine(tmp_path / "web", {**section, "hosts": [wire.address]})
        machine.init()
        machine.ok("ship")
        machine.add(*(hit(n) for n in range(20)))
        settings, calls = machine.settings(), 0
        database = Database(machine.database)
        with closing(Client(settings.cluster, patience=5)) as client:
            insert = client.insert

            def lossy(*given, **named):
                nonlocal calls
                calls += 1
                if calls == number + 1:
                    client.ask("select 1")
                    wire.lose_answers()
                try:
                    insert(*given, **named)
                finally:
                    wire.mend()

            client.insert = lossy
            shipper = Shipper(settings, database, client)
            for _ in range(5):
                # Any other error than of a broken wire ends it.
                with contextlib.suppress(ClusterError):
                    shipper.drain(is_last=True)
        database.close()
        assert counted(clickhouse, section["database"]) == paths(range(20))


@pytest.mark.slow
def test_a_window_of_deduplication_that_is_overrun(tmp_path):
    window = (
        "<replicated_deduplication_window>2</replicated_deduplication_window>"
        "<cleanup_delay_period>1</cleanup_delay_period>"
        "<cleanup_delay_period_random_add>0</cleanup_delay_period_random_add>"
    )
    with ClickHouse(tmp_path / "ch", shards=1, replicas=2, merge_tree=window) as own:
        machine = Machine(tmp_path / "web", own.section(database="ztas"))
        other = Machine(tmp_path / "other", own.section(database="ztas"))
        other.ok("cluster", "join", machine.init())
        machine.ok("ship")
        machine.add(*(hit(n) for n in range(30)))
        killed_while_shipping(machine, STEPS["after it was sent"])
        own.everywhere("system stop merges")
        # Now let the servers forget the block, and have the very same sent again.
        for n in range(100, 105):
            other.add(hit(n))
            other.ok("ship")
        wait_until(lambda: int(own.nodes[0].ask(BLOCKS)) <= 2)
        settings = machine.settings()
        database = Database(machine.database)
        with closing(Client(settings.cluster)) as client:
            shipper = Shipper(settings, database, client)
            shipper._arrived = lambda *_: 0
            shipper.drain(is_last=True)
        database.close()
        stored = int(own.nodes[0].ask("select count() from ztas.hits where path = '/7'"))
        assert stored == 2  # it was sent twice, and the window did not help
        assert counted(own, "ztas") == paths([*range(30), *range(100, 105)])


@pytest.mark.slow
def test_a_follower_goes_on_while_nodes_die_in_turn(tmp_path):
    with ClickHouse(tmp_path / "ch") as own:
        machine = Machine(tmp_path / "web", own.section(database="ztas"))
        machine.init()
        process = Process(machine.command("ship", "--follow"), folder=tmp_path)
        number = 0
        try:
            for node in own.nodes[:3]:
                for _ in range(5):
                    machine.add(*(hit(n) for n in range(number, number + 20)))
                    number += 20
                own.sync("ztas.hits_local")
                node.kill()
                machine.add(hit(number))
                number += 1
                wait_until(lambda: backlog(machine) == 0, 40)
                node.restart()
            # One that hangs is worse: it closes nothing.
            own.nodes[0].hang()
            machine.add(hit(number))
            number += 1
            wait_until(lambda: backlog(machine) == 0, 40)
            own.nodes[0].go_on()
            os.kill(process.pid, signal.SIGTERM)
            process.wait_for(lambda: not process.is_running)
        finally:
            process.kill()
        own.sync("ztas.hits_local")
        assert counted(own, "ztas") == paths(range(number))


def test_a_follower_says_once_that_the_cluster_is_down_and_goes_on(tmp_path, section, clickhouse):
    with Wire(("127.0.0.1", clickhouse.nodes[0].tcp)) as wire:
        machine = Machine(tmp_path / "web", {**section, "hosts": [wire.address]})
        machine.init()
        wire.cut()
        process = Process(machine.command("ship", "--follow"), folder=tmp_path)
        try:
            process.wait_for(lambda: "trying again" in process.output)
            machine.add(hit(1))
            wire.mend()
            wait_until(lambda: backlog(machine) == 0)
            process.wait_for(lambda: "shipping again" in process.output)
            assert process.output.count("\n") == 2, process.output
            assert "another `ztas ship`" in machine.refused("ship")
        finally:
            process.kill()
        assert counted(clickhouse, section["database"]) == paths([1])


def backlog(machine):
    ((number,),) = machine.query(
        "select count(*) from hits where id > (select shipped_id from cluster_member)"
    )
    return number


def test_how_far_it_is_advances_while_hits_come_in_without_end(web, tmp_path):
    process = Process(web.command("ship", "--follow"), folder=tmp_path)
    said, numbers = set(), iter(range(10_000))

    def advances():
        web.add(hit(next(numbers)))
        said.add(web.members()[web.name]["shippedUntil"])
        return len(said - {None}) >= 2

    try:
        wait_until(advances)
    finally:
        process.kill()
