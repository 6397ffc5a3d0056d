"""What is published: the sdist has everything, the wheel what runs and no more."""

from __future__ import annotations

import ast
import os
import re
import sys
import tarfile
import zipfile
from email.parser import HeaderParser
from importlib import metadata
from pathlib import PurePosixPath

import pytest
from processes import ROOT

import ztas_middleware
from tests.conftest import build, copy_sources

PACKAGE = "ztas_middleware"
LITTER = re.compile(r"__pycache__|\.py[co]$|\.db(-\w+)?$|/\.|node_modules|\.egg-info/.*\.db")


def sources(*folders):
    """The files of the source tree in these folders, without what running leaves there."""
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    }
    return {name for name in found if not LITTER.search(name)}


@pytest.fixture(scope="module")
def wheel(distribution):
    with zipfile.ZipFile(distribution.wheel) as archive:
        yield archive


@pytest.fixture(scope="module")
def described(wheel):
    """The wheel's metadata."""
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return HeaderParser().parsestr(wheel.read(name).decode())


def test_the_wheel_has_the_whole_package_and_nothing_else(wheel):
    names = set(wheel.namelist())
    packed = {name for name in names if ".dist-info/" not in name}
    assert packed == sources(PACKAGE)
    assert f"{PACKAGE}/py.typed" in packed
    dist_info = {PurePosixPath(name).name for name in names - packed}
    assert {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "LICENSE"} <= dist_info


@pytest.mark.slow
def test_a_wheel_is_the_same_wherever_and_whenever_it_is_built(distribution, tmp_path):
    copy_sources(tmp_path / "elsewhere")
    for path in (tmp_path / "elsewhere").rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    build(tmp_path / "elsewhere", tmp_path / "dist", "--wheel")
    (again,) = (tmp_path / "dist").glob("*.whl")
    assert again.read_bytes() == distribution.wheel.read_bytes()


def test_the_sdist_has_what_it_takes_to_test_and_to_build(distribution):
    with tarfile.open(distribution.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    top = {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE"}
    top |= {"Makefile", "MANIFEST.in", "pyproject.toml"}
    wanted = sources(PACKAGE, "benchmarks", "conf", "docs", "examples", "tests") | top
    assert wanted - names == set()
    names.discard("benchmarks/.gitignore")
    assert not [name for name in names if LITTER.search("/" + name)]


def test_both_are_named_after_the_version(distribution):
    version = ztas_middleware.__version__
    assert distribution.wheel.name == f"{PACKAGE}-{version}-py3-none-any.whl"
    assert distribution.sdist.name == f"{PACKAGE}-{version}.tar.gz"


def test_the_metadata_say_what_an_index_shows(described):
    assert described["Name"] == "ztas-middleware"
    assert described["Version"] == ztas_middleware.__version__
    assert described["Requires-Python"] == ">=3.10"
    assert described["License-Expression"] == "MIT"
    assert described["Description-Content-Type"] == "text/markdown"
    assert described.get_payload().strip() == (ROOT / "README.md").read_text("utf-8").strip()
    assert "Typing :: Typed" in described.get_all("Classifier")


def test_the_entry_points_lead_to_what_they_name(distribution):
    (installed,) = metadata.distributions(name="ztas-middleware", path=[distribution.installed])
    found = {point.name: point for point in installed.entry_points}
    assert {name: (point.group, point.value) for name, point in found.items()} == {
        "ztas": ("console_scripts", f"{PACKAGE}.cli:main"),
        "main": ("paste.filter_app_factory", f"{PACKAGE}.paste:filter_app_factory"),
    }
    for point in found.values():
        assert callable(point.load())


# Import names that differ from the distribution's.
# What an app that is wrapped has imported itself, where it is asked for.
OF_THE_APP = {"asgiref", "django", "flask", "trio", "werkzeug"}
DISTRIBUTIONS = {"yaml": "pyyaml", "crawleruseragents": "crawler-user-agents"}


def imported(path):
    """The top-level names that a module imports at run time."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0]


def required(described, extra=None):
    lines = described.get_all("Requires-Dist")
    marker = f'extra == "{extra}"' if extra else None
    kept = [line for line in lines if (marker in line if marker else "extra ==" not in line)]
    return {re.match(r"[\w-]+", line)[0].lower() for line in kept}


def test_the_package_imports_nothing_that_it_does_not_require(described):
    needed = set()
    for path in (ROOT / PACKAGE).rglob("*.py"):
        needed |= set(imported(path))
    needed -= set(sys.stdlib_module_names) | {PACKAGE, "__future__"}
    needed = {DISTRIBUTIONS.get(name, name.replace("_", "-")) for name in needed}
    extras = [
        required(described, extra)
        for extra in ("cluster", "dashboard", "geo", "mcp", "reports", "serve")
    ]
    assert needed <= required(described).union(OF_THE_APP, *extras)


def test_the_changelog_has_the_version_or_what_is_to_become_it():
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    versions = re.findall(r"^## (?:\[)?([\w.]+)", changelog, re.MULTILINE)
    assert versions[0] in ("Unreleased", ztas_middleware.__version__)
