"""Two machines under hits for a minute, while shippers and servers are killed at random."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import threading
import time

import pytest
from clickhouse import ClickHouse
from machines import Machine, counted, hit
from processes import Process, wait_until

from ztas_middleware.store.database import Database

SECONDS = int(os.environ.get("ZTAS_CHAOS_SECONDS", "60"))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
def test_every_acknowledged_hit_counts_once(tmp_path, seed):
    dice = random.Random(seed)
    with ClickHouse(tmp_path / "ch") as own:
        section = own.section(database="ztas")
        machines = [Machine(tmp_path / name, section) for name in ("web1", "web2")]
        machines[1].ok("cluster", "join", machines[0].init())
        apps = [App(machine, number) for number, machine in enumerate(machines)]
        shippers = [shipping(machine) for machine in machines]
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            time.sleep(dice.uniform(0.1, 1.5))
            if dice.random() < 0.7:
                number = dice.randrange(2)
                shippers[number].kill()
                shippers[number] = shipping(machines[number])
            else:
                node = dice.choice(own.nodes)
                # What a server has just taken must not be gone for good: see docs/cluster.md.
                with contextlib.suppress(RuntimeError):
                    own.sync("ztas.hits_local")
                node.kill()
                node.restart()
        for app in apps:
            app.stop()
        # One of them never comes back; somebody has an older copy of the other's file.
        shippers[1].kill()
        wait_until(lambda: waiting(machines[0]) == 0, 60)
        shippers[0].kill()
        for machine in machines:
            wait_until(lambda machine=machine: machine.run("ship").exit_code == 0, 60)
        shutil.copyfile(machines[0].database, tmp_path / "older.db")
        machines[0].add(hit(10_000_000))
        machines[0].ok("ship")
        machines[0].database.write_bytes((tmp_path / "older.db").read_bytes())
        machines[0].add(hit(10_000_001))
        machines[0].ok("ship")
        acknowledged = sorted([path for app in apps for path in app.acknowledged])
        acknowledged = sorted([*acknowledged, "/10000000", "/10000001"])
        for node in own.nodes:
            node.ask("system sync replica ztas.hits_local")
        assert counted(own, "ztas") == acknowledged
        assert len(acknowledged) > 20 * SECONDS


class App:
    """Commits hits, and remembers those that were acknowledged."""

    def __init__(self, machine, number):
        self._database = Database(machine.database)
        self._number = number
        self._ends = threading.Event()
        self.acknowledged = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while not self._ends.wait(0.02):
            row = hit(self._number * 1_000_000 + len(self.acknowledged))
            self._database.append([row])
            self.acknowledged.append(row.path)

    def stop(self):
        self._ends.set()
        self._thread.join()
        self._database.close()


def shipping(machine):
    return Process(machine.command("ship", "--follow"), folder=machine.folder)


def waiting(machine):
    ((number,),) = machine.query(
        "select count(*) from hits where id > (select shipped_id from cluster_member)"
    )
    return number
