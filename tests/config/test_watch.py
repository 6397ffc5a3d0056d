"""A changed file is noticed by the process that serves, and only a valid one is used."""

from __future__ import annotations

import json
import logging
import os

import pytest
import webtest

from ztas_middleware import ZTASMiddleware, load_config, reception

ONE_SITE = "sites:\n  a: {domain: a.example}\n"
TWO_SITES = "sites:\n  a: {domain: a.example}\n  b: {domain: b.example}\n"

WITH_DASHBOARD = """
database: other.db
dashboard: {path: /ztas/}
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    # Every request looks, so that a test need not wait for the next second.
    monkeypatch.setattr(reception, "TICK", 0)
    file = tmp_path / "ztas.yaml"
    file.write_text(ONE_SITE)
    return file


@pytest.fixture
def app(file):
    middleware = ZTASMiddleware(lambda environ, start_response: [], file)
    yield webtest.TestApp(middleware, lint=False)
    middleware.close()


def write(file, text):
    """Replace a file in one step, as `ztas sites add` and good editors do."""
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


def status(app, site):
    body = json.dumps({"siteId": site, "type": "pageview"})
    return app.post("/api/track", body, expect_errors=True).status_int


def test_a_site_that_is_added_is_accepted(app, file):
    assert status(app, "b") == 404
    write(file, TWO_SITES)
    assert status(app, "b") == 200
    assert status(app, "a") == 200


def test_a_site_that_is_added_while_the_process_starts_is_accepted(file):
    config = load_config(file)
    write(file, TWO_SITES)
    middleware = ZTASMiddleware(lambda environ, start_response: [], config)
    assert status(webtest.TestApp(middleware, lint=False), "b") == 200
    middleware.close()


def test_a_site_that_is_removed_is_refused(app, file):
    write(file, TWO_SITES)
    assert status(app, "b") == 200
    write(file, ONE_SITE)
    assert status(app, "b") == 404


def test_a_broken_edit_changes_nothing_and_is_logged_once(app, file, caplog):
    write(file, "sites:\n  a: {domian: a.example}\n")
    for _ in range(5):
        assert status(app, "a") == 200
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert f'{file}:2:7: sites.a.domian: unknown key (did you mean "domain"?)' in record.message
    write(file, TWO_SITES)
    assert status(app, "b") == 200


def test_a_file_that_is_gone_for_a_moment_changes_nothing(app, file, caplog):
    file.rename(file.with_suffix(".away"))
    assert status(app, "a") == 200
    assert caplog.records == []
    write(file, TWO_SITES)
    assert status(app, "b") == 200


def test_an_edit_in_place_is_noticed(app, file):
    before = file.stat()
    file.write_text(ONE_SITE.replace("a.example", "c.example"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    answer = app.post(
        "/api/track",
        json.dumps({"siteId": "a", "type": "pageview"}),
        headers={"Origin": "https://c.example"},
    )
    assert answer.status_int == 200


def test_an_edit_that_needs_what_is_not_installed_changes_nothing(app, file, caplog, monkeypatch):
    assert status(app, "a") == 200
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    write(file, TWO_SITES.replace("}", ", public: true}") + WITH_DASHBOARD)
    assert status(app, "b") == 404, "half of the new configuration is in force"
    assert not file.with_name("other.db").exists()
    (record,) = caplog.records
    assert "Jinja2" in record.message
    monkeypatch.undo()
    write(file, TWO_SITES)
    assert status(app, "b") == 200


def test_another_database_is_used_from_then_on(app, file, tmp_path):
    assert status(app, "a") == 200
    write(file, "database: other.db\n" + ONE_SITE)
    assert status(app, "a") == 200
    assert (tmp_path / "other.db").exists()


def test_another_endpoint_leaves_the_old_one_to_the_app(file):
    def application(environ, start_response):
        start_response("418 I'm a teapot", [("Content-Type", "text/plain")])
        return [b""]

    middleware = ZTASMiddleware(application, file)
    app = webtest.TestApp(middleware)
    write(file, "endpoint: /hits/é\n" + ONE_SITE)
    assert status(app, "a") == 418
    answer = app.post("/hits/%C3%A9", json.dumps({"siteId": "a", "type": "pageview"}))
    assert answer.json == {"success": True}
    middleware.close()


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_what_is_no_file_changes_nothing_and_is_said_once(app, file, caplog, make):
    before = file.read_bytes()
    file.unlink()
    make(file)
    for _ in range(3):
        assert status(app, "a") == 200
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "is no file" in caplog.text
    (file.unlink if file.is_fifo() else file.rmdir)()
    file.write_bytes(before.replace(b"a:", b"b:"))
    assert status(app, "b") == 200
