"""One DuckDB a process: a child that was forked leaves its parent's alone."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import gc, os, sys
from ztas_middleware.history.engine import Engine
engine = Engine()
engine.cursor().execute("select sum(range) from range(1_000_000)").fetchall()
child = os.fork()
if child == 0:
    {}
    sys.exit(0)
print(os.waitpid(child, 0)[1])
"""


@pytest.mark.parametrize(
    "does",
    [
        pytest.param("pass", id="ends"),
        pytest.param("engine = gc.collect()", id="lets go of it"),
        pytest.param("engine.cursor().execute('select 1').fetchall()", id="asks"),
    ],
)
def test_a_child_ends_as_any_other(does):
    program = [sys.executable, "-c", PROGRAM.format(does)]
    done = subprocess.run(program, capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == "0\n", done.stderr
