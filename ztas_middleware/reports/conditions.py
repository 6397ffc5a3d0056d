"""Filters, goals and steps of funnels as conditions in SQL over the relation `rows`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ztas_middleware.dimensions import DIMENSIONS
from ztas_middleware.filters import PROPERTY, parse_pattern

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ztas_middleware.config.goals import Match
    from ztas_middleware.config.model import Site
    from ztas_middleware.filters import Filter, Filters, Pattern

_COLUMNS = (("page", "path"), ("action", "action"), ("category", "category"), ("label", "label"))
"""What a goal looks at, and the column it is in."""


class Bound:
    """The values of one statement, each under a name of its own."""

    def __init__(self, values: Mapping[str, object] | None = None) -> None:
        self.values: dict[str, object] = dict(values or {})

    def name(self, value: object) -> str:
        """What stands for a value in the statement."""
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f"${name}"


def known_names(site: Site) -> dict[str, list[str]]:
    """The goals and segments that there are, in the order of the configuration."""
    return {"goal": [goal.name for goal in site.goals], "segment": list(site.segments)}


def keeps(filters: Filters, site: Site, bound: Bound) -> str:
    """Whether filters keep a row: true or false, never NULL."""
    return " and ".join(_keeps_one(found, site, bound) for found in filters.each) or "true"


def matches(match: Match, bound: Bound) -> str:
    """Whether a row is what a goal or a step means: true or false, never NULL."""
    kind = "pageview" if match.action is None else "event"
    parts = [f"type = '{kind}'"]
    for name, column in _COLUMNS:
        pattern: str | None = getattr(match, name)
        if pattern is not None:
            parts.append(f"ifnull({_fits(column, [parse_pattern(pattern)], bound)}, false)")
    return f"({' and '.join(parts)})"


def expression(name: str) -> str:
    """What a filter looks at, as text.

    Args:
        name: a dimension's, or `prop:NAME`.
    """
    if name.startswith(PROPERTY):
        return f"({property_of(name.removeprefix(PROPERTY))} ->> '$')"
    dimension = DIMENSIONS[name]
    return f"cast({dimension.column} as varchar)" if dimension.is_number else dimension.column


def property_of(name: str) -> str:
    """The value of a property as JSON, which is text here."""
    pointer = _pointer(name)
    # Whatever somebody wrote into the column by hand is no reason to answer nothing.
    return f"cast(case when json_valid(properties) then properties -> '{pointer}' end as varchar)"


def _keeps_one(found: Filter, site: Site, bound: Bound) -> str:
    if found.name == "goal":
        by_name = {goal.name: goal.match for goal in site.goals}
        parts = [matches(by_name[value], bound) for value in found.values]
    elif found.name == "segment":
        parts = [f"({keeps(site.segments[value], site, bound)})" for value in found.values]
    else:
        values = expression(found.name)
        patterns = found.patterns()
        parts = [f"ifnull({_fits(values, patterns, bound)}, false)"] if patterns else []
        if len(patterns) < len(found.values):
            parts.append(f"{values} is null")
    kept = f"({' or '.join(parts)})"
    return f"not {kept}" if found.negated else kept


def _fits(value: str, patterns: Sequence[Pattern], bound: Bound) -> str:
    """Whether a text is one of some patterns; NULL where there is none."""
    whole = [bound.name(pattern[0]) for pattern in patterns if len(pattern) == 1]
    parts = [f"{value} in ({', '.join(whole)})"] if whole else []
    parts += [_like(value, pattern, bound) for pattern in patterns if len(pattern) > 1]
    return f"({' or '.join(parts)})"


def _like(value: str, pattern: Pattern, bound: Bound) -> str:
    # The simple forms are read several times as fast as `like` with an escape.
    first, *middle, last = pattern
    if first and not any(middle) and not last:
        return f"starts_with({value}, {bound.name(first)})"
    if not first and not any(middle) and last:
        return f"ends_with({value}, {bound.name(last)})"
    if not first and not last and len([part for part in middle if part]) == 1:
        return f"contains({value}, {bound.name(''.join(middle))})"
    escaped = "%".join(re.sub(r"[\\%_]", r"\\\g<0>", part) for part in pattern)
    return f"{value} like {bound.name(escaped)} escape '\\'"


def _pointer(name: str) -> str:
    """A JSON pointer (RFC 6901) as the inside of an SQL text."""
    return "/" + name.replace("~", "~0").replace("/", "~1").replace("'", "''")
