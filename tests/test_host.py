"""What only the app knows: events of its own, names of pages, and who does not count."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextvars import copy_context
from decimal import Decimal
from enum import Enum
from fractions import Fraction

import pytest
from doors import settle
from processes import ROOT

from ztas_middleware import current, track, viewing, views

FRONT_DOORS = ("wsgi", "asgi")
SITE = "site_abc123"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/120.0.0.0 Safari/537.36"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
STRIPE = "Stripe/1.0 (+https://stripe.com/docs/webhooks)"


def answering(work):
    """An app that does something in each request."""

    def application(environ, start_response):
        work(environ)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
        return [b"ok"]

    return application


def visit(wrapped, path="/", **headers):

    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return wrapped.app.get(
        path,
        headers={"User-Agent": CHROME} | names,
        extra_environ={"REMOTE_ADDR": "203.0.113.9", "HTTP_HOST": "example.com"},
    )


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """Each test may say what went wrong, and finds no app of another one."""
    monkeypatch.setattr("ztas_middleware.tracking._outages", type(viewing._outages)())
    monkeypatch.setattr("ztas_middleware.viewing._outages", type(viewing._outages)())
    current.receptions.clear()
    viewing._all.clear()


class TestTrack:
    def test_an_event_in_a_request_is_that_visitors(self, wrap):
        def buy(environ):
            track(
                "paid",
                category="shop",
                label="tea",
                value=Decimal("24.5"),
                properties={"plan": "pro", "seats": 3, "trial": False},
            )

        wrapped = wrap(application=answering(buy))
        visit(wrapped, "/k%C3%A4ufe?secret=1")
        wrapped.track(path="/k%C3%A4ufe")
        event, page = wrapped.hits()
        assert (event["type"], event["path"], event["action"]) == ("event", "/käufe", "paid")
        assert (event["category"], event["label"], event["value"]) == ("shop", "tea", 24.5)
        assert json.loads(event["properties"]) == {"plan": "pro", "seats": 3, "trial": False}
        assert event["visitor"] == page["visitor"]
        assert (event["browser"], event["os"]) == ("Chrome", "Windows")

    def test_texts_and_numbers_of_other_classes_are_what_they_stand_for(self, wrap):
        class Plan(str, Enum):
            PRO = "pro"

        class Markup(str):
            __slots__ = ()

        def buy(environ):
            properties = {1: Fraction(1, 4), Plan.PRO: Plan.PRO, "price": Decimal("9.5"), "a": []}
            track(Markup("paid"), category=Plan.PRO, value=Fraction(1, 2), properties=properties)

        wrapped = wrap(application=answering(buy))
        visit(wrapped)
        (event,) = wrapped.hits()
        assert (event["action"], event["category"], event["value"]) == ("paid", "pro", 0.5)
        assert json.loads(event["properties"]) == {"1": 0.25, "price": 9.5, "pro": "pro"}

    def test_an_event_outside_of_a_request_is_nobodys(self, wrap):
        wrapped = wrap(application=answering(lambda environ: None))
        visit(wrapped)
        track("renewed", site=SITE, value=9)
        track("renewed")  # the only site there is
        first, second = wrapped.hits()
        assert (first["visitor"], first["action"], first["value"]) == ("", "renewed", 9.0)
        assert (first["browser"], first["session_id"], first["path"]) == ("Other", None, "/")
        assert second["visitor"] == ""

    @pytest.mark.parametrize("agent", [STRIPE, "python-requests/2.32", ""])
    def test_a_webhooks_event_is_nobodys(self, wrap, agent):
        wrapped = wrap(application=answering(lambda environ: track("paid", site=SITE)))
        visit(wrapped, User_Agent=agent)
        (event,) = wrapped.hits()
        assert event["visitor"] == ""

    def test_an_event_of_a_crawler_is_dropped_as_its_hits_are(self, wrap):
        wrapped = wrap(application=answering(lambda environ: track("opened")))
        visit(wrapped, User_Agent=GOOGLEBOT)
        assert wrapped.hits() == []
        assert wrapped.drops() == {(SITE, "bot"): 1}

    def test_the_site_is_the_one_of_the_host(self, wrap):
        sites = {SITE: {"domain": "example.com"}, "shop": {"domain": "shop.example"}}
        wrapped = wrap({"sites": sites}, answering(lambda environ: track("opened")))
        visit(wrapped)
        visit(wrapped, Host="shop.example")
        assert [hit["site_id"] for hit in wrapped.hits()] == [SITE, "shop"]

    WRONG = {
        "no action": lambda: track(""),
        "an action that is no text": lambda: track(7),
        "a label that is no text": lambda: track("x", label=7),
        "a value that is no number": lambda: track("x", value="24"),
        "an infinite value": lambda: track("x", value=float("inf")),
        "a value that is too large": lambda: track("x", value=10**400),
        "a value that is a list": lambda: track("x", value=[1]),
        "properties that are none": lambda: track("x", properties=7),
        "an unknown site": lambda: track("x", site="other"),
    }

    @pytest.mark.parametrize("call", WRONG.values(), ids=WRONG)
    def test_nothing_is_raised_and_one_line_is_logged(self, wrap, call, caplog):
        wrapped = wrap(application=answering(lambda environ: call()))
        assert visit(wrapped).body == b"ok"
        assert wrapped.hits() == []
        (record,) = caplog.records
        assert "track()" in record.message

    def test_without_any_app_one_line_says_what_is_missing(self, caplog, monkeypatch):
        monkeypatch.delenv("ZTAS_CONFIG", raising=False)
        track("x", site=SITE)
        (record,) = caplog.records
        assert "ZTAS_CONFIG" in record.message

    def test_a_thread_with_the_requests_context_is_in_it(self, wrap):
        def work(environ):
            thread = threading.Thread(target=copy_context().run, args=(track, "sent"))
            thread.start()
            thread.join()

        wrapped = wrap(application=answering(work))
        visit(wrapped)
        (event,) = wrapped.hits()
        assert event["visitor"] != ""

    def test_an_app_that_is_a_generator_is_in_its_request(self, wrap):
        def application(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            track("begun")
            yield b"ok"

        wrapped = wrap(application=application)
        visit(wrapped)
        track("later", site=SITE)
        begun, later = wrapped.hits()
        assert begun["visitor"] != ""
        assert later["visitor"] == ""


class TestViews:
    def test_page_views_of_a_page(self, wrap):
        seen = []
        wrapped = wrap(application=answering(lambda environ: seen.append(views("/a"))))
        for path in ("/a", "/a", "/b"):
            wrapped.track(path=path)
        wrapped.track("event", path="/a")
        assert len(wrapped.hits()) == 4
        visit(wrapped)
        assert seen == [2]
        assert (views("/a", SITE), views("/b"), views("/none")) == (2, 1, 0)

    def test_it_is_brought_up_to_date_once_a_minute(self, wrap, monkeypatch):
        clock = [1000.0]
        wrapped = wrap()
        monkeypatch.setattr(viewing.time, "monotonic", lambda: clock[0])
        wrapped.track(path="/a")
        settle(wrapped.middleware)
        assert views("/a") == 1
        wrapped.track(path="/a")
        settle(wrapped.middleware)
        assert views("/a") == 1
        clock[0] += 60
        assert views("/a") == 2

    def test_a_database_that_can_not_be_read_is_no_matter_to_the_app(self, wrap, caplog):
        wrapped = wrap()
        wrapped.file.write_bytes(b"no database, and longer than a header" * 100)
        assert views("/a", SITE) == 0
        assert "views()" in caplog.text

    def test_much_is_counted_in_a_thread_of_its_own(self, wrap, monkeypatch):
        monkeypatch.setattr(viewing, "MUCH", 2)
        monkeypatch.setattr(viewing, "PATIENCE", 10.0)
        wrapped = wrap()
        for _ in range(5):
            wrapped.track(path="/a")
        assert len(wrapped.hits()) == 5
        before = threading.active_count()
        assert views("/a") == 5
        assert threading.active_count() <= before

    def test_a_path_has_one_form(self, wrap):
        wrapped = wrap()
        wrapped.track(path="/k%C3%A4se?x=1")
        assert len(wrapped.hits()) == 1
        assert views("/käse") == views("/k%C3%A4se") == 1


class TestRoutes:
    def test_a_callable_names_pages(self, wrap):
        asked = []

        def route(path):
            asked.append(path)
            return "/articles/<id>" if path.startswith("/articles/") else None

        wrapped = wrap(route=route)
        for path in ("/articles/1", "/articles/2", "/articles/1", "/about"):
            wrapped.track(path=path)
        assert [hit["route"] for hit in wrapped.hits()] == ["/articles/<id>"] * 3 + [None]
        assert asked == ["/articles/1", "/articles/2", "/about"], "asked again"

    def test_a_callable_that_fails_costs_no_hit(self, wrap, caplog):
        wrapped = wrap(route=lambda path: 1 / 0)
        wrapped.track(path="/a")
        assert [hit["route"] for hit in wrapped.hits()] == [None]
        assert "division by zero" in caplog.text

    def test_the_configuration_names_pages(self, wrap):
        routes = ["/articles/*", "/users/*/posts"]
        wrapped = wrap({"sites": {SITE: {"domain": "example.com", "routes": routes}}})
        for path in ("/articles/1", "/users/7/posts", "/users/7"):
            wrapped.track(path=path)
        assert [hit["route"] for hit in wrapped.hits()] == [*routes, None]

    def test_what_is_remembered_is_bounded(self, wrap):
        wrapped = wrap(route=lambda path: path)
        routes = wrapped.middleware._reception.recorder._routes
        for number in range(5000):
            routes.of(SITE, f"/{number}", {})
        assert len(routes._remembered) <= 4096


class TestExclude:
    def test_whom_the_app_excludes_is_counted_nowhere(self, wrap):
        def exclude(asked):
            if "REQUEST_METHOD" in asked:
                return "staff=1" in asked.get("HTTP_COOKIE", "")
            return any(b"staff=1" in value for _, value in asked["headers"])

        wrapped = wrap(application=answering(lambda environ: track("opened")), exclude=exclude)
        wrapped.track(headers={"Cookie": "a=b; staff=1"})
        visit(wrapped, Cookie="staff=1")
        assert wrapped.hits() == []
        assert wrapped.drops() == {(SITE, "excluded"): 2}
        wrapped.track()
        assert len(wrapped.hits()) == 1

    def test_an_asynchronous_callable_is_refused(self, wrap):
        async def exclude(asked):
            return False

        with pytest.raises(TypeError, match="exclude= must be a plain function"):
            wrap(exclude=exclude)

    def test_a_callable_that_fails_excludes_nobody(self, wrap, caplog):
        wrapped = wrap(exclude=lambda asked: asked["nothing"])
        wrapped.track()
        assert len(wrapped.hits()) == 1
        assert "nothing" in caplog.text


def test_a_job_finds_its_configuration_in_the_environment(tmp_path):
    (tmp_path / "ztas.yaml").write_text("sites: {site_abc123: {domain: example.com}}\n")
    code = "from ztas_middleware import track; track('done', site='site_abc123', value=2)"
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "ZTAS_CONFIG": str(tmp_path / "ztas.yaml"),
    }
    subprocess.run([sys.executable, "-W", "error", "-c", code], env=environment, check=True)
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(tmp_path / "ztas.db")) as connection:
        assert connection.execute("select action, value, visitor from hits").fetchall() == [
            ("done", 2.0, "")
        ]


def test_an_import_inside_of_a_request_is_early_enough(tmp_path):
    """Requests are remembered once somebody has asked; the one that asks first is no exception."""
    code = """
import io
from ztas_middleware import ZTASMiddleware

def application(environ, start_response):
    from ztas_middleware import track
    track("opened")
    start_response("200 OK", [])
    return []

middleware = ZTASMiddleware(application, {"sites": {"a": {"domain": "a.example"}}})
for _ in range(2):
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/x", "REMOTE_ADDR": "203.0.113.9"}
    environ["HTTP_USER_AGENT"] = "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Firefox/125.0"
    middleware(environ, lambda *_: None)
middleware.close()
import sqlite3
rows = sqlite3.connect("ztas.db").execute("select path, visitor != '' from hits").fetchall()
assert rows == [("/x", 1)] * 2, rows
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=tmp_path, check=True)
