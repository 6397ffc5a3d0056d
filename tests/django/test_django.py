"""The Django app, as a project that has installed it."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from contextlib import closing

import django
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command, execute_from_command_line
from django.test import AsyncClient, Client
from django_project import OURS, PAGE

# Django has a connection for each thread, and leaves those of threads that end to Python.
pytestmark = pytest.mark.filterwarnings(
    "ignore:(?s).*sqlite3.Connection:pytest.PytestUnraisableExceptionWarning"
)

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0"
TAG = '<script defer src="/js/ztas.js" data-site="site_abc123"></script>'
HIT = {"siteId": "site_abc123", "type": "pageview"}
NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "User-Agent": FIREFOX}


class Sync:
    """The test client of WSGI."""

    stream = "/stream/"

    def __init__(self):
        self.client = Client()

    def get(self, path, **headers):
        return self.client.get(path, headers=NAVIGATION | headers)

    def hit(self, path="/", **headers):
        names = {"Origin": "http://testserver", "User-Agent": FIREFOX} | headers
        body = json.dumps(HIT | {"path": path})
        return self.client.post("/api/track", body, content_type="text/plain", headers=names)

    def body(self, response):
        return b"".join(response) if response.streaming else response.content

    def log_in(self, user):
        self.client.force_login(user)

    def close(self):
        pass


class Async(Sync):
    """The test client of ASGI: all in one event loop, as a server has one."""

    stream = "/async-stream/"

    def __init__(self):
        self.client = AsyncClient()
        self.loop = asyncio.new_event_loop()

    def get(self, path, **headers):
        return self.loop.run_until_complete(self.client.get(path, headers=NAVIGATION | headers))

    def hit(self, path="/", **headers):
        names = {"Origin": "http://testserver", "User-Agent": FIREFOX} | headers
        body = json.dumps(HIT | {"path": path})
        return self.loop.run_until_complete(
            self.client.post("/api/track", body, content_type="text/plain", headers=names)
        )

    def body(self, response):
        async def read():
            return b"".join([piece async for piece in response])

        if response.streaming and response.is_async:
            return self.loop.run_until_complete(read())
        return super().body(response)

    def close(self):
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()


@pytest.fixture(params=[Sync, Async], ids=["wsgi", "asgi"])
def visitor(request, project):
    made = request.param()
    yield made
    made.close()


@pytest.fixture
def hits(tmp_path):
    from ztas_middleware import current

    def read(sql="select * from hits order by id"):
        for reception in list(current.receptions):
            if reception.defer is not None:
                reception.defer.__self__._write_thread.finish()
            reception.drops.flush()
        if not (tmp_path / "ztas.db").exists():
            return []
        with closing(sqlite3.connect(tmp_path / "ztas.db")) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql)]

    return read


@pytest.fixture
def staff():
    User.objects.filter(username="ann").delete()
    return User.objects.create_user("ann", password="x", is_staff=True)


@pytest.fixture
def reader():
    User.objects.filter(username="bob").delete()
    return User.objects.create_user("bob", password="x")


def test_a_hit_is_stored_with_the_name_of_its_page(visitor, hits):
    for path in ("/articles/1/", "/articles/2/", "/archive/2026/", "/missing/"):
        response = visitor.hit(path)
        assert (response.status_code, response.content) == (200, b'{"success": true}')
        assert response["Access-Control-Allow-Origin"] == "http://testserver"
        assert response["Content-Type"] == "application/json"
    names = [(hit["path"], hit["route"]) for hit in hits()]
    assert names == [
        ("/articles/1/", "/articles/<int:number>/"),
        ("/articles/2/", "/articles/<int:number>/"),
        ("/archive/2026/", "/^archive/(?P<year>[0-9]{4})/$"),
        ("/missing/", None),
    ]
    assert {hit["browser"] for hit in hits()} == {"Firefox"}


def test_what_is_not_ours_is_the_projects(visitor):
    assert visitor.body(visitor.get("/")).decode() == PAGE
    assert visitor.get("/api/track").status_code == 404
    assert visitor.hit(Origin="https://not.example").status_code == 403
    assert visitor.get("/js/ztas.js").status_code == 200


PATHS = ["/", "/async/", "stream"]


def own_stream(visitor, path):
    """A stream of the kind that the server's door is for; Django warns of the other kind."""
    return path.replace("stream", visitor.stream)


@pytest.mark.parametrize("path", PATHS)
def test_pages_get_the_tag(project, visitor, hits, path):
    path = own_stream(visitor, path)
    project(config={"site": {"inject": True, "count_pages": True}})
    fresh = type(visitor)()
    response = fresh.get(path)
    body = fresh.body(response).decode()
    response.close()
    assert body.replace(TAG, "") == PAGE
    assert TAG in body
    if not response.streaming:
        assert response.get("Content-Length", str(len(body))) == str(len(body))
    assert hits() == [], "the script will count it"
    fresh.close()


@pytest.mark.parametrize("path", PATHS)
def test_pages_are_counted(project, visitor, hits, path):
    path = own_stream(visitor, path)
    project(config={"site": {"count_pages": True}})
    fresh = type(visitor)()
    response = fresh.get(path, Referer="https://www.google.com/")
    assert fresh.body(response).decode() == PAGE
    response.close()
    (hit,) = hits()
    assert (hit["path"], hit["referrer"]) == (path, "https://www.google.com/")
    fresh.close()


@pytest.mark.parametrize("path", ["/tracking/", "/async-tracking/"])
def test_an_event_of_the_project_is_the_visitors(visitor, hits, path):
    assert visitor.get(path).content == b"ok"
    visitor.hit()
    event, page = hits()
    assert (event["action"], event["value"], event["path"]) == ("paid", 3.0, path)
    assert event["visitor"] == page["visitor"] != ""


def test_the_staff_is_not_counted(visitor, hits, staff, reader):
    visitor.log_in(staff)
    assert visitor.hit().status_code == 200
    assert hits() == []
    assert hits("select reason, count from drops") == [{"reason": "excluded", "count": 1}]
    visitor.log_in(reader)
    visitor.hit()
    assert len(hits()) == 1


def test_below_a_mount_the_tag_and_the_names_of_pages_know_it(project, hits):
    project(FORCE_SCRIPT_NAME="/shop", config={"site": {"inject": True}})
    for kind in (Sync, Async):
        visitor = kind()
        assert b'src="/shop/js/ztas.js"' in visitor.body(visitor.get("/"))
        visitor.hit("/shop/articles/1/")
        visitor.close()
    assert {hit["route"] for hit in hits()} == {"/articles/<int:number>/"}


def test_a_callable_of_the_project_excludes(project, hits):
    project(ZTAS={"exclude": lambda request: request.headers.get("X-Robot") == "1"})
    visitor = Sync()
    visitor.hit(**{"X-Robot": "1"})
    assert hits() == []
    visitor.hit()
    assert len(hits()) == 1


def test_template_tags(visitor, hits):
    for path in ("/articles/1/", "/articles/1/", "/templated/"):
        visitor.hit(path)
    assert len(hits()) == 3
    body = visitor.body(visitor.get("/templated/")).decode()
    assert f"<head>{TAG}</head>" in body
    assert "<body>1 2</body>" in body


class TestNonce:
    @pytest.mark.parametrize("where", ["csp_nonce", "_csp_nonce"])
    def test_the_tag_has_the_nonce_of_the_request(self, project, where):
        from django.template import engines
        from django.test import RequestFactory
        from django.utils.functional import SimpleLazyObject

        Sync().get("/")  # a wrapped app is there
        request = RequestFactory().get("/")
        setattr(request, where, SimpleLazyObject(lambda: "abc123"))
        template = engines["django"].from_string("{% load ztas %}{% ztas_script %}")
        assert 'nonce="abc123"' in template.render({}, request)

    @pytest.mark.skipif(django.VERSION < (6,), reason="its policy came with Django 6")
    def test_the_tag_has_the_nonce_of_djangos_own_policy(self, project, visitor):
        from django.utils.csp import CSP

        middleware = [*settings.MIDDLEWARE, "django.middleware.csp.ContentSecurityPolicyMiddleware"]
        (templates,) = settings.TEMPLATES
        options = templates["OPTIONS"]
        processors = [*options["context_processors"], "django.template.context_processors.csp"]
        project(
            MIDDLEWARE=middleware,
            SECURE_CSP={"script-src": [CSP.SELF, CSP.NONCE]},
            TEMPLATES=[templates | {"OPTIONS": options | {"context_processors": processors}}],
        )
        answer = visitor.get("/templated/")
        found = re.search(r"'nonce-([^']+)'", answer["Content-Security-Policy"])
        assert f'nonce="{found[1]}"></script>' in visitor.body(answer).decode()


class TestDashboard:
    def test_it_is_for_the_staff_alone(self, visitor, staff, reader):
        answer = visitor.get("/stats/")
        assert answer.status_code == 302
        assert answer["Location"] == "/admin/login/?next=/stats/"
        visitor.log_in(reader)
        assert visitor.get("/stats/").status_code == 403
        visitor.log_in(staff)
        answer = visitor.get("/stats/site_abc123")
        assert answer.status_code == 200
        assert b"testserver" in visitor.body(answer)
        assert "script-src" in answer["Content-Security-Policy"]

    def test_its_links_are_below_the_projects_path(self, staff, project):
        visitor = Sync()
        visitor.log_in(staff)
        body = visitor.body(visitor.get("/stats/site_abc123")).decode()
        assert "/stats/-/" in body
        assert 'href="/-/' not in body

    def test_the_admin_leads_there(self, staff, project):
        visitor = Sync()
        visitor.log_in(staff)
        assert "/admin/ztas/dashboard/" in visitor.get("/admin/").content.decode()
        assert visitor.get("/admin/ztas/dashboard/")["Location"] == "/stats/"


class TestChecks:
    def ids(self):
        return [found.id for found in run_checks() if found.id.startswith("ztas.")]

    def test_a_project_in_order_has_none(self, project):
        assert self.ids() == []

    ORDERS = [
        ([OURS], []),
        (["django.middleware.gzip.GZipMiddleware", OURS], []),
        (["django.middleware.common.CommonMiddleware", OURS], ["ztas.W001"]),
        (["django.middleware.locale.LocaleMiddleware", OURS], ["ztas.W001"]),
        (["django_project.Own", OURS], ["ztas.W001"]),
        ([], []),
    ]

    @pytest.mark.parametrize(("above", "expected"), ORDERS)
    def test_the_middleware_too_low(self, project, above, expected):
        project(MIDDLEWARE=above)
        found = [name for name in self.ids() if name == "ztas.W001"]
        assert found == expected

    HOSTS = [
        (["testserver"], []),
        (["*"], []),
        ([], []),
        (["www.testserver"], []),
        (["other.example", "testserver"], []),
        ([".testserver"], []),
        (["other.example"], ["ztas.W002"]),
    ]

    @pytest.mark.parametrize(("hosts", "expected"), HOSTS)
    def test_hosts_and_domains_that_do_not_meet(self, project, hosts, expected):
        project(ALLOWED_HOSTS=hosts)
        assert self.ids() == expected

    @pytest.mark.parametrize(
        ("changed", "trusted", "expected"),
        [
            ({"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")}, [], ["ztas.W003"]),
            ({"USE_X_FORWARDED_HOST": True}, [], ["ztas.W003"]),
            ({"USE_X_FORWARDED_HOST": True}, ["10.0.0.1"], []),
            ({}, [], []),
        ],
    )
    def test_a_proxy_that_nobody_trusts(self, project, changed, trusted, expected):
        project(config={"trusted_proxies": trusted}, **changed)
        assert self.ids() == expected

    def test_a_database_that_can_not_be_written(self, project, tmp_path):
        project(config={"database": str(tmp_path / "nowhere" / "ztas.db")})
        assert self.ids() == ["ztas.W004"]
        (tmp_path / "file.db").write_bytes(b"no database" * 200)
        project(config={"database": str(tmp_path / "file.db")})
        assert self.ids() == ["ztas.W004"]

    def test_a_mistake_in_the_configuration(self, project):
        project(config={"sits": {}})
        assert self.ids() == ["ztas.E001"]


def test_without_a_setting_the_project_does_not_start(settings_without):
    with pytest.raises(ImproperlyConfigured, match="ZTAS"):
        Client().get("/")


@pytest.fixture
def settings_without():
    from django.test import override_settings

    with override_settings(ZTAS=None):
        yield


def test_an_unknown_key_is_named(project):
    project(ZTAS={"exclude_stuff": True})
    with pytest.raises(ImproperlyConfigured, match="exclude_stuff"):
        Client().get("/")


class TestCommands:
    def test_all_commands_of_ztas(self, project, capsys):
        Sync().hit("/counted")
        with pytest.raises(SystemExit) as done:
            execute_from_command_line(["manage.py", "ztas", "stats", "site_abc123", "--json"])
        assert done.value.code == 0
        assert json.loads(capsys.readouterr().out)["summary"]["pageviews"] == 1

    def test_help_is_ours(self, project, capsys):
        with pytest.raises(SystemExit):
            execute_from_command_line(["manage.py", "ztas", "--help"])
        assert "manage.py ztas [OPTIONS] COMMAND" in capsys.readouterr().out

    def test_called_by_the_project(self, project, capsys):
        Sync().hit()
        with pytest.raises(SystemExit):
            call_command("ztas", "check")
        assert "ztas.db: ok, 1 hit" in capsys.readouterr().out

    def test_sites_are_edited_in_the_settings(self, project, capsys):
        with pytest.raises(SystemExit) as done:
            execute_from_command_line(["manage.py", "ztas", "sites", "add", "x.example"])
        assert done.value.code == 1
        assert "settings" in capsys.readouterr().err
