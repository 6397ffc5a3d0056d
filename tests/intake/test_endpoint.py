"""Every answer of the Track endpoint, and what is stored and counted with it."""

from __future__ import annotations

import io
import json
import sqlite3
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FRONT_DOORS = ("wsgi", "asgi")

SITE = "site_abc123"
SITES = {
    SITE: {"domain": "example.com"},
    "shop": {"domain": ["shop.example", "*.shop.example"], "server_side": False},
}
ONE = {"siteId": SITE, "type": "pageview", "path": "/"}


def batch(*events, **fields):
    return {"batch": True, "siteId": SITE, "events": list(events)} | fields


# (id, body, headers of the request, status, exact answer)
ANSWERS = [
    ("stored", ONE, {}, 200, {"success": True}),
    ("batch of one", batch({"type": "pageview"}), {}, 200, {"success": True, "count": 1}),
    ("empty batch", batch(), {}, 200, {"success": True, "count": 0}),
    (
        "batch with a bad event beside a good one",
        batch({"type": "pageview"}, {"type": "nonsense"}, {"type": "event", "value": "1"}),
        {},
        200,
        {
            "success": True,
            "count": 1,
            "errors": [
                {"index": 1, "error": "Invalid event type"},
                {"index": 2, "error": "value must be a number"},
            ],
        },
    ),
    (
        "batch of bad events only",
        batch({}, 7),
        {},
        400,
        {
            "error": "No valid events",
            "errors": [
                {"index": 0, "error": "Event type required"},
                {"index": 1, "error": "event must be an object"},
            ],
        },
    ),
    ("not JSON", b"type=pageview", {}, 400, {"error": "Invalid JSON"}),
    ("nothing at all", b"", {}, 400, {"error": "Invalid JSON"}),
    ("JSON, but an array", b"[]", {}, 400, {"error": "Invalid JSON"}),
    ("JSON, but a string", b'"pageview"', {}, 400, {"error": "Invalid JSON"}),
    ("not UTF-8", b'{"siteId": "\xff"}', {}, 400, {"error": "Invalid JSON"}),
    ("NaN", b'{"siteId": "site_abc123", "value": NaN}', {}, 400, {"error": "Invalid JSON"}),
    ("deep nesting", b'{"siteId":' * 6000, {}, 400, {"error": "Invalid JSON"}),
    ("a number of 5,000 digits", b"1" * 5000, {}, 400, {"error": "Invalid JSON"}),
    ("site id missing", {"type": "pageview"}, {}, 400, {"error": "Site ID required"}),
    ("site id empty", ONE | {"siteId": ""}, {}, 400, {"error": "Site ID required"}),
    ("site id a number", ONE | {"siteId": 7}, {}, 400, {"error": "Site ID required"}),
    ("site id unknown", ONE | {"siteId": "other"}, {}, 404, {"error": "Invalid site ID"}),
    (
        "foreign origin",
        ONE,
        {"Origin": "https://example.org"},
        403,
        {"error": "Origin not allowed"},
    ),
    (
        "another site's origin",
        ONE,
        {"Origin": "https://shop.example"},
        403,
        {"error": "Origin not allowed"},
    ),
    ("opaque origin", ONE, {"Origin": "null"}, 403, {"error": "Origin not allowed"}),
    (
        "no origin where one is required",
        ONE | {"siteId": "shop"},
        {"Origin": None},
        403,
        {"error": "Origin required"},
    ),
    ("no origin from a server", ONE, {"Origin": None}, 200, {"success": True}),
    ("empty origin is none", ONE, {"Origin": ""}, 200, {"success": True}),
    ("type missing", {"siteId": SITE}, {}, 400, {"error": "Event type required"}),
    ("type null", ONE | {"type": None}, {}, 400, {"error": "Event type required"}),
    ("type empty", ONE | {"type": ""}, {}, 400, {"error": "Event type required"}),
    ("type unknown", ONE | {"type": "click"}, {}, 400, {"error": "Invalid event type"}),
    ("type a list", ONE | {"type": ["event"]}, {}, 400, {"error": "type must be a string"}),
    ("batch a string", ONE | {"batch": "yes"}, {}, 400, {"error": "batch must be a boolean"}),
    ("batch false", ONE | {"batch": False}, {}, 200, {"success": True}),
    ("batch null", ONE | {"batch": None}, {}, 200, {"success": True}),
    (
        "events missing",
        {"batch": True, "siteId": SITE},
        {},
        400,
        {"error": "events must be an array"},
    ),
    ("events an object", batch(events={}), {}, 400, {"error": "events must be an array"}),
    ("events null", batch(events=None), {}, 400, {"error": "events must be an array"}),
    ("101 events", batch(*[{"type": "event"}] * 101), {}, 413, {"error": "Too many events"}),
    ("100 events", batch(*[{"type": "event"}] * 100), {}, 200, {"success": True, "count": 100}),
    ("too long", b" " * 65_537, {}, 413, {"error": "Request body too large"}),
]

WRONG_TYPES = [
    ("path", 7, "path must be a string"),
    ("referrer", ["x"], "referrer must be a string"),
    ("utm", "google", "utm must be an object"),
    ("utm", {"source": 1}, "utm.source must be a string"),
    ("utm", {"medium": {}}, "utm.medium must be a string"),
    ("utm", {"campaign": True}, "utm.campaign must be a string"),
    ("action", 1, "action must be a string"),
    ("category", False, "category must be a string"),
    ("label", {}, "label must be a string"),
    ("value", "12", "value must be a number"),
    ("value", True, "value must be a number"),
    ("sessionId", 12, "sessionId must be a string"),
    ("timeOnPage", "3 s", "timeOnPage must be a number"),
    ("isBounce", 1, "isBounce must be a boolean"),
    ("isBounce", "true", "isBounce must be a boolean"),
    ("timeZone", 60, "timeZone must be a string"),
]


@pytest.mark.parametrize(
    ("body", "headers", "status", "answer"),
    [case[1:] for case in ANSWERS],
    ids=[case[0] for case in ANSWERS],
)
def test_answers(wrap, body, headers, status, answer):
    wrapped = wrap({"sites": SITES})
    got = wrapped.post(body, headers=headers)
    assert (got.status_int, json.loads(got.body)) == (status, answer)
    assert got.headers["Content-Type"] == "application/json"
    assert got.headers["Cache-Control"] == "no-store"
    stored = answer.get("count", 1) if status == 200 else 0
    assert len(wrapped.hits()) == stored
    if status != 200:
        assert sum(wrapped.drops().values()) >= 1


@pytest.mark.parametrize(("field", "value", "error"), WRONG_TYPES)
def test_a_wrong_type_names_the_field(wrapped, field, value, error):
    answer = wrapped.post(ONE | {field: value})
    assert (answer.status_int, answer.json) == (400, {"error": error})
    assert wrapped.hits() == []


@pytest.mark.parametrize("value", [b"1e999", b"-1e999", b"1" + b"0" * 400])
def test_numbers_that_are_not_finite_are_refused(wrapped, value):
    answer = wrapped.post(b'{"siteId":"site_abc123","type":"event","value":%s}' % value)
    assert (answer.status_int, answer.json) == (400, {"error": "value must be a number"})


def test_null_is_the_same_as_leaving_a_field_out(wrapped):
    names = ["path", "referrer", "utm", "action", "category", "label", "value", "sessionId"]
    names += ["timeOnPage", "isBounce", "timeZone", "properties", "width"]
    wrapped.track(**dict.fromkeys(names))
    wrapped.track(utm=dict.fromkeys(["source", "medium", "campaign", "term", "content"]))
    first, second = ({**hit, "id": 0, "time": 0} for hit in wrapped.hits())
    assert first == second
    assert first["path"] == "/"


def test_unknown_fields_of_any_type_are_ignored_and_identify_nobody(wrapped):
    wrapped.track(path="/")
    wrapped.track(
        path="/",
        title=7,
        url=["x"],
        visitorId="a-tracking-id",
        pageCount="three",
        device={"memory": 8},
        timestamp="2020-01-01T00:00:00Z",
        isExitPage=1,
        utm={"id": 5, "creative_format": []},
    )
    first, second = ({**hit, "id": 0, "time": 0} for hit in wrapped.hits())
    assert first == second
    assert "a-tracking-id" not in str(wrapped.hits())


def test_a_full_event_fills_every_column(wrapped):
    wrapped.track(
        "event",
        path="/caf%C3%A9?utm_source=x#top",
        referrer="https://www.google.com/search?q=secret",
        utm={
            "source": "newsletter",
            "medium": "email",
            "campaign": "spring",
            "term": "teapot",
            "content": "footer",
        },
        action="signup",
        category="conversion",
        label="footer",
        value=12.5,
        sessionId="s-1",
        timeOnPage=33,
        isBounce=False,
        timeZone="Europe/Berlin",
        properties={"plan": "pro", "seats": 5},
        width=1280,
    )
    (hit,) = wrapped.hits()
    assert len(hit.pop("visitor")) == 8
    assert len(hit.pop("session_id")) == 8
    assert hit.pop("id") == 1
    assert hit.pop("time") > 1_700_000_000_000
    assert hit == {
        "site_id": SITE,
        "type": "event",
        "path": "/café",
        "referrer": "https://www.google.com/search",
        "utm_source": "newsletter",
        "utm_medium": "email",
        "utm_campaign": "spring",
        "action": "signup",
        "category": "conversion",
        "label": "footer",
        "value": 12.5,
        "time_on_page": 33.0,
        "is_bounce": 0,
        "browser": "Chrome",
        "os": "Windows",
        "device": "desktop",
        "country": "DE",
        "utm_term": "teapot",
        "utm_content": "footer",
        "properties": '{"plan":"pro","seats":5}',
        "route": None,
        "browser_version": 120,
        "language": None,
        "screen": 1440,
        "region": None,
        "city": None,
    }


def test_the_site_itself_is_no_referrer(wrapped):
    for referrer in ("https://example.com/a", "http://www.example.com/b"):
        wrapped.track(referrer=referrer)
    assert [hit["referrer"] for hit in wrapped.hits()] == [None, None]


def test_time_on_page_below_zero_is_unknown(wrapped):
    wrapped.track("engagement", timeOnPage=-1)
    wrapped.track("engagement", timeOnPage=0)
    assert [hit["time_on_page"] for hit in wrapped.hits()] == [None, 0.0]


def test_an_inner_site_id_is_ignored(wrap):
    wrapped = wrap({"sites": SITES})
    wrapped.post(batch({"type": "pageview", "siteId": "shop"}))
    assert [hit["site_id"] for hit in wrapped.hits()] == [SITE]


def test_rows_of_a_batch_keep_its_order(wrapped):
    wrapped.post(batch(*({"type": "pageview", "path": f"/{number}"} for number in range(20))))
    assert [hit["path"] for hit in wrapped.hits()] == [f"/{number}" for number in range(20)]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "image/png", ""]
)
def test_the_content_type_is_not_looked_at(wrapped, content_type):
    answer = wrapped.app.post(
        "/api/track", json.dumps(ONE), content_type=content_type, headers={"Origin": ""}
    )
    assert answer.json == {"success": True}


class TestCors:
    @pytest.mark.parametrize("body", [ONE, b"{", ONE | {"type": "x"}, ONE | {"siteId": "no"}])
    def test_an_own_origin_may_read_every_answer(self, wrap, body):
        answer = wrap({"sites": SITES}).post(body)
        assert answer.headers["Access-Control-Allow-Origin"] == "https://example.com"
        assert answer.headers["Vary"] == "Origin"
        assert "Access-Control-Allow-Credentials" not in answer.headers

    def test_another_sites_origin_may_read_its_refusal(self, wrap):
        answer = wrap({"sites": SITES}).post(ONE, origin="https://shop.example")
        assert answer.status_int == 403
        assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"

    @pytest.mark.parametrize(
        "origin", ["https://evil.example", "null", "*", "https://example.com/"]
    )
    def test_no_other_origin_is_ever_named(self, wrapped, origin):
        answer = wrapped.post(ONE, origin=origin)
        assert answer.status_int == 403
        assert not [name for name in answer.headers if name.startswith("Access-Control")]
        assert "example.com" not in answer.text

    def test_preflight(self, wrap):
        wrapped = wrap({"sites": SITES})
        headers = {"Access-Control-Request-Method": "POST", "Origin": "https://a.shop.example"}
        answer = wrapped.app.options("/api/track", headers=headers)
        assert (answer.status_int, answer.body) == (204, b"")
        assert answer.headers["Access-Control-Allow-Origin"] == "https://a.shop.example"
        assert answer.headers["Access-Control-Allow-Methods"] == "POST, OPTIONS"
        assert answer.headers["Access-Control-Allow-Headers"] == "Content-Type"
        assert answer.headers["Access-Control-Max-Age"] == "86400"
        assert answer.headers["Vary"] == "Origin"

    def test_preflight_from_elsewhere(self, wrapped):
        headers = {"Access-Control-Request-Method": "POST", "Origin": "https://evil.example"}
        answer = wrapped.app.options("/api/track", headers=headers, expect_errors=True)
        assert answer.status_int == 403
        assert not [name for name in answer.headers if name.startswith("Access-Control")]


class TestDrops:
    """What is dropped answers as if it had been stored, and is counted by reason."""

    CASES = [
        ("bot", {}, {"User-Agent": "Googlebot/2.1 (+http://www.google.com/bot.html)"}),
        ("bot", {}, {"User-Agent": "python-requests/2.31"}),
        ("prefetch", {}, {"Sec-Purpose": "prefetch;prerender"}),
        ("prefetch", {}, {"Purpose": "prefetch"}),
        ("prefetch", {}, {"X-Purpose": "preview"}),
        ("prefetch", {}, {"X-Sec-Purpose": "prefetch"}),
        ("prefetch", {}, {"X-Moz": "prefetch"}),
        ("opt_out", {"honor_dnt": True}, {"DNT": "1"}),
        ("opt_out", {"honor_dnt": True}, {"Sec-GPC": "1"}),
        ("excluded", {"exclude_addresses": ["203.0.113.0/24"]}, {}),
        ("excluded", {"sites": {SITE: {"domain": "example.com", "exclude_paths": ["/"]}}}, {}),
    ]

    @pytest.mark.parametrize(("reason", "settings", "headers"), CASES)
    def test_single(self, wrap, reason, settings, headers):
        wrapped = wrap(settings)
        wrapped.track(path="/", headers=headers)
        assert wrapped.hits() == []
        assert wrapped.drops() == {(SITE, reason): 1}

    @pytest.mark.parametrize(("reason", "settings", "headers"), CASES)
    def test_batch(self, wrap, reason, settings, headers):
        wrapped = wrap(settings)
        answer = wrapped.post(
            batch({"type": "pageview"}, {"type": "event"}, {"type": "x"}), headers=headers
        )
        assert answer.json == {
            "success": True,
            "count": 2,
            "errors": [{"index": 2, "error": "Invalid event type"}],
        }
        assert wrapped.hits() == []
        assert wrapped.drops() == {(SITE, reason): 2, (SITE, "invalid"): 1}

    def test_an_excluded_path_leaves_the_rest_of_the_batch(self, wrap):
        wrapped = wrap({"sites": {SITE: {"domain": "example.com", "exclude_paths": ["/admin/*"]}}})
        answer = wrapped.post(
            batch({"type": "pageview", "path": "/admin/a/b"}, {"type": "pageview", "path": "/x"})
        )
        assert answer.json == {"success": True, "count": 2}
        assert [hit["path"] for hit in wrapped.hits()] == ["/x"]
        assert wrapped.drops() == {(SITE, "excluded"): 1}

    def test_dnt_is_not_looked_at_unless_configured(self, wrapped):
        wrapped.track(headers={"DNT": "1", "Sec-GPC": "1"})
        assert len(wrapped.hits()) == 1

    def test_a_library_is_welcome_from_a_server(self, wrapped):
        wrapped.track(origin=None, user_agent="python-requests/2.31")
        assert [hit["browser"] for hit in wrapped.hits()] == ["Other"]

    def test_a_crawler_is_a_bot_from_a_server_too(self, wrapped):
        wrapped.track(origin=None, user_agent="Googlebot/2.1")
        assert wrapped.drops() == {(SITE, "bot"): 1}

    def test_no_user_agent_is_no_bot(self, wrapped):
        wrapped.track(user_agent=None)
        wrapped.track(user_agent="")
        assert len(wrapped.hits()) == 2

    def test_a_bot_gets_bad_answers_like_anyone(self, wrapped):
        answer = wrapped.post(ONE | {"type": "x"}, user_agent="Googlebot/2.1")
        assert answer.status_int == 400

    def test_refusals_count_for_the_site_they_name(self, wrap):
        wrapped = wrap({"sites": SITES})
        wrapped.post(ONE, origin="https://evil.example")
        wrapped.post(batch({}, {}, {}), origin="https://evil.example")
        wrapped.post(ONE | {"siteId": "shop"}, origin=None)
        wrapped.post(ONE | {"siteId": "unknown"})
        wrapped.post(b"{")
        wrapped.post(b"{", origin="https://evil.example")
        assert wrapped.drops() == {
            (SITE, "origin"): 4,
            ("shop", "origin"): 1,
            ("", "invalid"): 2,
            (SITE, "invalid"): 1,
        }

    def test_counts_are_not_lost_at_an_orderly_stop(self, wrap):
        wrapped = wrap()
        for _ in range(50):
            wrapped.track(user_agent="Googlebot/2.1")
        wrapped.middleware.close()
        connection = sqlite3.connect(wrapped.file)
        assert connection.execute("select sum(count) from drops").fetchone() == (50,)
        connection.close()


class TestRateLimit:
    def test_over_the_limit(self, wrap):
        wrapped = wrap({"rate_limit": 3})
        wrapped.post(b"{")
        wrapped.track()
        wrapped.post(batch(*[{"type": "event"}] * 50))
        answer = wrapped.post(ONE)
        assert answer.status_int == 429
        seconds = answer.json["retryAfter"]
        assert answer.json == {"error": "Too many requests", "retryAfter": seconds}
        assert 1 <= seconds <= 60
        assert answer.headers["Retry-After"] == str(seconds)
        assert wrapped.drops()[SITE, "rate_limit"] == 1
        wrapped.track(address="203.0.113.10")

    def test_loopback_is_exempt(self, wrap):
        wrapped = wrap({"rate_limit": 1})
        for address in ("127.0.0.1", "::1", "::ffff:127.0.0.1", ""):
            wrapped.track(address=address)
            wrapped.track(address=address)

    def test_zero_turns_it_off(self, wrap):
        wrapped = wrap({"rate_limit": 0})
        for _ in range(20):
            wrapped.track()

    def test_size_comes_before_rate(self, wrap):
        wrapped = wrap({"rate_limit": 1, "max_body": 100})
        for _ in range(3):
            assert wrapped.post(b" " * 101).status_int == 413
        assert wrapped.post(ONE).status_int == 429


class TestBodies:
    """Lengths that are missing, wrong or lies, on a stream as servers hand it over."""

    FRONT_DOORS = ("wsgi",)  # ASGI has no lengths but those that servers have kept

    def call(self, wrapped, stream, **environ):
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/api/track",
            "REMOTE_ADDR": "203.0.113.9",
            "wsgi.input": stream,
        } | environ
        statuses = []
        chunks = wrapped.middleware(environ, lambda status, _: statuses.append(status))
        return int(statuses[0][:3]), json.loads(b"".join(chunks))

    GOOD = json.dumps(ONE).encode()

    @pytest.mark.parametrize(
        ("body", "environ", "status", "answer"),
        [
            pytest.param(GOOD, {}, 400, {"error": "Invalid JSON"}, id="no length, no stream end"),
            pytest.param(
                GOOD, {"wsgi.input_terminated": True}, 200, {"success": True}, id="ends by itself"
            ),
            pytest.param(
                b" " * 70_000,
                {"wsgi.input_terminated": True},
                413,
                {"error": "Request body too large"},
                id="ends by itself, too late",
            ),
            pytest.param(
                GOOD,
                {"HTTP_TRANSFER_ENCODING": "chunked"},
                411,
                {"error": "Length required"},
                id="chunked on a server that does not decode it",
            ),
            pytest.param(
                GOOD,
                {"CONTENT_LENGTH": str(len(GOOD) + 10)},
                400,
                {"error": "Request body cut short"},
                id="shorter than announced",
            ),
            pytest.param(
                GOOD + b"garbage",
                {"CONTENT_LENGTH": str(len(GOOD))},
                200,
                {"success": True},
                id="longer than announced",
            ),
            pytest.param(
                GOOD,
                {
                    "CONTENT_LENGTH": "5",
                    "HTTP_TRANSFER_ENCODING": "chunked",
                    "wsgi.input_terminated": True,
                },
                200,
                {"success": True},
                id="a length beside chunks",
            ),
            pytest.param(
                GOOD,
                {"CONTENT_LENGTH": str(len(GOOD)), "HTTP_TRANSFER_ENCODING": "chunked"},
                400,
                {"error": "Invalid Content-Length"},
                id="a length beside chunks that are not decoded",
            ),
            pytest.param(
                GOOD,
                {"CONTENT_LENGTH": "-1"},
                400,
                {"error": "Invalid Content-Length"},
                id="negative",
            ),
            pytest.param(
                GOOD,
                {"CONTENT_LENGTH": "٧"},
                400,
                {"error": "Invalid Content-Length"},
                id="digits of another script",
            ),
            pytest.param(
                b"",
                {"CONTENT_LENGTH": "9" * 5000},
                413,
                {"error": "Request body too large"},
                id="absurd",
            ),
            pytest.param(b"", {"CONTENT_LENGTH": ""}, 400, {"error": "Invalid JSON"}, id="empty"),
        ],
    )
    def test_lengths(self, wrapped, body, environ, status, answer):
        assert self.call(wrapped, io.BytesIO(body), **environ) == (status, answer)

    def test_a_stream_that_gives_little_at_a_time(self, wrapped):
        class Trickle(io.BytesIO):
            def read(self, size=-1):
                return super().read(min(size, 7))

        length = str(len(self.GOOD))
        stream = Trickle(self.GOOD)
        assert self.call(wrapped, stream, CONTENT_LENGTH=length) == (200, {"success": True})

    def test_a_stream_that_gives_byte_after_byte_costs_no_more(self, wrapped):
        class Trickle(io.BytesIO):
            def read(self, size=-1):
                return super().read(1)

        body = self.GOOD.ljust(60_000)
        began = time.process_time()
        answer = self.call(wrapped, Trickle(body), CONTENT_LENGTH=str(len(body)))
        assert answer == (200, {"success": True})
        assert time.process_time() - began < 2.0

    def test_a_client_that_went_away(self, wrapped):
        class Gone:
            def read(self, size=-1):
                raise ConnectionResetError

        answer = self.call(wrapped, Gone(), CONTENT_LENGTH="10")
        assert answer == (400, {"error": "Request body cut short"})

    def test_a_body_too_large_is_not_read(self, wrapped):
        class Unread:
            def read(self, size=-1):
                raise AssertionError

        assert self.call(wrapped, Unread(), CONTENT_LENGTH="65537")[0] == 413


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=5,
)
FIELDS = ["type", "path", "referrer", "utm", "action", "category", "label", "value"]
FIELDS += ["sessionId", "timeOnPage", "isBounce", "timeZone", "title", "batch", "events"]
texts = st.text(alphabet=st.characters(exclude_categories=()))
events = st.fixed_dictionaries(
    {"type": st.sampled_from(["pageview", "event", "engagement", "heartbeat"])},
    optional=dict.fromkeys(FIELDS[1:3] + FIELDS[4:7] + ["sessionId", "timeZone"], texts)
    | {"value": st.floats() | st.integers(), "timeOnPage": st.floats(), "isBounce": st.booleans()},
)
anything = st.dictionaries(st.sampled_from(FIELDS), json_values)
relaxed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@relaxed
@given(document=anything)
def test_no_document_is_answered_with_a_server_error(wrapped, document):
    answer = wrapped.post(json.dumps({"siteId": SITE} | document).encode())
    assert answer.status_int in {200, 400, 413}


@relaxed
@given(event=events)
def test_a_well_formed_event_is_stored_whole_or_refused(wrapped, event):
    before = len(wrapped.hits())
    answer = wrapped.post(json.dumps({"siteId": SITE} | event).encode())
    stored = wrapped.hits()[before:]
    if answer.status_int == 200:
        (hit,) = stored
        assert hit["path"].startswith("/")
        assert all("\0" not in value for value in hit.values() if isinstance(value, str))
    else:
        assert stored == []


@relaxed
@given(body=st.binary(max_size=200))
def test_no_body_is_answered_with_a_server_error(wrapped, body):
    assert wrapped.post(body).status_int == 400


def test_headers_are_fresh_for_every_answer(wrapped):
    # Servers and outer middleware append to the list they are given.
    first = wrapped.track().headerlist
    first.append(("X-Added", "by somebody"))
    assert "X-Added" not in wrapped.track().headers
