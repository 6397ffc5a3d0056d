"""The figures in the README: tables of the last whole run, put between two marks.

python3 -m benchmarks.readme    # again, from benchmarks/results.json
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from benchmarks.results import Headline
from benchmarks.tables import FIGURES, cells, figure, markdown_table
from benchmarks.venvs import ROOT

if TYPE_CHECKING:
    from pathlib import Path

BEGIN, END = "<!-- figures: written by `make bench` -->\n", "<!-- end of the figures -->\n"

README = ROOT / "README.md"
RESULTS = ROOT / "benchmarks" / "results.json"


def write(readme: Path = README, results: Path = RESULTS) -> None:
    """Put the figures of a run into the README.

    Raises:
        ValueError: the README lacks the marks.
    """
    before, begin, rest = readme.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{readme} has no lines {BEGIN!r} and {END!r} to put figures between")
    table = figures(json.loads(results.read_text()))
    readme.write_text(f"{before}{BEGIN}{table}{END}{after}")


def figures(run: dict[str, Any]) -> str:
    """The tables, and what it was measured on; `run` is a `results.Run` as JSON."""
    sections = {section["name"]: section for section in run["sections"]}
    headlines = [
        Headline(**headline) for section in run["sections"] for headline in section["headlines"]
    ]
    others = [sections[name] for name in ("twin", "peers") if name in sections]
    machine = dict(run["machine"])
    circumstances = [machine["Processor"], machine["Python"], f"SQLite {machine['SQLite']}"]
    return "\n".join(
        [
            *(line for section in others for line in _shown(section)),
            *markdown_table(FIGURES, [figure(headline) for headline in headlines]),
            "",
            f"Measured on {run['date']}: {', '.join(circumstances)}.",
            "",
        ]
    )


def _shown(section: dict[str, Any]) -> list[str]:
    return [
        *markdown_table(section["columns"], cells(section["rows"])),
        "",
        section["about"],
        "",
    ]


if __name__ == "__main__":
    write()
