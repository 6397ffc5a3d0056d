"""`ztas mcp`, started by the official SDK's own client, as an assistant would."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from contextlib import asynccontextmanager

import mcp
import pytest
from rows import PAGEVIEW

from ztas_middleware.config import load_config
from ztas_middleware.store.database import Database

HOUR = 3_600_000
NOW = time.time_ns() // 1_000_000
CONFIG = """\
api: {path: /api}
sites:
  site_abc123:
    domain: example.com
    public: true
    goals: {Signups: {action: signup}}
  blog: {domain: blog.example.com, timezone: Europe/Berlin}
"""


@pytest.fixture
def asked(shop):
    """Asks a process of its own; gives the answers to some calls."""
    shop.config.write_text(CONFIG)
    database = Database(load_config(shop.config).database)
    at = [(n, NOW - HOUR - n * 1_000) for n in range(12)]
    views = [
        PAGEVIEW._replace(
            time=time,
            site_id="site_abc123",
            visitor=f"v{n}",
            path=f"/{n % 3}",
            country="DE" if n % 2 else None,
            referrer="https://www.google.com/" if n < 5 else None,
        )
        for n, time in at
    ]
    events = [
        view._replace(time=view.time + 5, type="event", action="signup") for view in views[:2]
    ]
    database.append([*views, *events])
    database.close()

    @asynccontextmanager
    async def connected():
        parameters = mcp.StdioServerParameters(
            command=sys.executable,
            args=["-m", "ztas_middleware", "mcp", "--config", str(shop.config)],
            env=dict(os.environ),
        )
        async with mcp.Client(parameters, read_timeout_seconds=60) as client:
            yield client

    def ask(*calls):
        async def answers():
            async with connected() as client:
                tools = (await client.list_tools()).tools
                return tools, [await client.call_tool(name, given) for name, given in calls]

        return asyncio.run(answers())

    return ask


def test_an_assistant_finds_the_tools_and_gets_the_api_s_answers(asked, shop):
    site = {"siteId": "site_abc123"}
    tools, answers = asked(
        ("sites", {}),
        ("stats", {**site, "period": "7d", "limit": 2}),
        ("stats", {**site, "page": ["/1", "/2"], "country!": "", "compare": "none"}),
        ("breakdown", {**site, "by": ["page", "country"], "metrics": ["pageviews", "sessions"]}),
        ("journeys", {**site, "action": "signup"}),
        ("realtime", site),
        ("compare", {**site, "compare": "year"}),
    )
    assert {tool.name for tool in tools} == {
        *("sites", "stats", "breakdown", "journeys", "realtime", "compare"),
    }
    assert all(tool.annotations.read_only_hint for tool in tools)
    assert not any(answer.is_error for answer in answers), answers
    found = [answer.structured_content for answer in answers]
    assert [json.loads(answer.content[0].text) for answer in answers] == found
    sites, stats, filtered, breakdown, journeys, realtime, compared = found
    assert sites["sites"][1] == {
        "id": "blog",
        "domain": "blog.example.com",
        "timezone": "Europe/Berlin",
    }
    assert stats["summary"]["pageviews"] == 12
    assert len(stats["pages"]) == 2
    assert stats["sources"][0] == {
        "source": "Direct",
        "pageviews": 7,
        "uniqueVisitors": 7,
        "sessions": 7,
    }
    assert filtered["summary"]["pageviews"] == 4
    assert "previous" not in filtered
    assert breakdown["total"] == 6
    assert breakdown["rows"][0] == {"page": "/0", "country": None, "pageviews": 2, "sessions": 2}
    assert sum(found["sessions"] for found in journeys["before"]) == 2
    assert realtime["activeVisitors"] == 0
    assert compared["changedMost"] == {
        "list": "sources",
        "name": "Direct",
        "uniqueVisitors": 7,
        "before": 0,
    }
    said = json.loads(shop.ok("stats", "site_abc123", "--json"))
    assert said["summary"] == stats["summary"]


def test_mistakes_are_told_to_the_assistant(asked):
    _, answers = asked(
        ("stats", {"siteId": "blogg"}),
        ("stats", {"siteId": "blog", "period": "fortnight"}),
        ("stats", {"siteId": "blog", "colour": "red"}),
        ("stats", {"siteId": "blog", "page": {"is": "/"}}),
        ("breakdown", {"siteId": "blog"}),
        ("breakdown", {"siteId": "blog", "by": "page", "format": "csv"}),
        ("forget_everything", {}),
    )
    assert all(answer.is_error for answer in answers)
    said = [answer.content[0].text for answer in answers]
    for text, name in zip(
        said, ("siteId must be", "period", "colour", "page", "by", "format", "name"), strict=True
    ):
        assert text.startswith(name), said


def test_without_the_sdk_it_is_one_line(shop):
    hidden = "import sys; sys.modules['mcp'] = None; from ztas_middleware.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", hidden, "mcp", "--config", str(shop.config)],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 1
    assert done.stderr == "ztas: needs the MCP SDK: pip install 'ztas-middleware[mcp]'\n"


def test_without_a_config_it_is_one_line(shop):
    assert "no such file" in shop.error("mcp", "--config", "nowhere.yaml")
