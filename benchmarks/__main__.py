"""`make bench`: the project's figures, and its peers', in one run.

    python3 -m benchmarks [--quick] [--only NAME]...

Any Python that the project supports will do: the command sets up the virtual environments it
needs below benchmarks/.venvs, and goes on inside one of them.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from benchmarks.venvs import PROJECT, InstallError, make


def main() -> int:
    """Read the options, find the right interpreter, run."""
    parser = argparse.ArgumentParser(prog="python3 -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="rough figures in 90 seconds")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="NAME",
        help="one scenario, such as in-process; repeatable",
    )
    options = parser.parse_args()
    try:
        python = make(PROJECT)
    except InstallError as failure:
        print(failure, file=sys.stderr)
        return 1
    if Path(sys.prefix).resolve() != PROJECT.folder.resolve():
        os.execv(python, [str(python), "-m", "benchmarks", *sys.argv[1:]])
    # Only here, because it needs what has just been installed.
    from benchmarks.run import run

    return run(only=options.only, quick=options.quick)


if __name__ == "__main__":
    sys.exit(main())
