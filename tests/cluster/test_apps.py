"""Apps on several machines: one visitor is one, and a copy knows itself for one."""

from __future__ import annotations

import io
import json
import shutil
import time

from machines import Machine, counted, paths
from processes import wait_until

from ztas_middleware import ZTASMiddleware, only_ours


class App:
    """A wrapped app of a machine."""

    def __init__(self, machine):
        self.middleware = ZTASMiddleware(only_ours, machine.config)

    def view(self, path, address="203.0.113.7"):
        body = json.dumps({"siteId": "site_abc123", "type": "pageview", "path": path}).encode()
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/api/track",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_ADDR": address,
            "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0",
        }
        statuses = []
        answer = self.middleware(environ, lambda status, headers: statuses.append(status))
        b"".join(answer)
        close = getattr(answer, "close", None)
        if close:
            close()
        assert statuses == ["200 OK"]

    def close(self):
        self.middleware.close()


def visitors(machine):
    return {visitor for (visitor,) in machine.query("select distinct visitor from hits")}


def test_a_visitor_of_two_machines_is_one(tmp_path, section):
    machines = [Machine(tmp_path / name, section) for name in ("web1", "web2")]
    apps = [App(machine) for machine in machines]
    for app in apps:
        app.view("/before")
    assert visitors(machines[0]) != visitors(machines[1])
    machines[1].ok("cluster", "join", machines[0].init())

    # Those that run notice within seconds.
    def are_one():
        for machine in machines:
            machine.execute("delete from hits where path = '/after'")
        for app in apps:
            app.view("/after")
        query = "select visitor from hits where path = '/after'"
        return machines[0].query(query) == machines[1].query(query)

    wait_until(are_one, 5)
    for app in apps:
        app.close()


def test_a_copy_that_is_served_elsewhere_ships_its_own_hits_alone(tmp_path, section, clickhouse):
    machine = Machine(tmp_path / "web", section)
    machine.init()
    app = App(machine)
    app.view("/0")
    machine.ok("ship")
    app.view("/1")
    app.close()
    copy = Machine(tmp_path / "copy", section)
    shutil.copyfile(machine.database, copy.database)
    apps = [App(machine), App(copy)]
    for number, app in enumerate(apps, 2):
        app.view(f"/{number}")
    copy.ok("ship")
    machine.ok("ship")
    for app in apps:
        app.close()
    assert counted(clickhouse, section["database"]) == paths(range(4))
    assert machine.name != copy.name
    assert set(machine.members()) == {machine.name, copy.name}


def test_a_file_that_is_replaced_under_a_running_app_loses_nothing(tmp_path, section, clickhouse):
    machine = Machine(tmp_path / "web", section)
    machine.init()
    app = App(machine)
    app.view("/0")
    app.close()
    before = machine.database.read_bytes()
    app = App(machine)
    app.view("/1")
    machine.ok("ship")
    machine.database.rename(tmp_path / "away.db")
    machine.database.write_bytes(before)
    for number in (2, 3, 4):
        app.view(f"/{number}")
        time.sleep(0.01)
    machine.ok("ship")
    app.close()
    assert counted(clickhouse, section["database"]) == paths(range(5))
