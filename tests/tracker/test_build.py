"""The script that is served: built from its source, small, and without anything to remember by."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from missing import missing

ROOT = Path(__file__).parents[2]
TRACKER = ROOT / "ztas_middleware" / "tracker"
SOURCE = TRACKER / "ztas.js"
BUILT = TRACKER / "ztas.min.js"

MOST_BYTES = 1_500

STORES = ("cookie", "localStorage", "sessionStorage", "indexedDB", "caches", "serviceWorker")


def test_committed_script_is_what_the_source_builds_to(tmp_path):
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        missing("node and npm are not installed")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / name, tmp_path)
    tracker = tmp_path / "ztas_middleware" / "tracker"
    tracker.mkdir(parents=True)
    for name in ("ztas.js", "build.js", "names.js", "names.json"):
        shutil.copy(TRACKER / name, tracker)
    install = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    if install.returncode:
        missing(f"npm ci failed:\n{install.stderr}")

    built = subprocess.run(
        [node, tracker / "build.js", "--stdout"], cwd=tmp_path, capture_output=True, check=True
    ).stdout

    assert built == BUILT.read_bytes(), "the source has changed: run `make tracker`"


def test_gzipped_script_has_at_most_1500_bytes():
    size = len(gzip.compress(BUILT.read_bytes(), 9, mtime=0))
    print(f"ztas.min.js: {BUILT.stat().st_size} bytes, {size} gzipped")
    assert size <= MOST_BYTES


@pytest.mark.parametrize("store", STORES)
def test_script_has_no_word_for_a_store(store):
    assert store not in BUILT.read_text()


def test_way_to_the_endpoint_stands_in_the_script_once():
    assert BUILT.read_text().count('"../api/track"') == 1


def test_script_is_ascii_on_one_line():
    assert re.fullmatch(rb"[ -~]+", BUILT.read_bytes())
