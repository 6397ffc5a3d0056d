"""Two app machines under load, both shipping, while whatever takes part is killed or cut off."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections import Counter
from contextlib import ExitStack, closing

import pytest
from clickhouse import ClickHouse
from load import Load
from machines import Machine, counted, hit
from missing import missing
from networks import Network, are_there, common_address
from processes import Process, wait_until
from servers import KINDS, Server
from wire import Wire

from tests.cluster.test_same_numbers import Copy, answers, in_order
from tests.reports.conftest import World
from tests.reports.history import make_site
from ztas_middleware.store.hits import Hit

SITE = "site_abc123"
# The servers know a block that comes twice only if no other came between: what is sent again after
# a kill is a second copy.
FORGETFUL = "<replicated_deduplication_window>1</replicated_deduplication_window>"


def in_the_end(machine, *arguments):
    """What a command says: a server that is very busy may lose its ZooKeeper for a moment."""
    results = []

    def is_done():
        results.append(machine.run(*arguments))
        return results[-1].exit_code == 0

    wait_until(is_done, 60)
    return results[-1].stdout


class App:
    """A machine of the cluster: a server under load, and what ships its hits over some wires.

    With a network of its own, that is what it ships them through.
    """

    def __init__(self, folder, cluster, stack, network=None):
        self.wires = [
            stack.enter_context(Wire((node.host, node.tcp)))
            for node in (cluster.nodes if network is None else ())
        ]
        hosts = [wire.address for wire in self.wires] or cluster.hosts
        self.machine = Machine(folder, cluster.section(hosts=hosts))
        self.network, self._stack = network, stack

    def start(self):
        config = self.machine.config.read_text()
        self.server = Server(KINDS["gunicorn-gthread"], self.machine.folder, config=config)
        self._stack.callback(self.server.process.kill)
        self.ship()
        self._stack.callback(self._end_shipper)
        self.load = Load(self.server, 2, self.machine.folder.name)
        self._stack.callback(self.load.stop)

    def ship(self):
        folder = self.machine.folder
        within = () if self.network is None else self.network.within
        command = (*within, *self.machine.command("ship", "--follow"))
        self.shipper = Process(command, folder=folder)

    def _end_shipper(self):
        # Whichever it is by then.
        self.shipper.kill()

    def kill_shipper(self):
        self.shipper.kill()
        self.ship()

    def kill_worker(self):
        os.kill(random.choice(sorted(self.server.pids())), signal.SIGKILL)

    def break_wires(self, how):
        for wire in self.wires:
            how(wire)

    def add(self, *names):
        """Hits with no server between."""
        now = time.time_ns() // 1_000_000
        self.machine.add(*(hit(time=now, path=f"/{name}") for name in names))

    def shipped(self):
        """How many of its hits the cluster has confirmed."""
        with closing(sqlite3.connect(self.machine.database)) as connection:
            (number,) = connection.execute(
                "select count(*) from hits where id <= (select shipped_id from cluster_member)"
            ).fetchone()
        return number

    def stop(self):
        """End load, server and shipper in order; everything is shipped then."""
        self.load.stop()
        self.server.process.stop()
        assert self.shipper.is_running, self.shipper.output
        assert self.shipper.stop() == 0, self.shipper.output
        in_the_end(self.machine, "ship")

    def hits(self):
        """As they are in its file, in the order of their ids."""
        names = ", ".join(Hit._fields)
        return [Hit(*row) for row in self.machine.query(f"select {names} from hits order by id")]


def machines(tmp_path, cluster, stack, networks=(None, None)):
    """Two of them, that are members of one cluster."""
    apps = [
        App(tmp_path / name, cluster, stack, network)
        for name, network in zip(("one", "two"), networks, strict=True)
    ]
    token = in_the_end(apps[0].machine, "cluster", "init").split()[-1]
    in_the_end(apps[1].machine, "cluster", "join", token)
    for app in apps:
        app.start()
    for app in apps:
        app.load.wait_for(20)
        wait_until(lambda: app.shipped() > 0, 60)  # noqa: B023 - called right here
    return apps


def check_all_there_once(cluster, apps):
    """What was acknowledged is counted once; and nothing is counted that no machine has."""
    found = Counter(counted(cluster, "ztas"))
    assert set(found.values()) == {1}
    acknowledged = {path for app in apps for path in app.load.acknowledged}
    assert acknowledged <= found.keys()
    stored = {one.path for app in apps for one in app.hits()}
    assert found.keys() == stored
    return len(found)


def check_same_numbers(tmp_path, cluster, apps):
    """Whatever is asked is answered as by one box with the same hits."""
    site = make_site(SITE, host="example.com")
    config = apps[0].machine.settings()
    reader, box = Copy(tmp_path / "reader", site, config.cluster), World(tmp_path / "box.db", site)
    box.store(*in_order({app.machine.name: app.hits() for app in apps}))
    reader.reports.prepare(SITE)
    reader.now = box.now = time.time_ns() // 1_000_000
    for kind, question in (
        ("stats", {"period": "24h", "limit": 100}),
        ("breakdown", {"by": ["page", "hour"], "limit": 1000}),
        ("journeys", {"page": "/*", "limit": 100}),
    ):
        assert answers(reader, kind, question) == answers(box, kind, question)
    found, expected = (b"".join(world.reports.export(SITE)) for world in (reader, box))
    assert found == expected
    assert not reader.ask()["period"]["completeUntil"].startswith("1970")


def test_a_shipper_and_a_server_are_killed_under_load(tmp_path):
    with ClickHouse(tmp_path / "cluster", merge_tree=FORGETFUL) as cluster, ExitStack() as stack:
        apps = machines(tmp_path, cluster, stack)
        apps[0].kill_shipper()
        node = cluster.nodes[0]
        node.kill()
        for wire in apps[1].wires[1:]:
            wire.lose_answers(200)
        apps[0].kill_worker()
        apps[1].kill_shipper()
        node.restart()
        apps[1].break_wires(Wire.mend)
        for app in apps:
            before = app.shipped()
            wait_until(lambda: app.shipped() > before, 60)  # noqa: B023 - called right here
        for app in apps:
            app.stop()
        assert check_all_there_once(cluster, apps) > 100
        check_same_numbers(tmp_path, cluster, apps)


def rounds(rng, cluster, apps, until):
    """Until then, one after the other: kill something, or cut a machine off for a while."""
    last = len(cluster.nodes)
    for number in range(10**6):
        if time.monotonic() > until:
            return
        app = rng.choice(apps)
        what = rng.choice(["shipper", "shipper", "worker", "node", "cut", "stall", "lose"])
        if what == "shipper":
            app.kill_shipper()
        elif what == "worker":
            app.kill_worker()
        elif what == "node":
            node = cluster.nodes[number % last]
            node.kill()
            time.sleep(rng.random())
            node.restart()
        else:
            cut_off(rng, app, what)
        time.sleep(rng.random())


def cut_off(rng, app, what):
    if app.network is not None:
        app.network.cut()
        time.sleep(rng.random() * 5)
        app.network.mend()
        return
    how = {"cut": Wire.cut, "stall": Wire.stall}.get(what)
    app.break_wires(how or (lambda wire: wire.lose_answers(rng.randrange(400))))
    time.sleep(rng.random() * 3)
    app.break_wires(Wire.mend)


@pytest.mark.slow
@pytest.mark.parametrize(("by", "seconds"), [("the kernel", 60), ("a proxy", 20)])
def test_a_minute_of_kills_and_cuts(tmp_path, by, seconds):
    seed = time.time_ns()
    print(f"seed {seed}; networks are cut by {by}")
    rng = random.Random(seed)
    with ExitStack() as stack:
        networks, where = (None, None), {}
        if by == "the kernel":
            if not are_there():
                missing("network namespaces, which root makes with `ip`")
            where["host"] = stack.enter_context(common_address())
            networks = [stack.enter_context(Network()) for _ in range(2)]
        cluster = ClickHouse(tmp_path / "cluster", merge_tree=FORGETFUL, **where)
        stack.enter_context(cluster)
        apps = machines(tmp_path, cluster, stack, networks)
        rounds(rng, cluster, apps, time.monotonic() + seconds)
        for app in apps:
            app.stop()
        number = check_all_there_once(cluster, apps)
        print(f"{number} hits")
        assert number > 1000
        check_same_numbers(tmp_path, cluster, apps)
        check_what_becomes_of_files(tmp_path, cluster, apps)


def check_what_becomes_of_files(tmp_path, cluster, apps):
    """Afterwards: one is restored, the other copied and never seen again."""
    one, two = (app.machine for app in apps)
    before = Counter(counted(cluster, "ztas"))
    apps[0].add("backed-up")
    one.ok("backup", tmp_path / "backup.db")
    apps[0].add("shipped-and-not-backed-up")
    one.ok("ship")
    one.ok("restore", tmp_path / "backup.db", "--yes")
    apps[0].add("restored")
    one.ok("cluster", "join", two.ok("cluster", "join").split()[-1])
    one.ok("ship")
    apps[1].add("copied-and-not-shipped")
    copy = two.copy_to(tmp_path / "copy", cluster.section())
    copy.ok("ship")
    copy.add(hit(path="/of-the-copy"))
    one.ok("cluster", "retire", two.name)
    copy.ok("ship")
    names = ("backed-up", "shipped-and-not-backed-up", "restored", "copied-and-not-shipped")
    expected = before + Counter(f"/{name}" for name in (*names, "of-the-copy"))
    assert Counter(counted(cluster, "ztas")) == expected
    assert set(one.members()) == {one.name, copy.name}
    # Nobody waits for the one that is gone.
    site = make_site(SITE, host="example.com")
    reader = Copy(tmp_path / "later", site, one.settings().cluster)
    reader.reports.prepare(SITE)
    reader.now = time.time_ns() // 1_000_000
    found = reader.ask(period="24h")
    assert not found["period"]["completeUntil"].startswith("1970")
    exported = b"".join(reader.reports.export(SITE)).splitlines()
    assert len(exported) == 1 + sum(expected.values())
