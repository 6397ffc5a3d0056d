"""The report of the contract computed a second time: slowly, plainly, from a list of rows.

Nothing here is shared with the package. Rows are dicts with the columns of `hits`; everything
is decided by walking over them again and again, so that each definition can be read off.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from urllib.parse import urlsplit

UTC = timezone.utc
LISTS = ("pages", "entryPages", "exitPages", "referrers", "sources", "campaigns", "events")
LISTS += ("browsers", "systems", "devices", "countries")


def at(row):
    return datetime.fromtimestamp(row["time"] / 1000, UTC)


def day_of(row, zone):
    return at(row).astimezone(zone).date().isoformat()


def host_of(row, own_hosts):
    if row["referrer"] is None:
        return None
    host = urlsplit(row["referrer"]).hostname
    host = host.removeprefix("www.")
    return None if host in own_hosts else host


def source_of(row, own_hosts, groups):
    tag = row["utm_source"]
    if tag is not None:
        return groups.get(tag, tag)
    host = host_of(row, own_hosts)
    return "Direct" if host is None else groups.get(host, host)


def fits(pattern, text):
    if text is None:
        return False
    if pattern.endswith("*"):
        return text.startswith(pattern[:-1])
    return text == pattern


def is_kept(row, filters, site):
    for name, pattern in filters.items():
        text = {
            "page": row["path"],
            "referrer": host_of(row, site["own_hosts"]),
            "source": source_of(row, site["own_hosts"], site["groups"])
            if row["type"] == "pageview"
            else None,
        }.get(name, row.get(name))
        if not fits(pattern, text):
            return False
    return True


def matches(match, row):
    """A goal's or step's match; `*` at the end or anywhere is any text."""
    wanted = "event" if "action" in match else "pageview"
    if row["type"] != wanted:
        return False
    columns = {"page": "path", "action": "action", "category": "category", "label": "label"}
    return all(
        globs(pattern, row[columns[key]]) for key, pattern in match.items() if key in columns
    )


def globs(pattern, text):
    if text is None:
        return False
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(globs(pattern[1:], text[cut:]) for cut in range(len(text) + 1))
    return bool(text) and text[0] == pattern[0] and globs(pattern[1:], text[1:])


def sessions_of(rows):
    """Lists of rows, in order, each a session; of one day's rows."""
    rows = sorted(rows, key=lambda row: (row["time"], row["id"]))
    ids = dict.fromkeys(row["session_id"] for row in rows if row["session_id"] is not None)
    sessions = [[row for row in rows if row["session_id"] == key] for key in ids]
    without = [row for row in rows if row["session_id"] is None]
    for visitor in dict.fromkeys(row["visitor"] for row in without):
        session = []
        for row in without:
            if row["visitor"] != visitor:
                continue
            if session and row["time"] - session[-1]["time"] > 30 * 60 * 1000:
                sessions.append(session)
                session = []
            session.append(row)
        sessions.append(session)
    return [
        session
        for session in sessions
        if any(row["type"] in {"pageview", "event"} for row in session)
    ]


def times_on_page(session, kept=None):
    times = {}
    for row in session:
        if row["time_on_page"] is not None and (kept is None or row["id"] in kept):
            times[row["path"]] = max(times.get(row["path"], 0), row["time_on_page"])
    return list(times.values())


def is_bounce(session):
    return (
        sum(row["type"] == "pageview" for row in session) == 1
        and not any(row["type"] == "event" for row in session)
        and not any(row["type"] == "engagement" and row["is_bounce"] == 0 for row in session)
    )


def duration(session):
    length = (session[-1]["time"] - session[0]["time"]) / 1000
    return max(length, float(total(times_on_page(session))))


def total(numbers):
    """The sum as on paper, where 0.1 is a tenth."""
    return sum(map(Decimal, map(repr, numbers)), Decimal())


def mean(numbers):
    return round(float(total(numbers)) / len(numbers), 1) if numbers else 0.0


def percent(part, whole):
    return round(100 * part / whole, 1) if whole else 0.0


def visitors(rows, zone):
    return len({(day_of(row, zone), row["visitor"]) for row in rows})


class Answer:
    """Everything about the rows between two instants, under filters."""

    def __init__(self, rows, site, start, end, filters):
        self.site = site
        self.zone = site["zone"]
        rows = [row for row in rows if start <= row["time"] < end and row["site_id"] == site["id"]]
        self.kept = [row for row in rows if is_kept(row, filters, site)]
        ids = {row["id"] for row in self.kept}
        by_day = {}
        for row in rows:
            by_day.setdefault(day_of(row, self.zone), []).append(row)
        self.sessions = [
            session
            for day_rows in by_day.values()
            for session in sessions_of(day_rows)
            if any(row["id"] in ids for row in session)
        ]
        self.ids = ids

    def summary(self):
        counted = [row for row in self.kept if row["type"] in {"pageview", "event"}]
        seen = [s for s in self.sessions if any(row["type"] == "pageview" for row in s)]
        return {
            "pageviews": sum(row["type"] == "pageview" for row in self.kept),
            "uniqueVisitors": visitors(counted, self.zone),
            "sessions": len(self.sessions),
            "bounceRate": percent(sum(map(is_bounce, seen)), len(seen)),
            "avgSessionDuration": mean([duration(session) for session in self.sessions]),
            "avgTimeOnPage": mean(
                [seconds for s in self.sessions for seconds in times_on_page(s, self.ids)]
            ),
        }

    def point(self, start, end):
        rows = [row for row in self.kept if start <= row["time"] < end]
        return {
            "pageviews": sum(row["type"] == "pageview" for row in rows),
            "uniqueVisitors": visitors(
                [row for row in rows if row["type"] in {"pageview", "event"}], self.zone
            ),
        }

    def listed(self, kind, key, names, count, limit, *, extra=None):
        groups = {}
        for row in self.kept:
            if row["type"] == kind and key(row) is not None:
                groups.setdefault(key(row), []).append(row)
        entries = [
            {
                **dict(zip(names, value if isinstance(value, tuple) else (value,), strict=True)),
                count: len(rows),
                "uniqueVisitors": visitors(rows, self.zone),
                **(extra(rows) if extra else {}),
            }
            for value, rows in groups.items()
        ]
        entries.sort(key=lambda entry: (-entry[count], [entry[name] or "" for name in names]))
        return entries[:limit]

    def ends(self, which, limit):
        counts = {}
        for session in self.sessions:
            paths = [row["path"] for row in session if row["type"] == "pageview"]
            if paths:
                counts[paths[which]] = counts.get(paths[which], 0) + 1
        entries = [{"path": path, "sessions": number} for path, number in counts.items()]
        return sorted(entries, key=lambda entry: (-entry["sessions"], entry["path"]))[:limit]

    def lists(self, limit):
        own, groups = self.site["own_hosts"], self.site["groups"]

        def pages(key, name):
            return self.listed("pageview", key, (name,), "pageviews", limit)

        def utm(row):
            found = (row["utm_source"], row["utm_medium"], row["utm_campaign"])
            return None if found == (None, None, None) else found

        def value(rows):
            return {"value": round(float(total([row["value"] or 0.0 for row in rows])), 1)}

        return {
            "pages": pages(lambda row: row["path"], "path"),
            "entryPages": self.ends(0, limit),
            "exitPages": self.ends(-1, limit),
            "referrers": pages(lambda row: host_of(row, own), "referrer"),
            "sources": pages(lambda row: source_of(row, own, groups), "source"),
            "campaigns": self.listed(
                "pageview", utm, ("source", "medium", "campaign"), "pageviews", limit
            ),
            "events": self.listed(
                "event",
                lambda row: (row["action"], row["category"]),
                ("action", "category"),
                "events",
                limit,
                extra=value,
            ),
            "browsers": pages(lambda row: row["browser"], "browser"),
            "systems": pages(lambda row: row["os"], "os"),
            "devices": pages(lambda row: row["device"], "device"),
            "countries": pages(lambda row: row["country"], "country"),
        }

    def goals(self):
        everyone = self.summary()["uniqueVisitors"]
        found = []
        for name, match in self.site["goals"].items():
            rows = [row for row in self.kept if matches(match, row)]
            found.append(
                {
                    "name": name,
                    "conversions": len(rows),
                    "uniqueVisitors": visitors(rows, self.zone),
                    "conversionRate": percent(visitors(rows, self.zone), everyone),
                    "value": round(float(total([row["value"] or 0.0 for row in rows])), 1),
                }
            )
        return sorted(found, key=lambda goal: (-goal["conversions"], goal["name"]))

    def funnels(self):
        found = []
        for name, steps in self.site["funnels"].items():
            reached = [0] * len(steps)
            for session in self.sessions:
                position = 0
                for row in session:
                    if position < len(steps) and matches(steps[position], row):
                        reached[position] += 1
                        position += 1
            found.append(
                {
                    "name": name,
                    "steps": [
                        {
                            "name": step.get("name") or step.get("page") or step.get("action"),
                            "sessions": number,
                            "rate": percent(number, reached[0]),
                        }
                        for step, number in zip(steps, reached, strict=True)
                    ],
                }
            )
        return found


def milliseconds(moment):
    return round(moment.timestamp() * 1000)


def midnight(day, zone):
    return milliseconds(datetime(day.year, day.month, day.day, tzinfo=zone))


def days_report(rows, site, first, last, *, filters=None, limit=10):
    """The report of whole days, `first` to `last`, both included."""
    filters = filters or {}
    zone = site["zone"]
    length = (last - first).days + 1
    edges = [midnight(first + timedelta(days=number), zone) for number in range(length + 1)]
    answer = Answer(rows, site, edges[0], edges[-1], filters)
    before = Answer(
        rows, site, midnight(first - timedelta(days=length), zone), edges[0], filters
    ).summary()
    points = [
        {"date": (first + timedelta(days=number)).isoformat(), **answer.point(start, end)}
        for number, (start, end) in enumerate(pairwise(edges))
    ]
    period = {"start": first.isoformat(), "end": last.isoformat()}
    return report(site, answer, before, points=points, period=period, limit=limit)


def hours_report(rows, site, now, *, filters=None, limit=10):
    """The report of the running hour and the 23 before."""
    filters = filters or {}
    zone = site["zone"]
    local = datetime.fromtimestamp(now / 1000, UTC).astimezone(zone)
    running = milliseconds(local.replace(minute=0, second=0, microsecond=0))
    while now - running >= 3_600_000:
        running += 3_600_000
    hour = 3_600_000
    start = running - 23 * hour
    answer = Answer(rows, site, start, running + hour, filters)
    before = Answer(rows, site, start - 24 * hour, start, filters).summary()
    points = []
    for number in range(24):
        begin = start + number * hour
        label = datetime.fromtimestamp(begin / 1000, UTC).astimezone(zone)
        points.append(
            {
                "date": label.isoformat(timespec="minutes"),
                **answer.point(begin, begin + hour),
            }
        )
    period = {"start": points[0]["date"], "end": points[-1]["date"]}
    return report(site, answer, before, points=points, period=period, limit=limit)


def report(site, answer, before, *, points, period, limit):
    return {
        "site": {"id": site["id"], "domain": site["domain"]},
        "period": {**period, "timezone": str(site["zone"])},
        "summary": answer.summary(),
        "previous": before,
        "timeseries": points,
        **answer.lists(limit),
        "goals": answer.goals(),
        "funnels": answer.funnels(),
    }
