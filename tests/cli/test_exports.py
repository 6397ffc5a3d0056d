"""`ztas export`: to a file or a pipe, whole or not at all."""

from __future__ import annotations

import csv
import json
import os
import stat

import pytest


def rows(text):
    return list(csv.DictReader(text.splitlines()))


def test_csv_on_standard_output(shop):
    shop.fill(shop.hit(path="/a"), shop.hit(path="/b", site_id="blog"))
    assert [row["path"] for row in rows(shop.ok("export", "site_abc123"))] == ["/a"]


def test_ndjson_into_a_file(shop, tmp_path):
    shop.fill(shop.hit(path="/a"))
    output = tmp_path / "out.ndjson"
    assert shop.ok("export", "site_abc123", "--format", "ndjson", "--output", output) == ""
    assert json.loads(output.read_text())["path"] == "/a"
    assert stat.S_IMODE(output.stat().st_mode) == 0o666 & ~os.umask(os.umask(0o022) or 0o022)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["conf", "out.ndjson"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--type", "events"], ["/event"]),
        (["--type", "pageviews"], ["/1", "/2", "/3"]),
        (["--from", "2025-10-10"], ["/2", "/event", "/3"]),
        (["--to", "2025-10-09"], ["/1"]),
        (["--from", "2025-10-10", "--to", "2025-10-10"], ["/2", "/event"]),
    ],
    ids=" ".join,
)
def test_types_and_days_of_the_site(shop, options, expected):
    # 2025-10-10 begins in Berlin at 22:00 UTC of the day before.
    start = 1_760_047_200_000
    shop.fill(
        shop.hit(start - 1, "blog", path="/1"),
        shop.hit(start, "blog", path="/2"),
        shop.hit(start + 1, "blog", path="/event", type="event"),
        shop.hit(start + 86_400_000, "blog", path="/3"),
    )
    assert [row["path"] for row in rows(shop.ok("export", "blog", *options))] == expected


def test_a_file_is_replaced_once_all_is_written(shop, tmp_path):
    shop.fill()
    output = tmp_path / "out.csv"
    output.write_text("old")
    shop.ok("export", "site_abc123", "-o", output)
    assert len(rows(output.read_text())) == 1
    output.write_text("old")
    shop.database.write_bytes(b"damaged" * 1000)
    shop.error("export", "site_abc123", "-o", output)
    assert output.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["conf", "out.csv"]


def test_mistakes(shop, tmp_path):
    assert shop.error("export", "site_abc12") == (
        'there is no site "site_abc12" in the config (did you mean "site_abc123"?)'
    )
    assert shop.error("export", "zzz").endswith("(`ztas sites list` shows them)")
    assert shop.error("export", "blog").endswith("ztas.db: not there yet; the first hit makes it")
    shop.fill()
    assert "nowhere" in shop.error("export", "blog", "-o", tmp_path / "nowhere" / "x.csv")
    assert "Invalid value for '--from'" in shop.error("export", "blog", "--from", "x", exit_code=2)
    assert "no such file" in shop.error("export", "blog", "--config", "nowhere.yaml")
