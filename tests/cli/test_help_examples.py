"""Each example of each help text does what it says, as it is written."""

from __future__ import annotations

import re
import shlex
import time
from pathlib import Path

import pytest

from ztas_middleware.cli import main

DAY = 86_400_000
# Of days that nothing else has counted.
REQUEST = '[28/Nov/2025:10:00:00 +0000] "GET / HTTP/1.1" 200'
LOG = f'203.0.113.9 - - {REQUEST} 5 "-" "Mozilla/5.0 (X11)"\n'
CONFIG = "sites:\n  site_abc123:\n    domain: a.example\n  blog:\n    domain: b.example\n"
WITH_SHOP = f"{CONFIG}  shop:\n    domain: shop.example\n"

ENDLESS = {
    "demo": "test_demo.py",
    "serve": "test_serve.py",
    "tail": "test_tail.py",
    "mcp": "test_mcp.py",
    "--follow": "test_imports.py",
    "--mail": "test_notifying.py",  # it would send one
    "ship": "tests/cluster",
    "cluster": "tests/cluster",
}
"""What goes on until it is stopped, or needs a server, and where it is run for real."""

FAILS = {
    "ztas stats": "say which SITE",  # with one site it does without
    "ztas restore /var/backups/ztas.db": "--yes",  # nobody is there to be asked
}


def commands(command=main):
    """All that can be asked for help, those of commands below others included."""
    for inner in command.commands.values():
        yield inner
        if hasattr(inner, "commands"):
            yield from commands(inner)


def examples_of(command):
    return re.findall(r"^ *(ztas .*)$", command.epilog or "", re.MULTILINE)


def examples():
    """Every example that comes to an end by itself."""
    return sorted(
        line
        for line in {line for command in commands() for line in examples_of(command)}
        if "--no-follow" in line or ENDLESS.keys().isdisjoint(shlex.split(line))
    )


@pytest.fixture
def machine(shop):
    """A folder that has what the examples name, as far as it lies in /etc and /var."""
    now = time.time_ns() // 1_000_000
    shop.config.write_text(WITH_SHOP)
    for site_id in ("site_abc123", "site_xyz789", "shop"):
        shop.fill(*(shop.hit(time=now - age * DAY, site_id=site_id) for age in range(3)))
    shop.ok("export", "blog", "--output", "hits.csv")
    for name in ("etc/ztas", "var/backups", "var/log/nginx"):
        (shop.folder / name).mkdir(parents=True)
    shop.ok("backup", "var/backups/ztas.db")
    (shop.folder / "var/log/nginx/access.log").write_text(LOG)
    (shop.folder / "var/log/nginx/access.log.1").write_text(LOG)
    (shop.folder / "x.log").write_text(f"203.0.113.9 {REQUEST}\n")
    return shop


def arguments_of(line, folder):
    """The words of a command line, with files of the folder instead of the machine's."""
    for word in shlex.split(line)[1:]:
        here = re.sub(r"^/(?=etc/|var/)", f"{folder}/", word)
        yield from sorted(Path("/").glob(here[1:])) if here.endswith(".log*") else [here]


def test_every_command_has_an_example():
    assert [command.name for command in commands() if not examples_of(command)] == []


@pytest.mark.parametrize("line", examples())
def test_an_example_does_what_it_says(machine, line):
    if line.startswith("ztas init"):
        machine.config.rename("elsewhere")
    elif line.startswith("ztas sites add"):
        machine.config.write_text(CONFIG)
    given = "correct horse\n" if line == "ztas password" else None
    result = machine.run(*arguments_of(line, machine.folder), input=given)
    if line in FAILS:
        assert FAILS[line] in result.output
    else:
        assert (result.exit_code, result.exception) == (0, None), result.output
