"""The README and the docs: what they show runs, and what they list is all there is."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import get_args

import pytest
from missing import missing
from processes import ROOT, start_on_free_port, wait_until
from rawhttp import request
from servers import KINDS

from ztas_middleware.config import load_config
from ztas_middleware.intake import refusals
from ztas_middleware.intake.drops import Reason
from ztas_middleware.intake.endpoint import STORED, UNAVAILABLE
from ztas_middleware.intake.wire import TYPES, Event, parse_event
from ztas_middleware.store.hits import Hit

README = (ROOT / "README.md").read_text("utf-8")
QUICKSTART = (ROOT / "docs" / "quickstart.md").read_text("utf-8")
HTTP = (ROOT / "docs" / "http.md").read_text("utf-8")
SECURITY = (ROOT / "docs" / "security.md").read_text("utf-8")
SERVERS = (ROOT / "docs" / "servers.md").read_text("utf-8")
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md"]
PAGES += sorted((ROOT / "docs").glob("*.md"))

BROWSERS = ["chromium", "chromium-browser", "google-chrome"]
# Headless browsers say so in their User-Agent, and are bots then.
CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Safari/537.36"
)


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def files(text):
    """Files that a text shows: a name in backticks with a colon, and a block."""
    found = re.findall(r"`([\w./]+)`:\n\n```\w+\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return dict(found)


def table(text, heading):
    """The rows below the table heading that starts with these cells, as tuples of cells."""
    _, _, rest = text.partition("| " + " | ".join(heading))
    rows = rest.partition("\n\n")[0].splitlines()[2:]
    assert rows, heading
    return [tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]) for row in rows]


@dataclass
class Shell:
    """A reader who types what a text says, in a folder of their own."""

    folder: Path
    environment: dict

    def run(self, command):
        done = subprocess.run(
            ["bash", "-euc", command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def hits(self):
        with closing(sqlite3.connect(self.folder / "conf" / "ztas.db")) as connection:
            return connection.execute("select site_id, type, path from hits").fetchall()


@pytest.fixture
def shell(tmp_path, distribution):
    """The wheel is installed, and its command is on the path."""
    programs = tmp_path / "programs"
    programs.mkdir()
    ztas = programs / "ztas"
    ztas.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m ztas_middleware "$@"\n')
    ztas.chmod(0o755)
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]])
    site = tmp_path / "site"
    site.mkdir()
    return Shell(site, {**os.environ, "PATH": path, "PYTHONPATH": str(distribution.installed)})


@pytest.fixture
def serve(shell, tmp_path):
    """Start a command of a text that listens on port 8000, on a port that is free."""
    processes = []

    def serve(command):
        assert "8000" in command
        process, port = start_on_free_port(
            lambda port: ["bash", "-euc", "exec " + command.strip().replace("8000", str(port))],
            folder=tmp_path,
            cwd=shell.folder,
            env=shell.environment,
        )
        processes.append(process)
        return port

    yield serve
    for process in processes:
        process.kill()


def load_in_browser(url):
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        missing("no Chromium is installed")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-agent={CHROME}"]
    waits = "--virtual-time-budget=2000"
    done = subprocess.run(
        [program, *options, waits, "--dump-dom", url], capture_output=True, timeout=60, check=True
    )
    return done.stdout.decode()


# What Django wants besides of a project, which the README leaves to the reader.
DJANGO = """
from pathlib import Path

BASE_DIR = Path(__file__).parent
SECRET_KEY = "of a test"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "urls"
"""
URLS = """
from django.http import HttpResponse
from django.urls import path

urlpatterns = [path("", lambda request: HttpResponse("<!doctype html><body>Hello from Django"))]
"""
SERVED_BY = {
    "wsgi_app.py": "waitress-serve --listen=127.0.0.1:8000 wsgi_app:application",
    "settings.py": "django-admin runserver --noreload --pythonpath . --settings settings 8000",
    "flask_app.py": "flask --app flask_app run --port 8000",
    "fastapi_app.py": "uvicorn fastapi_app:app --port 8000",
}


def test_the_readme_shows_four_wraps_and_one_configuration():
    assert set(files(README)) == {"conf/ztas.yaml", *SERVED_BY}


@pytest.mark.parametrize("name", SERVED_BY)
def test_the_wraps_of_the_readme_work(shell, serve, name):
    shown = files(README)
    (shell.folder / "conf").mkdir()
    (shell.folder / "conf" / "ztas.yaml").write_text(shown["conf/ztas.yaml"])
    (shell.folder / "urls.py").write_text(URLS)
    (shell.folder / name).write_text((DJANGO if name == "settings.py" else "") + shown[name])
    port = serve(SERVED_BY[name])
    page = request(port, "GET", "/", {"Host": f"localhost:{port}"})
    assert b"Hello from" in page.body
    tag = re.search(r'<script defer src="(.+?)" data-site="(.+?)"></script>', page.body.decode())
    assert tag[0] in README
    script, site_id = tag.groups()
    assert request(port, "GET", script).status == 200
    body = json.dumps({"siteId": site_id, "type": "pageview", "path": "/"}).encode()
    for origin in (f"http://localhost:{port}", "https://www.example.com"):
        assert request(port, "POST", "/api/track", {"Origin": origin}, body).status == 200
    assert shell.hits() == [("site_abc123", "pageview", "/")] * 2


def test_the_readme_has_every_extra_for_users():
    extras = metadata.metadata("ztas-middleware").get_all("Provides-Extra")
    assert {name.strip("`") for name, *_ in table(README, ["extra"])} == {*extras} - {"test", "dev"}


def follow_the_quickstart(shell, serve):
    """Do everything it says from step 2 on, with a real browser."""
    _, init, flask, tail, password, stats, doctor = blocks(QUICKSTART, "sh")
    written, row = blocks(QUICKSTART, "text")
    enough, dashboard = blocks(QUICKSTART, "yaml")
    assert shell.run(init) == written
    config = shell.folder / "conf" / "ztas.yaml"
    config_of_init = load_config(config)
    (shell.folder / "conf" / "enough.yaml").write_text(enough)
    in_short = load_config(shell.folder / "conf" / "enough.yaml")
    assert replace(in_short, source=config_of_init.source) == config_of_init
    (app,) = files(QUICKSTART).items()
    shell.folder.joinpath(app[0]).write_text(app[1])
    port = serve(flask)
    assert "<h1>Hello</h1>" in load_in_browser(f"http://localhost:{port}/")
    shown = shell.run(f"{tail.strip()} --no-follow")
    assert without_times(row) in without_times(shown)
    shown_hash = re.search(r'"(scrypt:.*)"', dashboard)[1]
    real_hash = shell.run(f"{password.strip()} <<< teapot").strip()
    assert real_hash.startswith(shown_hash.removesuffix("..."))
    commented = "".join(config.read_text().splitlines(keepends=True)[-4:-1])
    assert re.sub("^#", "", commented, flags=re.MULTILINE) == re.sub(
        "(path|password): .*", r"\1: null", dashboard
    )
    config.write_text(
        config.read_text().replace(commented, dashboard.replace(shown_hash, real_hash))
    )
    headers = {"Origin": f"http://127.0.0.1:{port}", "Host": f"127.0.0.1:{port}"}
    form = b"password=teapot"
    wait_until(lambda: request(port, "POST", "/ztas/-/login", headers, form).status == 303, 10)
    cookie = request(port, "POST", "/ztas/-/login", headers, form).headers["set-cookie"]
    page = request(port, "GET", "/ztas/my_site", {"Cookie": cookie.partition(";")[0]})
    assert re.search(r"Visitors.{,200}\b1\b", page.body.decode(), re.DOTALL)
    assert re.search(r"Visitors +1\b", shell.run(stats))
    headers = {"Origin": "http://elsewhere.example"}
    body = json.dumps({"siteId": "my_site", "type": "pageview"}).encode()
    assert request(port, "POST", "/api/track", headers, body).status == 403
    wait_until(
        lambda: request(port, "GET", "/").status == 200 and " origin " in shell.run(doctor), 10
    )


def without_times(text):
    return re.sub(r"^[\d :-]{19}", "", text, flags=re.MULTILINE)


def test_the_quickstart_leads_to_a_row(shell, serve):
    follow_the_quickstart(shell, serve)


@pytest.mark.slow
def test_the_quickstart_from_nothing(shell, serve, distribution):
    install, *_ = blocks(QUICKSTART, "sh")
    assert "./ztas-middleware[" in install
    del shell.environment["PYTHONPATH"]
    shell.run(install.replace("./ztas-middleware", str(distribution.wheel)))
    # What `. venv/bin/activate` does for the commands that follow.
    path = f"{shell.folder / 'venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    shell.environment.update(PATH=path, PYTHONPATH="")
    follow_the_quickstart(shell, serve)


def answers():
    """(status, body) of every answer in the table of docs/http.md."""
    return {(status, body.strip("`")) for status, body, _ in table(HTTP, ["status", "body"])}


def all_refusals():
    found = [value for value in vars(refusals).values() if isinstance(value, refusals.Refusal)]
    assert len(found) >= 10
    example = {"index": 0, "error": "Invalid event type"}
    return [
        *found,
        refusals.no_valid_events([example]),
        refusals.too_many_requests(12),
        *map(refusals.bad_event, ["Event type required", "Invalid event type"]),
        refusals.bad_event("path must be a string"),
    ]


@pytest.mark.parametrize("refusal", all_refusals(), ids=lambda refusal: refusal.error)
def test_every_refusal_is_in_the_docs(refusal):
    body = json.dumps({"error": refusal.error, **refusal.details})
    assert (refusal.status[:3], body) in answers()


def test_no_other_answer_is_in_the_docs():
    refused = {
        (refusal.status[:3], json.dumps({"error": refusal.error, **refusal.details}))
        for refusal in all_refusals()
    }
    others = {body for status, body in answers() - refused if status != "200"}
    assert others == {UNAVAILABLE.body.decode()}
    assert ("200", STORED.body.decode()) in answers()


def test_every_function_that_refuses_is_looked_at():
    made = [
        name
        for name, value in vars(refusals).items()
        if callable(value) and getattr(value, "__module__", "") == refusals.__name__
    ]
    assert sorted(made) == ["Refusal", "bad_event", "no_valid_events", "too_many_requests"]


WIRE_NAMES = {
    "utm_source": "utm.source",
    "utm_medium": "utm.medium",
    "utm_campaign": "utm.campaign",
    "utm_term": "utm.term",
    "utm_content": "utm.content",
    "session_id": "sessionId",
    "time_on_page": "timeOnPage",
    "is_bounce": "isBounce",
    "time_zone": "timeZone",
}


FIELDS = table(HTTP, ["field", "JSON type"])


def test_every_field_of_an_event_is_in_the_docs_and_no_other():
    documented = {name.strip("`") for name, _, _ in FIELDS}
    fields = {WIRE_NAMES.get(name, name) for name in Event._fields}
    assert documented == fields | {"siteId", "utm"}


@pytest.mark.parametrize(("field", "kind"), [row[:2] for row in FIELDS if row[0] != "`siteId`"])
def test_every_field_has_the_type_that_the_docs_say(field, kind):
    outer, _, inner = field.strip("`").partition(".")
    wrong = ["a list"]
    event = {"type": "event", outer: {inner: wrong} if inner else wrong}
    article = "an" if kind[0] in "aeio" else "a"
    assert parse_event(event) == f"{field.strip('`')} must be {article} {kind}"


def test_the_examples_of_the_docs_are_accepted(wrapped):
    (head, body), *_ = [block.split("\n\n", 1) for block in blocks(HTTP, "http")]
    headers = dict(line.split(": ") for line in head.splitlines()[1:])
    assert wrapped.post(body.encode(), origin=headers["Origin"]).json == {"success": True}
    (batch,) = blocks(HTTP, "json")
    assert wrapped.post(json.loads(batch)).json == {"success": True, "count": 2}
    assert len(wrapped.hits()) == 3


def test_the_headers_of_a_preflight_are_in_the_docs(wrapped):
    asks = {"Origin": "https://example.com", "Access-Control-Request-Method": "POST"}
    answer = wrapped.app.options("/api/track", headers=asks)
    shown = [line for block in blocks(HTTP, "http")[1:] for line in block.splitlines()]
    sent = [f"{name}: {value}" for name, value in answer.headers.items()]
    assert sorted(shown) == sorted(set(sent) - {"Cache-Control: no-store"})


@pytest.mark.parametrize("text", [README, HTTP], ids=["README", "docs/http.md"])
def test_the_docs_have_every_type_and_every_reason_for_a_drop(text):
    assert {row[0].strip("`") for row in table(text, ["reason"])} == set(get_args(Reason))
    for kind in TYPES:
        assert f"`{kind}`" in text


def test_the_readme_has_every_column_in_order():
    columns = [name for row in table(README, ["column"]) for name in re.findall(r"`(\w+)`", row[0])]
    assert columns == ["id", *Hit._fields]


def test_the_readme_has_the_type_of_every_column(wrapped):
    wrapped.track()
    found = {row["name"]: row for row in wrapped.query("pragma table_info(hits)")}
    for names, kind, _ in table(README, ["column"]):
        for name in re.findall(r"`(\w+)`", names):
            row = found.pop(name)
            required = row["notnull"] or row["pk"]
            assert kind == row["type"].upper() + ("" if required else " or NULL")
    assert found == {}


def test_the_docs_name_the_servers_that_are_tested():
    documented = {
        (name.lower(), chunks == "is read")
        for name, _, chunks in table(SERVERS, ["server", "tested as"])
    }
    tested = {(name.partition("-")[0], kind.decodes_chunks) for name, kind in KINDS.items()}
    assert documented == tested


TESTS_THAT_SHOW_IT = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", SECURITY)


def test_every_threat_has_a_test_that_exists():
    assert len(TESTS_THAT_SHOW_IT) == SECURITY.count("::") > 50
    for file, name in TESTS_THAT_SHOW_IT:
        text = (ROOT / file).read_text("utf-8")
        assert re.search(rf"^ *def {name}\(", text, re.MULTILINE), f"{file}::{name}"


def test_every_module_that_stands_against_a_threat_exists():
    modules = re.findall(r"`((?!tests/)[\w/]+\.py)`", SECURITY)
    assert len(modules) > 30
    for module in modules:
        assert (ROOT / "ztas_middleware" / module).is_file(), module


def anchors(page):
    """The anchors that a page's headings have on GitHub."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text("utf-8")):
        file, _, anchor = target.partition("#")
        linked = (page.parent / file).resolve() if file else page
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors(linked), target


def test_the_page_for_programs_names_every_page_of_the_docs_and_no_other():
    listing = ROOT / "docs" / "llms.txt"
    named = re.findall(r"^- \[.+\]\((.+?)\): ", listing.read_text("utf-8"), re.MULTILINE)
    assert all((listing.parent / name).is_file() for name in named)
    pages = {page.name for page in listing.parent.glob("*.md")} | {"openapi.yaml"}
    assert sorted(named) == sorted(pages | {"../README.md", "../CHANGELOG.md"})


def test_the_index_of_the_readme_names_every_page_of_the_docs():
    index = README.partition("## Documentation")[2]
    named = set(re.findall(r"\(docs/(\S+?)\)", index))
    assert {page.name for page in (ROOT / "docs").glob("*.*")} <= named


def test_each_release_of_the_changelog_has_each_heading_once():
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    releases = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    assert len(releases) >= 2
    for release in releases:
        headings = re.findall(r"^### (.+)$", release, re.MULTILINE)
        assert len(headings) == len(set(headings)), release.partition("\n")[0]


def test_every_module_that_the_architecture_names_exists():
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    named = set(re.findall(r"`((?:\w+/)*\w+(?:\.py|/))`", text)) - {"ztas_middleware/"}
    assert len(named) > 40
    package = ROOT / "ztas_middleware"
    for name in named:
        assert (package / name).exists() or list(package.rglob(f"*/{name}")), name
