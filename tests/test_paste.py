"""The PasteDeploy filter, from an ini file; `egg:ztas-middleware` itself is the examples' test."""

from __future__ import annotations

import re

import pytest
import webtest
from paste.deploy import loadapp

from ztas_middleware import ConfigError, ZTASMiddleware
from ztas_middleware.paste import filter_app_factory

INI = """
[pipeline:main]
pipeline = ztas site

[filter:ztas]
paste.filter_app_factory = ztas_middleware.paste:filter_app_factory
{settings}

[app:site]
paste.app_factory = paste_site:make
"""

SITE = """
def make(global_config):
    def site(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"the site"]

    return site
"""


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Load a pipeline whose filter has these settings."""
    (tmp_path / "paste_site.py").write_text(SITE)
    (tmp_path / "ztas.yaml").write_text("sites:\n  site_abc123:\n    domain: example.com\n")
    monkeypatch.syspath_prepend(tmp_path)
    made = []

    def load(settings):
        (tmp_path / "site.ini").write_text(INI.format(settings=settings))
        made.append(loadapp(f"config:{tmp_path / 'site.ini'}"))
        return made[-1]

    yield load
    for application in made:
        application.close()


def test_the_filter_wraps_the_app(load, tmp_path):
    application = load("config = %(here)s/ztas.yaml")
    assert isinstance(application, ZTASMiddleware)
    assert application.config.database == tmp_path / "ztas.db"
    app = webtest.TestApp(application)
    assert app.get("/").text == "the site"
    answer = app.post_json("/api/track", {"siteId": "site_abc123", "type": "pageview"})
    assert answer.json == {"success": True}
    assert (tmp_path / "ztas.db").exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("", "the PasteDeploy section needs `config = %(here)s/ztas.yaml`"),
        ("config =", "the PasteDeploy section needs `config = %(here)s/ztas.yaml`"),
        (
            "config = %(here)s/ztas.yaml\nsites = 2\nendpoint = /hits",
            "unknown setting in the PasteDeploy section: endpoint, sites (only config is read)",
        ),
        ("config = nowhere.yaml", "nowhere.yaml: no such file"),
    ],
    ids=["no config", "an empty config", "other settings", "a file that is not there"],
)
def test_what_is_wrong_with_a_section_is_said_at_once(load, settings, message):
    with pytest.raises(ConfigError, match="^" + re.escape(message)):
        load(settings)


def test_the_defaults_of_an_ini_are_not_the_filters(tmp_path):
    (tmp_path / "ztas.yaml").write_text("sites:\n  site_abc123:\n    domain: example.com\n")
    defaults = {"here": str(tmp_path), "__file__": "site.ini", "debug": "true"}
    config = str(tmp_path / "ztas.yaml")
    assert filter_app_factory(print, defaults, config=config).config.endpoint == "/api/track"
