"""`ztas demo`, really started: pages, a hit, its row, and a stop that leaves nothing behind."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys

import pytest
from click.testing import CliRunner
from processes import ROOT, start_on_free_port
from rawhttp import request

from ztas_middleware.cli import main

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0"
STRICT = (
    *("-W", "error", "-W", "ignore:'cgi' is deprecated:DeprecationWarning"),
    *("-W", "ignore::ResourceWarning"),  # waitress leaves sockets to the end of the process
)
ZTAS = (sys.executable, *STRICT, "-m", "ztas_middleware")


@pytest.fixture
def temporary(tmp_path):
    """The folder that the demo makes its own in."""
    (tmp_path / "temporary").mkdir()
    return tmp_path / "temporary"


@pytest.fixture
def demo(tmp_path, temporary):
    process, port = start_on_free_port(
        lambda port: [*ZTAS, "demo", "--no-history", "--port", str(port)],
        folder=tmp_path,
        env={"TMPDIR": str(temporary)},
    )
    process.port = port
    yield process
    process.kill()


def get(demo, path):
    answer = request(demo.port, "GET", path)
    return answer.status, answer.body.decode()


def test_it_says_where_it_is(demo, temporary):
    (folder,) = temporary.iterdir()
    assert demo.output == (
        f"The dashboard is on http://127.0.0.1:{demo.port}/ztas/, "
        f"the example site on http://127.0.0.1:{demo.port}.\n"
        f"Its stored rows are on http://127.0.0.1:{demo.port}/rows, "
        f"the database is {folder / 'ztas.db'}.\n"
        "Stop with Ctrl-C.\n"
    )


def test_every_link_of_every_page_leads_to_a_page(demo):
    seen, to_see = set(), {"/"}
    while to_see - seen:
        path = min(to_see - seen)
        seen.add(path)
        status, page = get(demo, path)
        assert status == 200, path
        assert "<h1>" in page
        if not path.startswith("/ztas/"):
            to_see |= set(re.findall(r'href="(/[^"]*)"', page))
    assert len(seen) >= 6
    assert "/ztas/demo" in seen
    assert get(demo, "/nowhere")[0] == 404


def test_a_hit_is_on_the_page_of_rows(demo):
    assert "No hits yet" in get(demo, "/rows")[1]
    for name, host in [("address", "127.0.0.1"), ("name", "localhost")]:
        hit = {"siteId": "demo", "type": "pageview", "path": f"/<{name}>"}
        headers = {"Origin": f"http://{host}:{demo.port}", "User-Agent": FIREFOX}
        answer = request(demo.port, "POST", "/api/track", headers, json.dumps(hit).encode())
        assert (answer.status, answer.body) == (200, b'{"success": true}')
    rows = get(demo, "/rows")[1]
    assert "<td>/&lt;address&gt;</td>" in rows
    assert "<td>/&lt;name&gt;</td>" in rows
    assert "<td>Firefox</td>" in rows


def test_the_form_is_answered(demo):
    answer = request(demo.port, "POST", "/contact", body=b"question=tea")
    assert answer.status == 200
    assert "Thank you" in answer.body.decode()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=lambda how: how.name)
def test_it_stops_in_order_and_leaves_nothing_behind(demo, temporary, how):
    hit = {"siteId": "demo", "type": "pageview"}
    assert request(demo.port, "POST", "/api/track", body=json.dumps(hit).encode()).status == 200
    said = demo.output
    assert demo.stop(how) == 0
    assert list(temporary.iterdir()) == []
    assert demo.output == said


def test_it_can_listen_elsewhere(tmp_path):
    if not has_ipv6_loopback():
        pytest.skip("this machine has no IPv6")
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as probe:
        port = probe.getsockname()[1]
    command = [*ZTAS, "demo", "--no-history", "--host", "::1", "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as demo:
        try:
            assert f"The dashboard is on http://[::1]:{port}/ztas/, " in demo.stdout.readline()
        finally:
            demo.terminate()
    assert demo.returncode == 0


def has_ipv6_loopback():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def test_without_waitress_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "waitress.server", None)
    result = CliRunner().invoke(main, ["demo", "--port", "0"])
    assert result.exit_code == 1
    message = "ztas: this command needs waitress: pip install 'ztas-middleware[serve]'\n"
    assert (result.stdout, result.stderr) == ("", message)


def test_a_host_that_is_none_is_said_in_one_line():
    result = CliRunner().invoke(main, ["demo", "--host", "a b", "--port", "0"])
    assert result.exit_code == 1
    assert result.stderr.startswith('ztas: sites.demo.domain: "a b": ')
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("mistake", ["the port is taken", "no such host"])
def test_what_is_wrong_is_said_in_one_line(mistake, temporary, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(temporary))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        host = "127.0.0.1" if mistake == "the port is taken" else "nowhere.invalid"
        command = [*ZTAS, "demo", "--host", host, "--port", str(port)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"ztas: can't listen on {host}:{port}: ")
    assert done.stderr.count("\n") == 1
    assert list(temporary.iterdir()) == []
