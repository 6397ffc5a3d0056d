"""What other analytics for Python frameworks cost the application they are put into."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from benchmarks import workload
from benchmarks.load import Contender, LoadError, middle, ratio, take_turns, write_requests
from benchmarks.results import Bar, Chart, Headline, Section
from benchmarks.scenarios.tracked import rows_are_there
from benchmarks.servers import SYNC, Application, StartupError
from benchmarks.venvs import DJANGO_REQUEST, FLASK_TRACK_USAGE, InstallError, make, versions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.bench import Bench
    from benchmarks.results import Cell

BARE = "bare"
PAGES, PAGES_AND_HITS = "ztas-middleware, pages only", "ztas-middleware, each page and its hit"
FLASK_PEER, DJANGO_PEER = "Flask-Track-Usage", "django-request"

ANSWERS_A_PAGE = {PAGES_AND_HITS: 2}
"""One for all others."""


def measure(bench: Bench) -> Section:
    """A framework's "hello" with and without its analytics, and with ours."""
    everyone = workload.visitors(Random(1), 1000)
    gets = [workload.http_get(visitor) for visitor in everyone]
    pages = write_requests(bench.scratch / "pages", gets)
    posts = map(workload.http_post, workload.requests(len(gets)))
    pairs = (request for pair in zip(gets, posts, strict=True) for request in pair)
    both = write_requests(bench.scratch / "both", pairs)
    rows: list[tuple[Cell, ...]] = []
    notes, bars = [], []
    for title, contest in (
        ("Flask", lambda: _ours(bench, pages, both)),
        (FLASK_PEER, lambda: _flask_track_usage(bench, pages)),
        (DJANGO_PEER, lambda: _django_request(bench, pages)),
    ):
        try:
            software, contenders = contest()
            # The differences are so large here that fewer rounds tell as much.
            rounds = min(3, bench.effort.rounds)
            loads = take_turns(SYNC, contenders, rounds=rounds, seconds=bench.effort.seconds)
        except (InstallError, StartupError, LoadError) as failure:
            notes.append(f"{title} could not be measured here: {failure}")
            rows.append((title, None, None, None))
            continue
        notes.append(f"{title}: {software}.")
        bare = middle(loads[BARE])
        for name in [contender.name for contender in contenders[1:]]:
            answers = ANSWERS_A_PAGE.get(name, 1)
            with_it, share = middle(loads[name]) / answers, ratio(loads, name, BARE) / answers
            rows.append((name, bare, with_it, share))
            bars += [Bar(name, BARE, bare), Bar(name, "with it", with_it)]
    return Section(
        "peers",
        "Beside other analytics",
        "GET / of a framework's hello under gunicorn sync, pages per second. The peers store a "
        "row with each page; ours passes the page through, and its hit is a request of its own.",
        ("with", "bare", "with it", "ratio"),
        tuple(rows),
        tuple(
            Headline("wrapped / bare Flask, gunicorn sync", float(row[3] or 0), "", 0.98, True)
            for row in rows
            if row[0] == PAGES
        ),
        (Chart("Pages with analytics", "pages/s", tuple(bars)),),
        tuple(notes),
    )


def _ours(bench: Bench, pages: Path, both: Path) -> tuple[str, Sequence[Contender]]:
    wrapped = bench.application("hello_flask_wrapped")
    stored = rows_are_there(wrapped.database, answers_a_row=2)
    return versions(bench.python, "flask", "gunicorn"), (
        Contender(BARE, bench.application("hello_flask"), pages),
        Contender(PAGES, wrapped, pages),
        Contender(PAGES_AND_HITS, wrapped, both, stored),
    )


def _flask_track_usage(bench: Bench, pages: Path) -> tuple[str, Sequence[Contender]]:
    python = make(FLASK_TRACK_USAGE)
    database = bench.scratch / "flask-track-usage.db"
    bare = Application("hello_flask", python, bench.scratch / "flask.db")
    tracked = Application("hello_flask_track_usage", python, database)
    return versions(python, "flask", "werkzeug", "sqlalchemy", "flask-track-usage"), (
        Contender(BARE, bare, pages),
        Contender(FLASK_PEER, tracked, pages, rows_are_there(database, "flask_usage")),
    )


def _django_request(bench: Bench, pages: Path) -> tuple[str, Sequence[Contender]]:
    python = make(DJANGO_REQUEST)
    database = bench.scratch / "django-request.db"
    bare = Application("hello_django", python, bench.scratch / "django.db")
    switch = {"ZTAS_BENCH_DJANGO_REQUEST": "1"}
    tracked = Application("hello_django", python, database, switch)
    return versions(python, "django", "django-request"), (
        Contender(BARE, bare, pages),
        Contender(DJANGO_PEER, tracked, pages, rows_are_there(database, "request_request")),
    )
