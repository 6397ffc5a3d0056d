"""docs/tracker.md and docs/migrating.md: what they say there is, is there, and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from ztas_middleware import ConfigError
from ztas_middleware.config.load import config_from_mapping

ROOT = Path(__file__).parents[2]
SOURCE = (ROOT / "ztas_middleware" / "tracker" / "ztas.js").read_text("utf-8")
TRACKER = (ROOT / "docs" / "tracker.md").read_text("utf-8")
MIGRATING = (ROOT / "docs" / "migrating.md").read_text("utf-8")


def blocks(language):
    pages = ((name, text) for name, text in (("tracker", TRACKER), ("migrating", MIGRATING)))
    return [
        pytest.param(block, id=f"{name} {number}")
        for name, text in pages
        for number, block in enumerate(re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL))
    ]


def kebab(name):
    return "data-" + re.sub("[A-Z]", lambda letter: "-" + letter[0].lower(), name)


def test_attributes_are_those_of_the_script():
    used = set(re.findall(r"\boptions\.(\w+)", SOURCE)) | set(
        re.findall(r'"(\w+)" in options', SOURCE)
    )
    documented = re.findall(r"^\| `(data-[a-z-]+)` \|", TRACKER, re.MULTILINE)
    assert sorted(documented) == sorted(map(kebab, used))


def test_downloads_are_those_of_the_script():
    pattern = re.search(r"/(\\\.\(\S*\|pdf.*\$)/i", SOURCE)[1]
    documented = re.search(r"link to a file \(([\w, ]+)\)", TRACKER)[1].split(", ")
    assert all(re.search(pattern, f"/file.{extension}") for extension in documented)
    words = set(re.findall(r"\w+", pattern.replace("mp[34]", "mp3|mp4")))
    assert words <= {*documented, "x"}


def test_calls_are_those_of_the_script():
    calls = set(re.findall(r"ZTA\.(\w+)\(", TRACKER))
    assert calls == set(re.findall(r"^    (track\w*)[:,]", SOURCE, re.MULTILINE))


@pytest.mark.parametrize("block", blocks("yaml"))
def test_configurations_load(block):
    try:
        config_from_mapping(yaml.safe_load(block))
    except ConfigError as error:
        pytest.fail(str(error))


@pytest.mark.parametrize("block", blocks("json"))
def test_hits_are_accepted(wrapped, block):
    answer = wrapped.post(json.loads(block))
    assert answer.status_int == 200
    assert answer.json["success"] is True
    rows = wrapped.hits()
    assert len(rows) == answer.json.get("count", 1)
    assert all(row["path"] == "/pricing" for row in rows)
    assert not any("v_81c0" in str(value) for row in rows for value in row.values())


@pytest.mark.parametrize(
    ("text", "link"),
    [
        pytest.param(text, link, id=link)
        for text in (TRACKER, MIGRATING)
        for link in re.findall(r"\]\(([^)]+)\)", text)
    ],
)
def test_links_lead_somewhere(text, link):
    page, _, anchor = link.partition("#")
    text = (ROOT / "docs" / page).read_text("utf-8") if page else text
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    assert not anchor or anchor in anchors
