"""`ztas init` and `ztas sites`: a config that works, and grows without losing a comment."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
import webtest
from processes import ROOT

from ztas_middleware import ZTASMiddleware
from ztas_middleware.config import load_config


def test_the_reference_config_is_the_one_that_is_shipped():
    shipped = ROOT / "ztas_middleware" / "config" / "reference.yaml"
    assert shipped.read_text() == (ROOT / "conf" / "ztas.yaml").read_text(), (
        "cp conf/ztas.yaml ztas_middleware/config/reference.yaml"
    )


def test_init_writes_a_config_with_every_key(shop):
    shop.config.unlink()
    out = shop.ok("init", "--domain", "shop.example")
    assert out.startswith("conf/ztas.yaml: written, with the site site_")
    (site,) = load_config(shop.config).sites.values()
    assert site.domains[0].host == "shop.example"
    assert f'<script defer src="/js/ztas.js" data-site="{site.id}"></script>' in out
    reference = (ROOT / "conf" / "ztas.yaml").read_text()
    written = shop.config.read_text()
    lines = zip(reference.splitlines(), written.splitlines(), strict=True)
    assert [line for line, other in lines if line != other] == [
        "#script: null",
        "  site_abc123:",
        "    domain: example.com",
    ]
    assert shop.ok("check").startswith("conf/ztas.yaml: ok, 1 site\n")


def test_init_takes_an_id_and_several_domains(shop):
    shop.config.unlink()
    named = [
        word for name in ("a.example", "[::1]:3000", "*.b.example") for word in ("--domain", name)
    ]
    out = shop.ok("init", "--id", "yes", *named)
    assert out.startswith("conf/ztas.yaml: written, with the site yes (a.example, [::1]:3000, ")
    (site,) = load_config(shop.config).sites.values()
    assert site.id == "yes"
    assert [domain.host for domain in site.domains] == ["a.example", "::1", "b.example"]


def test_init_writes_nothing_that_can_not_be_used(shop):
    shop.config.unlink()
    assert "a site id has at most 64 characters" in shop.error("init", "--id", "x" * 65)
    assert not shop.config.exists()


@pytest.mark.parametrize("arguments", [["new/place.yaml"], ["--config", "new/place.yaml"]])
def test_init_writes_where_one_says(shop, arguments):
    shop.ok("init", *arguments)
    assert load_config("new/place.yaml").sites


def test_init_leaves_what_is_there_alone(shop):
    before = shop.config.read_text()
    assert shop.error("init") == "conf/ztas.yaml: is there already"
    assert shop.config.read_text() == before
    Path("file").write_text("")
    assert shop.error("init", "file/x.yaml") == "file/x.yaml: file is no folder"
    Path("closed").symlink_to("nowhere/at/all")
    assert shop.error("init", "closed") == "closed: is there already"
    assert "cannot be written" in shop.error("init", f"new/{'x' * 300}.yaml")
    assert "Invalid value for '--domain'" in shop.error("init", "x", "--domain", "a b", exit_code=2)


def test_a_site_is_added_with_an_id_and_a_tag(shop):
    before = shop.config.read_text()
    shop.config.write_text("script: /js/ztas.js\n" + before)
    out = shop.ok("sites", "add", "new.example")
    (site_id,) = re.findall(r"added the site (site_[a-z0-9]{8}) \(new\.example\)", out)
    assert out.endswith(f'\n\n  <script defer src="/js/ztas.js" data-site="{site_id}"></script>\n')
    assert shop.config.read_text() == (
        f"script: /js/ztas.js\n{before}  {site_id}:\n    domain: new.example\n"
    )


def test_a_tag_without_a_script_says_what_is_missing(shop):
    out = shop.ok("sites", "add", "new.example", "--id", "new")
    assert "`script: /js/ztas.js`" in out
    assert 'data-site="new"></script>' in out


def test_a_site_as_json(shop):
    found = json.loads(shop.ok("sites", "add", "*.x.example", "--id", "x", "--json"))
    assert found == {
        "id": "x",
        "domain": "*.x.example",
        "tag": '<script defer src="/js/ztas.js" data-site="x"></script>',
    }


def test_a_running_server_takes_the_site_up(shop):
    middleware = ZTASMiddleware(lambda *_: [], str(shop.config))
    app = webtest.TestApp(middleware)
    body = {"siteId": "new", "type": "pageview"}
    assert app.post_json("/api/track", body, expect_errors=True).status_int == 404
    shop.ok("sites", "add", "new.example", "--id", "new")
    deadline = time.monotonic() + 5
    while app.post_json("/api/track", body, expect_errors=True).status_int == 404:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    middleware.close()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["new.example", "--id", "blog"], 'there is a site "blog" already'),
        (["example.com"], 'example.com belongs to the site "site_abc123" already'),
        (["EXAMPLE.com."], 'EXAMPLE.com. belongs to the site "site_abc123" already'),
        (["new.example", "--timezone", "Mars"], 'unknown timezone "Mars"'),
    ],
)
def test_mistakes(shop, arguments, problem):
    before = shop.config.read_text()
    assert problem in shop.error("sites", "add", *arguments)
    assert shop.config.read_text() == before


def test_a_domain_that_is_none(shop):
    assert "without path" in shop.error("sites", "add", "example.com/path", exit_code=2)


def test_the_list(shop):
    with shop.config.open("a") as file:
        file.write(
            "    retention_days: 90\n  v6:\n    domain: ['[::1]:3000', 'https://x.example']\n"
        )
    assert shop.ok("sites", "list") == (
        "site_abc123  example.com (UTC)\n"
        "blog         blog.example.com, *.example.net (Europe/Berlin, hits kept 90 days)\n"
        "v6           [::1]:3000, https://x.example (UTC)\n"
    )
    assert json.loads(shop.ok("sites", "list", "--json"))[1] == {
        "id": "blog",
        "domains": ["blog.example.com", "*.example.net"],
        "timezone": "Europe/Berlin",
        "retentionDays": 90,
    }


# Taking a site out


def test_a_site_leaves_the_file_and_its_rows_stay(shop):
    shop.fill(shop.hit(), shop.hit(site_id="blog"), shop.hit(site_id="blog"))
    said = shop.ok("sites", "remove", "blog")
    assert "removed the site blog" in said
    assert "2 hits of blog are still in" in said
    assert "blog" not in shop.config.read_text()
    assert shop.rows("select count(*) from hits where site_id = 'blog'") == [(2,)]
    assert "blog: 2 hits of a site that is not in the config" in shop.ok("check")
    assert "2 hits are of blog, which is not in the config" in shop.ok("doctor")


def test_everything_of_a_site_goes_with_it(shop):
    shop.fill(*(shop.hit(site_id=name) for name in ("blog", "site_abc123") for _ in range(700)))
    with closing(sqlite3.connect(shop.database)) as connection, connection:
        for day in range(450):
            connection.execute("insert into drops values ('blog', ?, 'bot', 1)", (str(day),))
        connection.execute("insert into drops values ('site_abc123', '1', 'bot', 1)")
        connection.execute("insert into login_tries (time, address) values (1, 'x')")
    assert "deleted 700 hits of blog" in shop.ok("sites", "remove", "blog", "--data", "--yes")
    tables = shop.rows(
        """
        select tables.name from sqlite_schema as tables
        join pragma_table_info(tables.name) as columns on columns.name = 'site_id'
        where tables.type = 'table'
        """
    )
    assert ("hits",) in tables
    for (table,) in tables:
        assert shop.rows(f"select count(*) from {table} where site_id = 'blog'") == [(0,)], table
    assert shop.rows("select count(*) from hits") == [(700,)]
    assert shop.rows("select sum(count) from drops") == [(1,)]
    assert shop.rows("select count(*) from login_tries") == [(1,)]


def test_its_history_goes_too(shop):
    shop.config.write_text("keep_hits_days: 30\n" + shop.config.read_text())
    day = 86_400_000
    now = time.time_ns() // 1_000_000
    for site in ("blog", "site_abc123"):
        shop.fill(*(shop.hit(time=now - age * day, site_id=site) for age in (41, 40, 1, 0)))
    shop.ok("rollup")
    assert shop.rows("select count(*) from hits") == [(4,)]
    result = shop.run("sites", "remove", "blog", "--data", input="y\n")
    assert "Delete 4 hits of blog" in result.output
    assert "deleted 4 hits of blog, and its history" in result.output
    names = {file.parent.name for file in shop.folder.rglob("*.parquet")}
    assert names == {"site=site_abc123"}
    assert [file.name for file in shop.folder.rglob(".*.lock")] == [".site_abc123.lock"]
    assert len(shop.ok("export", "site_abc123").splitlines()) == 5


def test_rows_of_a_site_that_left_before_can_go_too(shop):
    shop.fill(shop.hit(site_id="gone"))
    assert "deleted 1 hits of gone" in shop.ok("sites", "remove", "gone", "--data", "--yes")
    assert shop.rows("select count(*) from hits") == [(0,)]


@pytest.mark.parametrize("answer", ["n\n", "", "what?\n"], ids=["no", "nobody there", "nonsense"])
def test_who_does_not_say_yes_keeps_everything(shop, answer):
    shop.fill(shop.hit(site_id="blog"))
    before = shop.config.read_text()
    result = shop.run("sites", "remove", "blog", "--data", input=answer)
    assert result.exit_code == 1
    assert "ztas: nothing was changed; with --yes it is not asked" in result.output
    assert "Delete 1 hits of blog" in result.output
    assert shop.config.read_text() == before
    assert shop.rows("select count(*) from hits") == [(1,)]


def test_a_site_that_is_not_there_or_the_last_one_is_not_removed(shop):
    assert 'did you mean "blog"?' in shop.error("sites", "remove", "blogg")
    shop.ok("sites", "remove", "blog")
    assert "is the only site of" in shop.error("sites", "remove", "site_abc123", "--data", "--yes")
