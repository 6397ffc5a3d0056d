"""Files that are mounts of their own, as a container has them, and file systems to read from."""

from __future__ import annotations

import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from missing import missing
from processes import ROOT

# Mounts are seen by the command alone, and gone with it.
APART = ("unshare", "-m") if os.geteuid() == 0 else ("unshare", "-rm")


@pytest.fixture
def ztas(shop):
    """Run `ztas` behind mounts: shell commands in the shop's folder."""
    if shutil.which("unshare") is None or subprocess.call([*APART, "true"]) != 0:
        missing("mounts need unshare(1), and the right to use it")

    def run(mounts, *arguments):
        command = shlex.join([sys.executable, "-m", "ztas_middleware", *arguments])
        return subprocess.run(
            [*APART, "sh", "-ec", f"{mounts}\n{command}"],
            cwd=shop.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_a_database_that_is_a_mount_of_its_own_is_named(shop, ztas):
    shop.fill()
    folder = shop.folder / "a volume"
    folder.mkdir()
    shop.database.rename(folder / "ztas.db")
    shop.database.touch()
    found = ztas("mount --bind 'a volume/ztas.db' conf/ztas.db", "check")
    assert found.returncode == 1
    (problem,) = found.stderr.splitlines()
    assert problem.startswith(f"ztas: {shop.database}-wal: lies in the container")
    assert problem.endswith("mount its folder instead")


def test_a_folder_that_is_mounted_is_fine(shop, ztas):
    shop.fill()
    shop.config.parent.rename(shop.folder / "volume")
    shop.config.parent.mkdir()
    found = ztas("mount --bind volume conf", "check")
    assert (found.returncode, found.stderr) == (0, "")


def test_a_config_that_is_a_mount_of_its_own_is_edited_in_place(shop, ztas):
    shop.config.rename(shop.folder / "mine.yaml")
    shop.config.touch()
    mount = "mount --bind mine.yaml conf/ztas.yaml"
    added = ztas(mount, "sites", "add", "new.example", "--id", "new")
    assert (added.returncode, added.stderr) == (0, "")
    with_site = (shop.folder / "mine.yaml").read_text()
    assert "new:" in with_site
    removed = ztas(mount, "sites", "remove", "new")
    assert (removed.returncode, removed.stderr) == (0, "")
    assert "new:" not in (shop.folder / "mine.yaml").read_text()
    assert [path.name for path in shop.config.parent.iterdir()] == ["ztas.yaml"]


READING = {
    "stats": ("stats", "site_abc123", "--json"),
    "export": ("export", "site_abc123"),
    "check": ("check", "--json"),
    "backup": ("backup", "copy.db"),
    "doctor": ("doctor",),
    "tail": ("tail", "--no-follow"),
}


@pytest.mark.parametrize("command", READING.values(), ids=READING)
def test_a_database_on_a_file_system_that_cannot_be_written_is_read(shop, ztas, command):
    shop.fill()
    mount = "mount --bind conf conf\nmount -o remount,ro,bind conf"
    found = ztas(mount, *command)
    assert "Traceback" not in found.stderr
    assert "unable to open" not in found.stdout + found.stderr
    if command[0] == "check":
        assert "can't be written to" in found.stdout
    else:
        assert found.returncode == 0, found.stderr
    if command[0] == "backup":
        with closing(sqlite3.connect(shop.folder / "copy.db")) as connection:
            assert connection.execute("select count(*) from hits").fetchone() == (1,)
