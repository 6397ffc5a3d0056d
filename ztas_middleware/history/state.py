"""What the database says of a site's history, and which of its days have to be filed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.acquisition.channels import mark as mark_of_sources
from ztas_middleware.history.clock import bounds_of, date_at
from ztas_middleware.history.columns import ROWS
from ztas_middleware.history.totals import TOTALS
from ztas_middleware.store.history_tables import QUARTER, TRIGGERS
from ztas_middleware.store.survey import FIRST_ID, Survey

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection
    from datetime import tzinfo

    from ztas_middleware.config.model import Site
    from ztas_middleware.store.survey import Span

VERSION = 1
"""Goes up with every change of what is noted on a row or counted for a day."""

FILED, MOVING, MOVED, SEALED = "filed", "moving", "moved", "sealed"


class Rules:
    """One site's rules: everything in its configuration that what is filed depends on."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.site_id = site.id
        self.zone = site.timezone
        self.domains = site.domains
        told = [
            VERSION,
            sorted(json.dumps(asdict(domain)) for domain in site.domains),
            mark_of_sources(),
            [tuple(column) for column in (*ROWS, *TOTALS)],
        ]
        digest = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
        self.mark = f"{digest} {site.timezone}"
        """By which it is known whether a day was filed by these."""


class FiledDay(NamedTuple):
    """A day as it is in the history."""

    state: str
    rows: int
    last_id: int
    generation: str
    rules: str


class State(NamedTuple):
    """What the database says of a site at one moment."""

    identity: str
    """Of the database, for this site; empty if nothing was ever filed."""
    watermark: int
    open: list[Span]
    changes: int
    cuts: int
    newest: int
    """The largest id of any hit."""
    has_triggers: bool
    days: dict[date, FiledDay]
    noted: frozenset[int]
    """Quarters of an hour with hits that were deleted or changed by hand."""


def load_state(connection: sqlite3.Connection, site_id: str) -> State:
    """The state of a site's history; in a transaction."""
    row = connection.execute(
        "select identity, watermark, open, changes, cuts from history_sites where site_id = ?",
        (site_id,),
    ).fetchone()
    identity, watermark, open_, changes, cuts = row or ("", FIRST_ID, "[]", 0, 0)
    (triggers,) = connection.execute(
        f"""
        select count(*) from sqlite_schema
        where type = 'trigger' and name in ({", ".join(f"'{name}'" for name in TRIGGERS)})
        """
    ).fetchone()
    (newest,) = connection.execute("select ifnull(max(id), 0) from hits").fetchone()
    days = connection.execute(
        """
        select day, state, rows, last_id, generation, rules from history_days where site_id = ?
        """,
        (site_id,),
    )
    noted = connection.execute("select quarter from history_changes where site_id = ?", (site_id,))
    return State(
        identity,
        watermark,
        [(first, last) for first, last in json.loads(open_)],
        changes,
        cuts,
        newest,
        triggers == len(TRIGGERS),
        {date.fromisoformat(day): FiledDay(*rest) for day, *rest in days},
        frozenset(quarter for (quarter,) in noted),
    )


def sealed_totals(
    connection: sqlite3.Connection,
    site_id: str,
    first: date,
    last: date,
    months: Collection[str],
) -> list[bytes]:
    """The packed totals of those sealed days from `first` to `last` that are of some months."""
    if not months:
        return []
    found = connection.execute(
        """
        select day, totals from history_days
        where site_id = :site and day between :first and :last and state = 'sealed' order by day
        """,
        {"site": site_id, "first": first.isoformat(), "last": last.isoformat()},
    )
    return [packed for day, packed in found if day[:7] in months]


def look(
    connection: sqlite3.Connection,
    site_id: str,
    state: State,
    *,
    full: bool,
    known: Survey | None = None,
) -> Survey:
    """Look at the hits that are open or new, or at all.

    Args:
        connection: in autocommit mode.
        site_id: whose hits.
        state: the site's.
        full: whether all are to be looked at.
        known: an older survey, which is continued if nothing has changed.
    """
    moment = (state.changes, state.cuts, state.watermark)
    if known is not None and known.moment == moment and (known.is_full or not full):
        known.look(connection, site_id, [(known.upto + 1, state.newest)])
        return known
    survey = Survey(moment, is_full=full)
    if full or state.watermark == FIRST_ID:
        survey.look(connection, site_id, [(FIRST_ID, state.newest)])
    else:
        survey.look(connection, site_id, [*state.open, (state.watermark + 1, state.newest)])
    return survey


def newest_of_days(survey: Survey, zone: tzinfo) -> dict[date, int]:
    """The newest id of each day that has any hits."""
    newest: dict[date, int] = {}
    day, end = date.min, -1
    for quarter in survey.possible:
        instant = quarter * QUARTER
        if instant >= end:
            day = date_at(instant, zone)
            end = bounds_of(day, day, zone)[1]
        newest[day] = max(newest.get(day, FIRST_ID), survey.spans[quarter][-1][1])
    return newest


def distrusted(days: dict[date, FiledDay]) -> dict[date, FiledDay]:
    """Filed days as if other rules had held for them."""
    return {
        day: filed._replace(rules="") if filed.state == FILED else filed
        for day, filed in days.items()
    }


class Due(NamedTuple):
    """What has to be filed."""

    days: frozenset[date]
    anew: frozenset[date]
    """Those of which the file is not to be believed: hits were deleted or changed, or rules."""
    months: frozenset[str]
    """Those whose files have to be written, for these days or since they are not there."""


def wants_full_survey(state: State, rules: Rules, bad_months: Collection[str]) -> bool:
    """Whether what is known to be filed is to be looked at again."""
    return (
        bool(state.noted)
        or not state.has_triggers
        or any(
            day.state == FILED and (day.rules != rules.mark or month_of(at) in bad_months)
            for at, day in state.days.items()
        )
    )


def find_due(
    state: State, survey: Survey, rules: Rules, today: date, bad_months: Collection[str]
) -> Due:
    """The finished days that have to be filed, or filed again."""
    days, anew = set(), set()
    for day, newest in newest_of_days(survey, rules.zone).items():
        filed = state.days.get(day)
        # A running day is filed where somebody's clock was ahead, and is then kept up to date.
        if day < today if filed is None else filed.state != SEALED and newest > filed.last_id:
            days.add(day)
    changed = {date_at(quarter * QUARTER, rules.zone) for quarter in state.noted}
    for day, filed in state.days.items():
        if filed.state == FILED and (
            filed.rules != rules.mark
            or day in changed
            or not state.has_triggers
            or month_of(day) in bad_months
        ):
            anew.add(day)
        elif filed.state in {MOVING, MOVED} and _wants_forming(filed, rules):
            days.add(day)
    # Of a day that is filed and has no hits any more, the survey knows nothing.
    days |= anew
    months = {month_of(day) for day in days} | set(bad_months)
    return Due(frozenset(days), frozenset(anew), frozenset(months))


def _wants_forming(filed: FiledDay, rules: Rules) -> bool:
    """Whether other rules hold for a day that is in the history alone; its bounds stay."""
    return filed.rules.split(" ")[0] != rules.mark.split(" ")[0]


def month_of(day: date) -> str:
    """`YYYY-MM`."""
    return day.isoformat()[:7]
