"""A run as text: for the terminal, and as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.results import Cell, Headline, Run, Section

FIGURES = ("what", "target", "measured", "met")


def show(value: Cell) -> str:
    """A cell; numbers with three digits that count."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def terminal(run: Run) -> str:
    """The whole run, in columns."""
    parts = [f"{name}: {value}" for name, value in _circumstances(run)]
    for section in run.sections:
        parts += ["", section.title, "-" * len(section.title), section.about, ""]
        parts += _columns(section.columns, cells(section.rows))
        parts += ["", *section.notes] if section.notes else []
    parts += ["", "Targets", "-------", *_columns(FIGURES, _targets(run))]
    return "\n".join(parts)


def markdown(run: Run) -> str:
    """The same as a page of its own."""
    parts = [
        "# Benchmark results",
        "",
        "Written by `make bench`; docs/benchmarks.md says what is measured and how.",
        "",
        *(f"- {name}: {value}" for name, value in _circumstances(run)),
        "",
        "![The figures below as bars](results.svg)",
        "",
        "## Targets",
        "",
        *markdown_table(FIGURES, _targets(run)),
    ]
    for section in run.sections:
        parts += ["", f"## {section.title}", "", section.about]
        if section.columns:
            parts += ["", *markdown_table(section.columns, cells(section.rows))]
        parts += ["", *(f"- {note}" for note in section.notes)] if section.notes else []
    return "\n".join(parts) + "\n"


def _circumstances(run: Run) -> list[tuple[str, str]]:
    minutes = f"{run.seconds // 60} min {run.seconds % 60} s"
    return [("Date", run.date), *run.machine, ("The run took", minutes)]


def _targets(run: Run) -> list[list[str]]:
    return [figure(headline) for section in run.sections for headline in section.headlines]


def figure(headline: Headline) -> list[str]:
    """A figure beside its target, in the order of `FIGURES`."""
    unit = f" {headline.unit}" if headline.unit else ""
    relation = "at least" if headline.at_least else "at most"
    return [
        headline.what,
        f"{relation} {show(headline.target)}{unit}",
        f"{show(headline.measured)}{unit}",
        "yes" if headline.is_met else "no",
    ]


def cells(rows: Sequence[Sequence[Cell]]) -> list[list[str]]:
    """A section's rows as they are shown."""
    return [[show(cell) for cell in row] for row in rows]


def _columns(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines in which the first column stands to the left and all others to the right."""
    table = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if index else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table, the first column to the left."""
    rule = ["---", *("---:" for _ in head[1:])]
    return [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]


def section_as_text(section: Section) -> str:
    """One section, for a look while the run goes on."""
    return "\n".join(_columns(section.columns, cells(section.rows)))
