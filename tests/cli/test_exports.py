"""`ztas export`: to a file or a pipe, whole or not at all."""

from __future__ import annotations

import csv
import gzip
import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from processes import ROOT, UNPRIVILEGED

ZTAS = [sys.executable, "-c", "from ztas_middleware.cli import main; main()"]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}


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


def export_in_a_process(command, **settings):
    command = ["sh", "-c", command, "sh", *ZTAS]
    return subprocess.run(command, capture_output=True, env=ENVIRONMENT, check=False, **settings)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_link_is_followed(shop, tmp_path):
    shop.fill()
    target = tmp_path / "data" / "target.csv"
    target.parent.mkdir()
    target.write_text("old")
    target.chmod(0o640)
    (tmp_path / "link.csv").symlink_to("data/target.csv")
    (tmp_path / "link2.csv").symlink_to("link.csv")
    (tmp_path / "new.csv").symlink_to("data/new.csv")
    for link in ("link2.csv", "new.csv"):
        shop.ok("export", "site_abc123", "-o", link)
        assert (tmp_path / link).is_symlink()
    assert len(rows(target.read_text())) == len(rows((target.parent / "new.csv").read_text())) == 1
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert names(target.parent) == ["new.csv", "target.csv"]


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o666, 0o4755])
def test_a_file_keeps_its_mode(shop, tmp_path, mode):
    shop.fill()
    output = tmp_path / "out.csv"
    output.write_text("old" * 1000)
    output.chmod(mode)
    shop.ok("export", "site_abc123", "-o", output)
    assert (stat.S_IMODE(output.stat().st_mode), len(rows(output.read_text()))) == (mode, 1)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_keeps_its_owner(shop, tmp_path):
    shop.fill()
    output = tmp_path / "out.csv"
    output.write_text("old" * 1000)
    os.chown(output, 12345, 23456)
    shop.ok("export", "site_abc123", "-o", output)
    assert (output.stat().st_uid, output.stat().st_gid) == (12345, 23456)
    assert len(rows(output.read_text())) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="somebody else's files need root to be made")
def test_somebody_elses_file_that_may_be_written_keeps_its_owner(shop, tmp_path):
    shop.fill()
    output = tmp_path / "out.csv"
    output.write_text("old" * 1000)
    output.chmod(0o666)
    os.chown(output, 12345, 23456)
    arguments = ["export", "site_abc123", "-o", output]
    subprocess.run([*UNPRIVILEGED, *ZTAS, *arguments], env=ENVIRONMENT, check=True)
    assert (output.stat().st_uid, len(rows(output.read_text()))) == (12345, 1)
    assert names(tmp_path) == ["conf", "out.csv"]


def test_all_names_of_a_file_have_what_was_written(shop, tmp_path):
    shop.fill()
    output, other = tmp_path / "out.csv", tmp_path / "other.csv"
    output.write_text("old" * 1000)
    other.hardlink_to(output)
    shop.ok("export", "site_abc123", "-o", output)
    assert len(rows(other.read_text())) == 1


def test_a_fifo_is_written_to(shop, tmp_path):
    shop.fill(*[shop.hit()] * 3000)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    found = []
    reader = threading.Thread(target=lambda: found.append(fifo.read_text()))
    reader.start()
    shop.ok("export", "site_abc123", "-o", fifo)
    reader.join()
    assert len(rows(found[0])) == 3000
    assert fifo.is_fifo()


def test_a_process_substitution_is_written_to(shop, tmp_path):
    shop.fill()
    command = '"$@" export site_abc123 -o >(gzip > out.gz); wait $!'
    subprocess.run(["bash", "-c", command, "bash", *ZTAS], env=ENVIRONMENT, check=True)
    assert len(rows(gzip.decompress((tmp_path / "out.gz").read_bytes()).decode())) == 1


@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_by_its_path(shop, tmp_path, path):
    shop.fill()
    done = export_in_a_process(f'"$@" export site_abc123 -o {path}; echo behind')
    assert len(rows(done.stdout.decode())) == 2
    done = export_in_a_process(f'(echo before; "$@" export site_abc123 -o {path}) > out.txt')
    assert (tmp_path / "out.txt").read_text().startswith("before\ntime,")


@pytest.mark.parametrize("command", ["-o /dev/full", "> /dev/full", "-o - > /dev/full"])
@pytest.mark.parametrize("number", [1, 3000])
def test_a_device_that_takes_nothing_is_told(shop, command, number):
    shop.fill(*[shop.hit()] * number)
    before = Path("/dev/full").stat()
    done = export_in_a_process(f'"$@" export site_abc123 {command}', text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("ztas: ")
    assert done.stderr.endswith(": No space left on device\n")
    assert done.stderr.count("\n") == 1
    assert Path("/dev/full").stat().st_ino == before.st_ino


def test_whoever_has_seen_enough_may_go(shop):
    shop.fill(*[shop.hit()] * 20_000)
    done = export_in_a_process('"$@" export site_abc123 | head -n 1', text=True)
    assert (done.stdout.count("\n"), done.stderr) == (1, "")


def test_a_folder_that_takes_no_files_keeps_the_one_that_is_there(shop, tmp_path):
    shop.fill()
    folder = tmp_path / "closed"
    folder.mkdir()
    output = folder / "out.csv"
    output.write_text("old" * 1000)
    folder.chmod(0o555)
    try:
        arguments = ["export", "site_abc123", "-o", output]
        subprocess.run([*UNPRIVILEGED, *ZTAS, *arguments], env=ENVIRONMENT, check=True)
    finally:
        folder.chmod(0o755)
    assert len(rows(output.read_text())) == 1


def test_rows_of_a_site_that_is_gone(shop):
    shop.fill(shop.hit(path="/a", site_id="gone"), shop.hit(), shop.hit(site_id="lost"))
    assert [row["path"] for row in rows(shop.ok("export", "--orphan", "gone"))] == ["/a"]
    assert "is a site of the config" in shop.error("export", "--orphan", "site_abc123")
    assert shop.error("export", "--orphan", "x") == "x: has no rows (there are rows of gone, lost)"
    for arguments in (["site_abc123", "--orphan", "gone"], []):
        assert "either SITE or --orphan" in shop.error("export", *arguments, exit_code=2)


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
