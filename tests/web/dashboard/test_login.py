"""Who gets in, how often one may try, and where one is then."""

from __future__ import annotations

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import parse_qs, urlsplit

import pytest
from cheap_passwords import cheap_hash
from pages import one_of_each_kind
from small_history import DAY, MINUTE, NOW

from ztas_middleware import ZTASMiddleware
from ztas_middleware.web.dashboard import gate
from ztas_middleware.web.dashboard.sessions import COOKIE, LIFETIME, Sessions
from ztas_middleware.web.dashboard.tries import MOST

LOGIN = "/ztas/-/login"
PASSWORD = "correct horse"
WRONG = "wrong"
ELSEWHERE = {"REMOTE_ADDR": "203.0.113.9"}


def cookie_of(answer):
    return answer.headers["Set-Cookie"]


def test_without_a_session_a_page_leads_to_the_login_and_back(stranger):
    answer = stranger.get("/ztas/shop?period=30d&page=%2Fa%26b", status=303)
    form = answer.follow().forms[0]
    form["password"] = PASSWORD
    back = form.submit()
    assert back.status_int == 303
    assert back.location.endswith("/ztas/shop?period=30d&page=%2Fa%26b")
    assert back.follow().status_int == 200


@pytest.mark.parametrize(
    "path",
    [
        "/ztas/shop",
        "/ztas/shop/drops",
        "/ztas/shop/csv",
        "/ztas/shop/share",
        "/ztas/m%C3%BCnchen/%C3%A4",
    ],
)
def test_nothing_private_is_shown_to_strangers(stranger, path):
    answer = stranger.get(path, status=303)
    assert urlsplit(answer.location).path == LOGIN
    assert answer.body == b""


def test_the_part_that_refreshes_says_that_the_session_is_lost(stranger):
    assert stranger.get("/ztas/shop/realtime", status=401).status_int == 401


def test_public_sites_are_for_everybody(stranger):
    assert stranger.get("/ztas/open").html.h1.text == "open.example"
    overview = stranger.get("/ztas/")
    assert [h2.text for h2 in overview.html.select(".site-card h2")] == ["open.example"]
    assert "shop.example" not in overview.text
    assert stranger.get("/ztas/open/csv").content_type == "text/csv"


def test_without_public_sites_the_list_is_private_too(open_browser):
    stranger = open_browser(sites={"shop": {"domain": "shop.example"}})
    assert urlsplit(stranger.get("/ztas/", status=303).location).path == LOGIN


def test_without_a_password_there_is_no_login(open_browser):
    stranger = open_browser(
        dashboard={"path": "/ztas"}, sites={"open": {"domain": "open.example", "public": True}}
    )
    assert stranger.get("/ztas/").status_int == 200
    assert stranger.get(LOGIN, status=404).html.h1.text == "Not Found"
    assert stranger.post(LOGIN, {"password": ""}, status=404).status_int == 404
    assert "Log in" not in stranger.get("/ztas/open").text
    assert stranger.get("/ztas/open/share", status=404).status_int == 404


def test_a_wrong_password_is_said_and_keeps_the_way_back(stranger):
    form = stranger.get(f"{LOGIN}?next=/shop%3Fperiod%3D30d").forms[0]
    form["password"] = WRONG
    answer = form.submit(status=403)
    assert answer.html.select_one('[role="alert"]').text == "That is not the password."
    assert answer.forms[0]["next"].value == "/shop?period=30d"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "fields", [{}, {"password": ""}, {"other": "x"}, {"password": "x" * 9_000}]
)
def test_no_password_is_no_login(stranger, fields):
    assert "Set-Cookie" not in stranger.post(LOGIN, fields, status=403).headers


def raw(settings, **environ):
    """The answer to what no browser sends, and webtest neither."""
    answers = []
    environ |= {"wsgi.url_scheme": "http"}
    with closing(ZTASMiddleware(lambda environ, start_response: [], settings)) as middleware:
        middleware(environ, lambda *answer: answers.append(answer))
    ((status, headers),) = answers
    return status, dict(headers)


class Reset:
    def read(self, size):
        raise ConnectionResetError


@pytest.mark.parametrize("length", ["9" * 5_000, "9" * 30, "-1", "+1", "x", "\u0661", "30"])
def test_a_form_that_cannot_be_read_is_no_login(settings, length):
    status, headers = raw(
        settings,
        REQUEST_METHOD="POST",
        PATH_INFO=LOGIN,
        CONTENT_LENGTH=length,
        **{"wsgi.input": Reset()},
    )
    assert status == "403 Forbidden"
    assert "Set-Cookie" not in headers


def test_the_cookie_is_for_us_alone(stranger):
    attributes = cookie_of(stranger.log_in()).split("; ")
    assert attributes[0].startswith(f"{COOKIE}_")
    assert {"Path=/ztas/", "HttpOnly", "SameSite=Lax", f"Max-Age={LIFETIME}"} <= set(attributes)
    assert "secure" not in cookie_of(stranger.log_in()).lower()


@pytest.mark.parametrize(
    ("environ", "secure"),
    [
        ({"wsgi.url_scheme": "https"}, True),
        ({"HTTP_X_FORWARDED_PROTO": "https", "REMOTE_ADDR": "127.0.0.1"}, True),
        ({"HTTP_X_FORWARDED_PROTO": "https", "REMOTE_ADDR": "203.0.113.9"}, False),
        ({"HTTP_X_FORWARDED_PROTO": "http", "REMOTE_ADDR": "127.0.0.1"}, False),
        ({"HTTP_X_FORWARDED_PROTO": "https, http", "REMOTE_ADDR": "127.0.0.1"}, True),
        ({"HTTP_X_FORWARDED_PROTO": "http, https", "REMOTE_ADDR": "127.0.0.1"}, False),
        (
            {
                "HTTP_X_FORWARDED_PROTO": "https",
                "REMOTE_ADDR": "127.0.0.1",
                "HTTP_ORIGIN": "http://localhost",
            },
            False,
        ),
        ({"HTTP_ORIGIN": "https://localhost"}, True),
    ],
    ids=[
        "https",
        "a proxy's word",
        "a stranger's word",
        "http behind a proxy",
        "https before http",
        "http before https",
        "a proxy that is wrong about http",
        "a proxy that says nothing of https",
    ],
)
def test_the_cookie_is_secure_under_https(stranger, environ, secure):
    answer = stranger.log_in(extra_environ=environ)
    assert ("secure" in cookie_of(answer).lower().split("; ")) == secure


def test_the_cookie_follows_the_mount(stranger):
    stranger.mount = "/app"
    answer = stranger.post(f"/app{LOGIN}", {"password": PASSWORD, "next": "/shop"})
    assert "Path=/app/ztas/" in cookie_of(answer)
    assert urlsplit(answer.location).path == "/app/ztas/shop"


@pytest.mark.parametrize(
    ("prefix", "mount"),
    [
        ("/stats", "/stats"),
        ("/stats/", "/stats"),
        ("/a/b%20c", "/a/b%20c"),
        ("/stats, /inner", "/stats"),
        ("", ""),
        ("/", ""),
        ("stats", ""),
        ("//evil.example", ""),
        ("/x//evil.example", ""),
        ("/x?y", ""),
        ("/x\\y", ""),
        ("/x\r\nSet-Cookie: a=b", ""),
        ("https://evil.example", ""),
    ],
)
def test_a_prefix_that_a_proxy_took_off_is_put_back(stranger, prefix, mount):
    environ = {"HTTP_X_FORWARDED_PREFIX": prefix, "REMOTE_ADDR": "127.0.0.1"}
    assert f'href="{mount}/ztas/' in stranger.get(LOGIN, extra_environ=environ).text
    answer = stranger.log_in(extra_environ=environ)
    assert urlsplit(answer.location).path == f"{mount}/ztas/"
    assert f"Path={mount}/ztas/" in cookie_of(answer)


def test_a_stranger_s_prefix_is_not_believed(stranger):
    environ = {"HTTP_X_FORWARDED_PREFIX": "/stats", **ELSEWHERE}
    assert urlsplit(stranger.log_in(extra_environ=environ).location).path == "/ztas/"


def test_logging_out_ends_it(browser):
    answer = browser.get("/ztas/shop").forms[0].submit()
    assert "Max-Age=0" in cookie_of(answer)
    assert urlsplit(answer.location).path == LOGIN
    assert browser.get("/ztas/shop", status=303).status_int == 303


def test_a_link_does_not_log_out(browser):
    assert browser.get("/ztas/-/logout", status=405).status_int == 405
    assert browser.get("/ztas/shop").status_int == 200


def test_a_session_ends_after_a_month(browser):
    browser.clock.now += LIFETIME * 1000 - 1000
    assert browser.get("/ztas/shop").status_int == 200
    browser.clock.now += 1000
    assert browser.get("/ztas/shop", status=303).status_int == 303


def test_another_password_logs_everybody_out(browser, open_browser):
    other = open_browser(dashboard={"path": "/ztas", "password": cheap_hash("another")})
    other.cookiejar = browser.cookiejar
    assert browser.get("/ztas/shop").status_int == 200
    assert other.get("/ztas/shop", status=303).status_int == 303


def test_another_process_knows_the_session(browser, open_browser):
    other = open_browser()
    other.cookiejar = browser.cookiejar
    assert other.get("/ztas/shop").status_int == 200


@pytest.mark.parametrize("value", ["", "x", "e30", "é", "a" * 5_000, '"\\303"', "eyJzaW5jZSI6MX0="])
def test_a_made_up_cookie_is_none(stranger, value):
    headers = {"Cookie": f"{COOKIE}={value}".encode().decode("latin-1")}
    assert stranger.get("/ztas/shop", headers=headers, status=303).status_int == 303


@pytest.mark.parametrize("unit", ["a", "a=", 'a="', "a=b;", f"{COOKIE}=x;", '"\\'])
def test_a_cookie_of_any_kind_costs_little(unit):
    sessions = Sessions("scrypt:x")
    began = time.process_time()
    assert not sessions.is_open(unit * (64_000 // len(unit)), NOW // 1000)
    assert time.process_time() - began < 1.0


def test_a_cookie_that_another_host_has_set_hides_no_session(browser):
    ((name, value),) = browser.cookies.items()
    headers = {"Cookie": f"{name}=planted; {name}={value}"}
    browser.reset()
    assert browser.get("/ztas/shop", headers=headers).status_int == 200
    assert browser.get("/ztas/shop", status=303).status_int == 303


def test_two_dashboards_on_one_host_know_their_own_cookies():
    names = {Sessions(password).cookie_name for password in ("scrypt:x", "scrypt:y", "scrypt:x")}
    assert len(names) == 2


def test_no_part_of_a_cookie_can_be_changed():
    sessions = Sessions("scrypt:x")
    value = sessions.cookie("/", NOW // 1000, secure=False)[1].split(";")[0]
    assert sessions.is_open(value, NOW // 1000)
    for index in range(len(COOKIE) + 1, len(value), 7):
        changed = value[:index] + ("A" if value[index] != "A" else "B") + value[index + 1 :]
        assert not sessions.is_open(changed, NOW // 1000), changed


def test_a_cookie_of_the_future_is_none():
    sessions = Sessions("scrypt:x")
    value = sessions.cookie("/", NOW // 1000, secure=False)[1].split(";")[0]
    assert not sessions.is_open(value, NOW // 1000 - 3_600)


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/../evil",
        "evil",
        "javascript:alert(1)",
        "/nowhere",
        "/-/logout",
        "/shop/realtime",
        "\r\nSet-Cookie: a=b",
        "/shop\r\nSet-Cookie: a=b",
        "",
    ],
)
def test_a_login_leads_nowhere_else(stranger, target):
    answer = stranger.post(LOGIN, {"password": PASSWORD, "next": target})
    assert urlsplit(answer.location).path == "/ztas/"
    assert urlsplit(answer.location).netloc in ("", "localhost:80")


def test_a_query_gets_no_line_into_a_header(stranger):
    fields = {"password": PASSWORD, "next": "/shop?a=b\r\nSet-Cookie: c=d#x"}
    answer = stranger.post(LOGIN, fields)
    assert answer.location.endswith("/ztas/shop?a=b%0D%0ASet-Cookie%3A%20c=d%23x")


def test_the_way_to_the_slash_gets_no_line_into_a_header(settings):
    _, headers = raw(
        settings, REQUEST_METHOD="GET", PATH_INFO="/ztas", QUERY_STRING="a=b\r\nc: d\x01"
    )
    assert headers["Location"] == "/ztas/?a=b%0D%0Ac%3A%20d%01"


def test_whoever_is_logged_in_needs_no_form(browser):
    answer = browser.get(f"{LOGIN}?next=/shop%3Fperiod%3D30d", status=303)
    assert answer.location.endswith("/ztas/shop?period=30d")


# Tries


def test_the_sixth_try_has_to_wait(stranger):
    for _ in range(MOST):
        assert stranger.log_in(WRONG, status=403).status_int == 403
    answer = stranger.log_in(status=429)
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Retry-After"] == "900"
    assert "in 15 minutes" in answer.html.select_one('[role="alert"]').text
    stranger.clock.now += 15 * MINUTE - 1
    assert stranger.log_in(status=429).headers["Retry-After"] == "1"
    stranger.clock.now += 1
    assert stranger.log_in().status_int == 303


def test_processes_count_together(stranger, open_browser):
    others = [open_browser() for _ in range(MOST)]
    for other in others:
        other.log_in(WRONG, status=403)
    assert stranger.log_in(status=429).status_int == 429


def test_addresses_count_apart(stranger):
    for _ in range(MOST):
        stranger.log_in(WRONG, status=403)
    assert stranger.log_in(extra_environ=ELSEWHERE).status_int == 303


@pytest.mark.parametrize(
    ("other", "status"),
    [("2001:db8::ffff", 429), ("2001:db8:0:1::1", 303)],
    ids=["same network", "another"],
)
def test_a_network_of_ipv6_is_one_address(stranger, other, status):
    for number in range(MOST):
        stranger.log_in(WRONG, status=403, extra_environ={"REMOTE_ADDR": f"2001:db8::{number}"})
    assert stranger.log_in(extra_environ={"REMOTE_ADDR": other}, status=status).status_int == status


def test_a_forwarded_address_is_believed_from_a_proxy_only(stranger):
    for number in range(MOST):
        stranger.log_in(
            WRONG,
            status=403,
            extra_environ=ELSEWHERE | {"HTTP_X_FORWARDED_FOR": f"198.51.100.{number}"},
        )
    assert stranger.log_in(extra_environ=ELSEWHERE, status=429).status_int == 429
    proxy = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "198.51.100.7"}
    assert stranger.log_in(extra_environ=proxy).status_int == 303


def test_the_right_password_forgets_the_wrong_ones(stranger):
    for _ in range(3):
        for _ in range(MOST - 1):
            stranger.log_in(WRONG, status=403)
        stranger.log_in()


def test_one_password_is_checked_at_a_time(stranger, monkeypatch):
    running, most = 0, 0

    def check(password, stored):
        nonlocal running, most
        running += 1
        most = max(most, running)
        time.sleep(0.05)
        running -= 1
        return False

    monkeypatch.setattr(gate, "verify_password", check)
    monkeypatch.setattr(gate, "TURN", 20)
    with ThreadPoolExecutor(4) as pool:
        addresses = [{"REMOTE_ADDR": f"203.0.113.{number}"} for number in range(4)]
        list(pool.map(lambda one: stranger.log_in(status=403, extra_environ=one), addresses))
    assert most == 1


def test_a_try_that_does_not_get_its_turn_is_none(stranger, monkeypatch):
    monkeypatch.setattr(gate, "TURN", 0.01)
    looking, looked = threading.Event(), threading.Event()

    def check(password, stored):
        looking.set()
        return looked.wait(20) and False

    monkeypatch.setattr(gate, "verify_password", check)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(stranger.log_in, WRONG, status=403, extra_environ=ELSEWHERE)
        assert looking.wait(20)
        for _ in range(MOST + 1):
            answer = stranger.log_in(WRONG, status=503)
        looked.set()
        assert first.result().status_int == 403
    assert answer.headers["Retry-After"] == "1"
    assert "Others are logging in" in answer.text
    monkeypatch.undo()
    assert stranger.log_in().status_int == 303


def test_midnight_is_no_new_chance(stranger):
    stranger.clock.now = NOW - NOW % DAY + DAY - MINUTE
    for _ in range(MOST):
        stranger.log_in(WRONG, status=403)
    stranger.clock.now += 2 * MINUTE
    assert stranger.log_in(status=429).status_int == 429


def test_no_address_is_written_and_old_tries_go(stranger, tmp_path):
    stranger.log_in(WRONG, status=403, extra_environ=ELSEWHERE)
    with closing(sqlite3.connect(tmp_path / "ztas.db")) as connection:
        (row,) = connection.execute("select time, address from login_tries").fetchall()
        assert row[0] == NOW
        assert len(row[1]) == 12
        assert "203" not in row[1]
    contents = b"".join(file.read_bytes() for file in tmp_path.glob("ztas.db*"))
    assert b"203.0.113.9" not in contents
    stranger.clock.now += 16 * MINUTE
    stranger.log_in()
    with closing(sqlite3.connect(tmp_path / "ztas.db")) as connection:
        assert connection.execute("select count(*) from login_tries").fetchone() == (0,)


def test_without_the_database_nobody_gets_in(stranger, tmp_path):
    (tmp_path / "ztas.db").write_bytes(b"nothing of ours" * 1_000)
    answer = stranger.log_in(status=503)
    assert "Set-Cookie" not in answer.headers
    assert "Logins are not possible right now" in answer.text


# Other sites


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"Origin": "http://localhost:80"}, True),  # what webtest calls itself
        ({"Origin": "http://localhost"}, True),
        ({"Origin": "http://localhost:8080"}, True),
        ({"Origin": "https://LOCALHOST"}, True),
        ({"Origin": "https://localhost.evil.example"}, False),
        ({"Origin": "https://localhost@evil.example"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://["}, False),
        ({"Origin": "http://"}, False),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://behind.example"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:80"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "https://front.example", "X-Forwarded-Host": "front.example"}, True),
        ({"Origin": "https://front.example", "X-Forwarded-Host": "front.example:81, in"}, True),
        ({"Origin": "https://front.example", "X-Forwarded-Host": "in, front.example"}, False),
    ],
    ids=str,
)
def test_no_other_site_can_log_in_or_out(stranger, headers, allowed):
    environ = {"REMOTE_ADDR": "127.0.0.1"}
    answer = stranger.log_in(headers=headers, extra_environ=environ, expect_errors=True)
    assert answer.status_int == (303 if allowed else 403)
    assert ("Set-Cookie" in answer.headers) == allowed
    answer = stranger.post(
        "/ztas/-/logout", headers=headers, extra_environ=environ, expect_errors=True
    )
    assert ("Set-Cookie" in answer.headers) == allowed


def test_a_stranger_s_forwarded_host_is_not_believed(stranger):
    headers = {"Origin": "https://front.example", "X-Forwarded-Host": "front.example"}
    answer = stranger.log_in(headers=headers, extra_environ=ELSEWHERE, status=403)
    assert "came from https://front.example" in answer.text


def test_a_host_that_is_not_the_browsers_is_named_and_so_is_the_way_out(stranger):
    headers = {"Origin": "https://stats.example", "Host": "127.0.0.1:8000"}
    text = stranger.log_in(headers=headers, status=403).text
    for said in ("https://stats.example", "127.0.0.1:8000", "proxy", "Host", "trusted_proxies"):
        assert said in text


def test_what_a_browser_calls_another_site_is_one(stranger):
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert "came from another site" in stranger.log_in(headers=headers, status=403).text


# Shared pages


def share(browser, site="shop"):
    page = browser.get(f"/ztas/{site}/share")
    return page.html.select_one("#link")["value"].removeprefix("http://localhost:80")


def test_a_shared_link_shows_one_site_and_no_more(browser, open_browser):
    link = share(browser)
    guest = open_browser()
    page = guest.get(link)
    assert page.html.h1.text == "shop.example"
    token = parse_qs(urlsplit(link).query)["share"][0]
    links = [a["href"] for a in page.html.select("main a[href]")]
    assert [href for href in links if f"share={token}" not in href] == []
    for href in one_of_each_kind(links):
        assert page.goto(href).status_int == 200, href
    part = page.html.select_one("[data-refresh]")["data-refresh"]
    assert guest.get(part).status_int == 200
    assert guest.get(f"/ztas/shop/share?share={token}", status=404).status_int == 404
    assert guest.get(f"/ztas/m%C3%BCnchen/%C3%A4?share={token}", status=303).status_int == 303
    assert "shop.example" not in guest.get(f"/ztas/?share={token}").text
    assert guest.get("/ztas/shop", status=303).status_int == 303


@pytest.mark.parametrize("token", ["", "x", "%ff", "%00", "A" * 20, "ä"])
def test_a_made_up_token_shares_nothing(stranger, token):
    assert stranger.get(f"/ztas/shop?share={token}", status=303).status_int == 303


def test_a_public_site_is_shared_as_it_is(browser):
    assert share(browser, "open") == "/ztas/open"


def test_another_password_ends_what_was_shared(browser, open_browser):
    link = share(browser)
    other = open_browser(dashboard={"path": "/ztas", "password": cheap_hash("another")})
    assert other.get(link, status=303).status_int == 303
