"""What has a form, cookies and long answers, through both front doors."""

from __future__ import annotations

import pytest
from cheap_passwords import cheap_hash

FRONT_DOORS = ("wsgi", "asgi")
PASSWORD = "correct horse"


@pytest.fixture
def wrapped(wrap):
    return wrap(
        {
            "dashboard": {"path": "/ztas/", "password": cheap_hash(PASSWORD)},
            "script": "/js/ztas.js",
            "sites": {"site_abc123": {"domain": "example.com"}},
        }
    )


def test_one_logs_in_looks_and_logs_out(wrapped):
    wrapped.track(path="/pricing")
    app = wrapped.app
    asked = app.get("/ztas/site_abc123")
    assert asked.status_int in (302, 303)
    assert "/ztas/-/login" in asked.headers["Location"]
    assert app.post("/ztas/-/login", {"password": "wrong"}, expect_errors=True).status_int == 403
    app.post("/ztas/-/login", {"password": PASSWORD}, status=303)
    page = app.get("/ztas/site_abc123", status=200)
    assert "/pricing" in page.text
    assert "script-src" in page.headers["Content-Security-Policy"]
    assert app.get("/ztas/site_abc123/csv", expect_errors=True).status_int in (200, 404)
    app.post("/ztas/-/logout", status=303)
    assert app.get("/ztas/site_abc123").status_int in (302, 303)


def test_a_form_that_is_too_long_is_refused(wrapped):
    answer = wrapped.app.post("/ztas/-/login", {"password": "x" * 200_000}, expect_errors=True)
    assert 400 <= answer.status_int < 500


def test_the_script_is_served_once_and_then_known(wrapped):
    first = wrapped.app.get("/js/ztas.js", status=200)
    again = {"If-None-Match": first.headers["ETag"]}
    assert wrapped.app.get("/js/ztas.js", headers=again, status=304).body == b""
    head = wrapped.app.head("/js/ztas.js", status=200)
    assert head.headers["Content-Length"] == first.headers["Content-Length"]
