"""`ztas stats`: the report on a site, in a terminal or as the JSON that the API gives.

It asks with the parameters of the API, which the reports check; how the answer is drawn is in
`charts`.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ztas_middleware.cli import options
from ztas_middleware.cli.rollup import patiently
from ztas_middleware.dimensions import DIMENSIONS
from ztas_middleware.filters import is_filter
from ztas_middleware.parameters import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ztas_middleware.reports.questions import Question
    from ztas_middleware.reports.reader import Reports

_DATE = click.DateTime(["%Y-%m-%d"])
_PERIODS = ("24h", "7d", "30d", "90d", "365d", "today", "yesterday", "month", "year", "all")
_WIDTHS = (60, 100)
"""Columns at least and at most; wider lines are hard to follow."""

_DATES = {
    "first": "startDate",
    "last": "endDate",
    "compare_first": "compareStart",
    "compare_last": "compareEnd",
}
_OPTIONS = {
    "startDate": "--from",
    "endDate": "--to",
    "compareStart": "--compare-from",
    "compareEnd": "--compare-to",
}
"""What a parameter of the API is called here, where that is not its own name."""


@click.command(
    epilog="""\b
Examples:
  ztas stats
  ztas stats site_abc123 --period 30d
  ztas stats site_abc123 --filter 'page=/blog/*' --filter 'country!=US' --compare year
  ztas stats site_abc123 --by page --by country --limit 20
  ztas stats site_abc123 --journeys page=/pricing
  ztas stats site_abc123 --from 2026-11-01 --to 2026-11-30 --json
"""
)
@options.site_argument(required=False)
@click.option("--period", type=click.Choice(_PERIODS), help="7d unless it is said.")
@click.option("--from", "first", type=_DATE, metavar="DATE", help="The first day; needs --to.")
@click.option("--to", "last", type=_DATE, metavar="DATE", help="The last day; needs --from.")
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="KEY=VALUE",
    help="What is kept: page=/a, country!=US, browser~=fire; may be repeated.",
)
@click.option(
    "--compare",
    type=click.Choice(["previous", "year", "none"]),
    help="What changes are against; previous unless it is said.",
)
@click.option("--compare-from", "compare_first", type=_DATE, metavar="DATE", help="Or these days.")
@click.option("--compare-to", "compare_last", type=_DATE, metavar="DATE", help="The last of them.")
@click.option(
    "--interval",
    type=click.Choice(["hour", "day", "week", "month"]),
    help="What makes a point of the chart.",
)
@click.option("--by", multiple=True, metavar="KEY", help="A table by one to three filters' names.")
@click.option(
    "--journeys",
    metavar="KEY=VALUE",
    help="What comes before and after page=/a, or action=signup.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    help="Entries that a list has at most.  [default: 10]",
)
@click.option("--offset", type=click.IntRange(0), help="Entries that are passed over.")
@click.option("--json", "as_json", is_flag=True, help="The answer of the JSON API.")
@options.config_option
def stats(
    site: str | None,
    *,
    filters: tuple[str, ...],
    by: tuple[str, ...],
    journeys: str | None,
    as_json: bool,
    config: str,
    **given: Any,  # noqa: ANN401 - the other options, by their names
) -> None:
    """Show the report on SITE: how many came, from where, to read what.

    Changes are against the period before, which is as long. Days are the site's own. SITE may be
    left out where there is one.
    """
    if by and journeys:
        raise click.UsageError("--by can't be combined with --journeys")
    settings = options.load(config)
    asked = options.site_or_only(settings, site)
    from ztas_middleware.reports.reader import Reports  # loads all of the reports

    now = time.time_ns() // 1_000_000
    with options.existing(settings):
        reports = Reports(settings)
        try:
            parameters = _parameters((*filters, *([journeys] if journeys else [])), by, given)
            beside = Beside()
            if journeys:
                journey = reports.journeys_question(asked.id, parameters, now=now)
                document = reports.journeys(journey).to_json()
            elif by:
                breakdown = reports.breakdown_question(asked.id, parameters, now=now)
                document = patiently(
                    reports, asked.id, lambda: reports.breakdown(breakdown).to_json()
                )
                beside = Beside()
            else:
                question = reports.question(asked.id, parameters, now=now)
                document = patiently(reports, asked.id, lambda: reports.stats(question).to_json())
                beside = _beside(reports, question)
        except ParameterError as error:
            problem = error.problem
            for name, option in _OPTIONS.items():
                problem = problem.replace(name, option)
            raise click.UsageError(f"{_option(error.parameter)} {problem}") from None
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False).encode())
    else:
        _show(document, by, beside)


def _parameters(
    filters: tuple[str, ...], by: tuple[str, ...], given: Mapping[str, Any]
) -> dict[str, list[str]]:
    """The parameters of the API that options stand for."""
    found: dict[str, list[str]] = {"by": list(by)} if by else {}
    for text in filters:
        key, separator, value = text.partition("=")
        if not separator:
            raise click.UsageError(f"--filter {text}: write it as KEY=VALUE, such as page=/a")
        if not is_filter(key):
            known = ", ".join((*DIMENSIONS, "prop:NAME", "goal", "segment"))
            raise click.UsageError(f"--filter {text}: there is no filter {key}; there are {known}")
        found.setdefault(key, []).append(value)
    for name, value in given.items():
        if value is not None:
            text = value.date().isoformat() if name in _DATES else str(value)
            found[_DATES.get(name, name)] = [text]
    return found


def _option(parameter: str) -> str:
    """What a parameter of the API is called here."""
    if is_filter(parameter):
        return f"--filter {parameter}:"
    return _OPTIONS.get(parameter, f"--{parameter}")


class Beside(NamedTuple):
    """What is shown beside a report, and is not in it."""

    losses: Mapping[str, int] = {}
    """What was not counted, by reason."""
    readers: Sequence[Mapping[str, Any]] = ()
    """Who read pages without being a visitor."""


def _beside(reports: Reports, question: Question) -> Beside:
    from ztas_middleware.reports.agents import agents
    from ztas_middleware.reports.drops import dropped

    database, site, period = reports.database, question.site, question.period
    losses = Counter[str]()
    for row in dropped(database, site.id, period.first, period.last):
        losses[row.reason] += row.count
    readers = (
        agents(database, site.id, period.first, period.last, limit=question.limit)
        if site.agents
        else ()
    )
    return Beside(dict(losses.most_common()), [reader.to_json() for reader in readers])


def _show(document: Mapping[str, Any], by: tuple[str, ...], beside: Beside) -> None:
    from ztas_middleware.cli import charts  # not needed for JSON

    least, most = _WIDTHS
    width = max(least, min(shutil.get_terminal_size((80, 24)).columns, most))
    encoding = sys.stdout.encoding or "utf-8"
    marks = charts.marks_for(encoding)
    lines: Iterator[str]
    if "before" in document:
        lines = charts.journeys(document, width, marks)
    elif by:
        lines = charts.breakdown(document, by, width, marks)
    else:
        lines = chain(
            charts.report(document, beside.losses, width, marks),
            charts.agents(beside.readers, width, marks),
        )
    for line in lines:
        # A path may have letters that the terminal has not.
        click.echo(line.encode(encoding, "replace").decode(encoding))
