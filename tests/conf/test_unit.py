"""The units for systemd, read by systemd."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from processes import ROOT

from ztas_middleware.cli import main

UNITS = sorted(path.name for path in (ROOT / "conf").glob("*.service"))
TIMERS = sorted(path.name for path in (ROOT / "conf").glob("*.timer"))
ZTAS = "/opt/ztas/bin/ztas"


@pytest.mark.parametrize("name", [*UNITS, *TIMERS])
def test_systemd_has_nothing_to_say_against_a_unit(program, tmp_path, name):
    # It looks whether the program is there, and a timer's service.
    for unit in UNITS:
        text = (ROOT / "conf" / unit).read_text("utf-8")
        (tmp_path / unit).write_text(text.replace(ZTAS, str(Path(sys.executable))))
    for timer in TIMERS:
        (tmp_path / timer).write_text((ROOT / "conf" / timer).read_text("utf-8"))
    done = subprocess.run(
        [program("systemd-analyze"), "verify", "--man=no", str(tmp_path / name)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, name in done.stderr) == (0, False), done.stderr


@pytest.mark.parametrize("name", UNITS)
def test_what_a_unit_starts_is_a_command_of_ours(name):
    (line,) = [
        line.removeprefix("ExecStart=")
        for line in (ROOT / "conf" / name).read_text("utf-8").splitlines()
        if line.startswith("ExecStart=")
    ]
    program, called, *arguments = shlex.split(line)
    assert program == ZTAS
    with main.commands[called].make_context(called, arguments) as context:
        assert context.command is main.commands[called]


@pytest.mark.parametrize("name", TIMERS)
def test_each_timer_has_its_service(name):
    assert name.replace(".timer", ".service") in UNITS
