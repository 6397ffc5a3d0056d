"""`ztas prune` and `ztas backup`: what they say, and what they refuse."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from contextlib import closing

from ztas_middleware.store.database import Database

DAY = 86_400_000


def now():
    return time.time_ns() // 1_000_000


def keep(shop, days):
    shop.config.write_text(shop.config.read_text() + f"    retention_days: {days}\n")


def test_prune_without_retention_days(shop):
    shop.fill()
    assert shop.ok("prune") == "no site has retention_days: all hits are kept\n"


def test_prune(shop):
    keep(shop, 5)
    shop.fill(*(shop.hit(now() - number * DAY, "blog") for number in range(10)))
    would = shop.ok("prune", "--dry-run")
    assert would.startswith("blog: 4 hits before ")
    assert would.endswith(" to be deleted\n")
    done = shop.ok("prune")
    assert done.splitlines()[0] == would.strip().replace("to be deleted", "deleted")
    assert shop.ok("prune").startswith("blog: 0 hits before ")
    assert len(shop.ok("export", "blog").splitlines()) == 7


def test_prune_as_json(shop):
    keep(shop, 5)
    shop.fill(shop.hit(now() - 9 * DAY, "blog"))
    found = json.loads(shop.ok("prune", "--json"))
    assert list(found) == ["sites", "bytesReturned", "dryRun"]
    assert found["sites"]["blog"]["hits"] == 1


def test_an_import_of_a_pruned_day_is_refused_with_that_reason(shop, tmp_path):
    keep(shop, 5)
    shop.fill(*(shop.hit(now() - number * DAY, "blog", path=f"/{number}") for number in range(8)))
    before = shop.ok("export", "blog")
    (tmp_path / "all.csv").write_text(before)
    shop.ok("prune")
    result = shop.run("import", "all.csv", "--site", "blog", "--strict")
    assert result.exit_code == 1
    assert "0 stored of 8 lines" in result.stdout
    assert "there already: 6 rows" in result.stdout
    reason = "is of a day whose hits were pruned, so that its totals can't change any more"
    assert result.stderr == f"all.csv:2: {reason}\nall.csv:3: {reason}\n"
    assert "refused: 2 " in result.stdout


def test_backup(shop, tmp_path):
    shop.fill(*(shop.hit(number) for number in range(100)))
    assert shop.ok("backup", "copy.db").startswith("copy.db: ok, ")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as connection:
        assert connection.execute("select count(*) from hits").fetchone() == (100,)


def test_backup_replaces_nothing_unless_told_so(shop, tmp_path):
    shop.fill()
    (tmp_path / "copy.db").write_text("precious")
    assert shop.error("backup", "copy.db") == "copy.db: is there already; --force replaces it"
    assert (tmp_path / "copy.db").read_text() == "precious"
    shop.ok("backup", "copy.db", "--force")
    assert (tmp_path / "copy.db").read_bytes().startswith(b"SQLite format 3")
    assert shop.error("backup", shop.database, "--force").endswith("is the database itself")


def test_backup_writes_where_a_link_leads(shop, tmp_path):
    shop.fill()
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "copy.db").write_text("old")
    (tmp_path / "link.db").symlink_to("there/copy.db")
    shop.ok("backup", "link.db", "--force")
    assert (tmp_path / "link.db").is_symlink()
    assert (tmp_path / "there" / "copy.db").read_bytes().startswith(b"SQLite format 3")


def test_backup_replaces_nothing_that_is_no_file(shop, tmp_path):
    shop.fill()
    os.mkfifo(tmp_path / "pipe")
    assert "pipe: is no file" in shop.error("backup", "pipe", "--force")
    assert (tmp_path / "pipe").is_fifo()


def test_mistakes(shop):
    assert shop.error("backup", "copy.db").endswith("not there yet; the first hit makes it")
    assert shop.ok("prune").endswith("not there yet; the first hit makes it\n")
    assert json.loads(shop.ok("prune", "--json"))["sites"] == {}
    shop.fill()
    assert shop.error("backup", "nowhere/copy.db") == "nowhere: no such folder"
    shop.database.write_bytes(b"no database" * 1000)
    assert shop.error("backup", "copy.db").endswith("file is not a database")
    assert shop.error("prune").endswith("file is not a database")


def backed_up(shop):
    """A backup of two hits, and three more since."""
    shop.fill(shop.hit(), shop.hit(1_760_000_060_000))
    shop.ok("backup", "copy.db")
    shop.fill(*(shop.hit(1_760_000_120_000) for _ in range(3)))


def hits(shop):
    with closing(sqlite3.connect(shop.database)) as connection:
        return connection.execute("select count(*) from hits").fetchone()[0]


HAS = (
    "conf/ztas.db has 5 hits until 2025-10-09 08:55 UTC; "
    "copy.db has 2 hits until 2025-10-09 08:54 UTC."
)


def test_restore_asks_before_it_replaces_hits(shop):
    backed_up(shop)
    refused = shop.run("restore", "copy.db", input="n\n")
    assert refused.exit_code == 1
    assert "--yes" in refused.output
    assert HAS in refused.output.replace(f"{shop.folder}/", "")
    assert hits(shop) == 5
    said = shop.ok("restore", "copy.db", input="y\n").replace(f"{shop.folder}/", "")
    assert said.splitlines()[0] == HAS
    assert said.endswith("conf/ztas.db: restored, 2 hits until 2025-10-09 08:54 UTC\n")
    assert hits(shop) == 2
    assert shop.ok("check")


def test_restore_with_yes_asks_nothing(shop):
    backed_up(shop)
    assert HAS in shop.ok("restore", "copy.db", "--yes").replace(f"{shop.folder}/", "")
    assert hits(shop) == 2


def test_restore_asks_nothing_where_there_is_nothing(shop):
    backed_up(shop)
    shop.database.unlink()
    assert "restored, 2 hits" in shop.ok("restore", "copy.db")
    assert hits(shop) == 2


def test_restore_of_what_is_no_backup(shop, tmp_path):
    assert shop.error("restore", "nowhere.db") == "nowhere.db: no such file"
    shop.fill()
    (tmp_path / "text").write_text("no database" * 1000)
    assert shop.error("restore", "text", "--yes") == "text: file is not a database"
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("create table notes (a)")
    assert shop.error("restore", "other.db", "--yes").startswith("other.db: no database of ztas")
    assert shop.error("restore", shop.database, "--yes").endswith("is the database itself")
    assert hits(shop) == 1


def test_a_copy_without_its_log_is_told_so(shop, tmp_path):
    database = Database(shop.database)
    database.append([shop.hit()])
    shutil.copy(shop.database, tmp_path / "copy.db")
    database.close()
    problem = "is empty: its rows were in its -wal, which was not copied with it (`ztas backup`)"
    assert shop.error("restore", "copy.db", "--yes") == f"copy.db: {problem}"
    shutil.copy(tmp_path / "copy.db", shop.database)
    assert shop.error("export", "blog").endswith(problem)
