"""The Flask extension, in an app as people write them."""

from __future__ import annotations

import functools
import json
import sqlite3
from contextlib import closing

import pytest
from flask import Flask, abort, render_template_string, request, session

from ztas_middleware import track
from ztas_middleware.flask import ZTAS

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0"
TAG = '<script defer src="/js/ztas.js" data-site="site_abc123"></script>'
PAGE = "<head>{{ ztas_script() }}</head>{{ ztas_views() }} {{ ztas_views('/articles/1') }}"


def login_required(view):
    @functools.wraps(view)
    def inner(**arguments):
        if not session.get("staff"):
            abort(403)
        return view(**arguments)

    return inner


def make_app(config, **options):
    app = Flask("site")
    app.secret_key = "nothing of value"
    ztas = ZTAS(**options)
    ztas.init_app(app, config)

    @app.get("/")
    def home():
        return render_template_string(PAGE)

    @app.get("/articles/<int:number>")
    def article(number):
        return "an article"

    @app.get("/buy")
    def buy():
        track("paid", value=24.5)
        return "bought"

    @app.get("/login")
    def log_in():
        session["staff"] = True
        return "hello"

    app.register_blueprint(ztas.dashboard(login_required), url_prefix="/stats")
    return app


@pytest.fixture
def config(tmp_path):
    return {
        "database": str(tmp_path / "ztas.db"),
        "script": "/js/ztas.js",
        "sites": {"site_abc123": {"domain": "localhost"}},
    }


@pytest.fixture
def hits(tmp_path):
    def read():
        with closing(sqlite3.connect(tmp_path / "ztas.db")) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute("select * from hits order by id")]

    return read


@pytest.fixture
def make(config):
    made = []

    def make(**options):
        made.append(make_app(config, **options))
        return made[-1].test_client()

    yield make
    for app in made:
        app.wsgi_app.close()


def hit(client, path="/"):
    return client.post(
        "/api/track",
        data=json.dumps({"siteId": "site_abc123", "type": "pageview", "path": path}),
        headers={"Origin": "http://localhost", "User-Agent": FIREFOX},
    )


def test_hits_have_the_rule_of_their_page(make, hits):
    client = make()
    for path in ("/articles/1", "/articles/2", "/missing"):
        assert hit(client, path).json == {"success": True}
    rule = "/articles/<int:number>"
    assert [row["route"] for row in hits()] == [rule, rule, None]


def test_template_functions(make, hits):
    client = make()
    for path in ("/", "/articles/1", "/articles/1"):
        hit(client, path)
    assert client.get("/").text == f"<head>{TAG}</head>1 2"


def test_the_tag_has_the_nonce_of_the_request(make):
    client = make()

    @client.application.before_request
    def policy():
        request.csp_nonce = "abc123"

    assert 'nonce="abc123"' in client.get("/").text


def test_an_event_of_the_app_is_the_visitors(make, hits):
    client = make()
    assert client.get("/buy", headers={"User-Agent": FIREFOX}).text == "bought"
    hit(client)
    event, page = hits()
    assert (event["action"], event["value"], event["path"]) == ("paid", 24.5, "/buy")
    assert event["visitor"] == page["visitor"] != ""


def test_exclude_is_called_with_flasks_request(make, hits):
    client = make(exclude=lambda asked: session.get("staff") and asked.method == "POST")
    hit(client)
    client.get("/login")
    assert hit(client).json == {"success": True}
    assert len(hits()) == 1


def test_the_dashboard_is_behind_the_apps_own_login(make):
    client = make()
    assert client.get("/stats/").status_code == 403
    client.get("/login")
    answer = client.get("/stats/site_abc123")
    assert answer.status_code == 200
    assert "/stats/-/" in answer.text
    assert client.get("/stats", follow_redirects=True).status_code == 200


def test_the_command_has_the_configuration_of_the_app(make, config):
    client = make()
    hit(client, "/counted")
    invoke = client.application.test_cli_runner().invoke
    result = invoke(args=["ztas", "stats", "site_abc123", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.output)["summary"]["pageviews"] == 1
    assert "flask ztas" in invoke(args=["ztas", "--help"]).output


def test_the_configuration_may_be_the_apps(config):
    app = Flask("site")
    app.config["ZTAS_CONFIG"] = config
    ZTAS(app)
    assert hit(app.test_client()).json == {"success": True}
    app.wsgi_app.close()
