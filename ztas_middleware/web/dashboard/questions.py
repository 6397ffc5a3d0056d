"""What the query string of a page asks for, and the query strings of the pages around it.

Whatever is in a query string, there is a page to show: what the reports' parser refuses is left
out, and the page says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlencode

from ztas_middleware.filters import NO_FILTERS, PROPERTY, is_filter
from ztas_middleware.parameters import ParameterError
from ztas_middleware.reports.periods import DEFAULT_PERIOD
from ztas_middleware.reports.questions import COMPARE, PERIOD
from ztas_middleware.reports.questions import parse_question as parse_asked
from ztas_middleware.web.dashboard.lists import ALONE
from ztas_middleware.web.dashboard.measures import MEASURES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from ztas_middleware.config.model import Site
    from ztas_middleware.filters import Filters
    from ztas_middleware.reports.periods import Period
    from ztas_middleware.reports.questions import Question as Asked

MOST_PARAMETERS = 200

OPERATORS: Final[Mapping[str, str]] = {
    "": "is",
    "!": "is not",
    "~": "contains",
    "!~": "contains not",
}
"""How a filter is held against its value, as it is written and as it is said."""

FORM = ("filter", "is", "value")
"""What the form for a filter sends."""

LOOK = ("list", "search", "sort", "tab", "metric")
"""How the answer is shown."""

# `share` lets somebody in, `series` asks for the chart's points as a file.
_OTHERS = (*LOOK, *FORM, "share", "series", "limit")
_ASKED = (*PERIOD, *COMPARE, "interval", "offset")

_DEFAULTS = {"period": (DEFAULT_PERIOD,), "compare": ("previous",), "offset": ("0",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A query string that was understood."""

    asked: Asked
    """What the reports are asked."""
    given: Mapping[str, tuple[str, ...]]
    """The parameters that ask for it."""
    look: Mapping[str, str] = field(default_factory=dict)
    """Of `LOOK`, what is given."""
    share: str | None = None
    """What lets somebody in who is not logged in."""
    is_form: bool = False
    """Whether a filter was sent by the form, and the address should be that of a link."""
    problems: tuple[str, ...] = ()
    """What was not understood, as sentences."""

    @property
    def period(self) -> Period:
        """What the page is about."""
        return self.asked.period

    @property
    def filters(self) -> Filters:
        """What is kept of it."""
        return self.asked.filters

    @property
    def chosen(self) -> str | None:
        """The one list that is shown, at length; None shows the beginning of each."""
        return self.look.get("list")

    @property
    def metric(self) -> str:
        """The number that the chart is of."""
        return self.look.get("metric", "visitors")

    @property
    def period_name(self) -> str | None:
        """The period's name; None where it is given by dates."""
        return None if "startDate" in self.given else self.given["period"][0]

    def pairs(self, *without: str) -> list[tuple[str, str]]:
        """What asks for this page, but for lists at length and some parameters."""
        kept = {name: values for name, values in self.given.items() if name != "offset"}
        kept |= {name: (self.look[name],) for name in ("tab", "metric") if name in self.look}
        if self.share is not None:
            kept["share"] = (self.share,)
        return [
            (name, value)
            for name, values in kept.items()
            if name not in without and values != _DEFAULTS.get(name)
            for value in values
        ]

    def query(self, changes: Mapping[str, str | Sequence[str] | None] | None = None) -> str:
        """A query string like this one, but for the changes; None takes a parameter away."""
        changes = changes or {}
        changed = {
            name: (value,) if isinstance(value, str) else tuple(value)
            for name, value in changes.items()
            if value is not None
        }
        added = [
            (name, value)
            for name, values in changed.items()
            if values != _DEFAULTS.get(name)
            for value in values
        ]
        return "?" + urlencode(self.pairs(*changes) + added)

    def at_length(self, changes: Mapping[str, str | None] | None = None) -> str:
        """The same list at length, but for the changes."""
        kept = {name: self.look.get(name) for name in ("list", "search", "sort")}
        return self.query({**kept, **(changes or {})})

    def for_period(self, period: Mapping[str, str]) -> str:
        """The same question for another period."""
        kept = {name: self.look[name] for name in ("list", "search", "sort") if name in self.look}
        return self.query({**dict.fromkeys((*PERIOD, "interval")), **kept, **period})

    def plain(self) -> Question:
        """The same question without filters and lists, for a page that has none."""
        given = {name: values for name, values in self.given.items() if name in _ASKED}
        return replace(self, asked=replace(self.asked, filters=NO_FILTERS), given=given, look={})

    def without_filters(self) -> str:
        """The same question without any filter."""
        return self.query(dict.fromkeys(found.key for found in self.filters.each))


def parameters_of(query: str) -> dict[str, list[str]]:
    """The values of each parameter.

    Raises:
        ParameterError: there are too many.
    """
    try:
        pairs = parse_qsl(
            query, keep_blank_values=True, errors="replace", max_num_fields=MOST_PARAMETERS
        )
    except ValueError:
        raise ParameterError("The address", "has too many parameters") from None
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def parse_question(
    query: str, site: Site, now: int, begin: Callable[[], date | None] = lambda: None
) -> Question:
    """Understand as much of a query string as there is to understand.

    Args:
        query: as it is in the address, without the `?`.
        site: who is asked about.
        now: UTC milliseconds.
        begin: asked for the first day that has any hits, where it is needed.
    """
    problems: list[str] = []
    try:
        given = parameters_of(query)
    except ParameterError as error:
        given = {}
        problems.append(f"{error}.")
    look = _look(given, problems)
    is_form = bool(given.get("filter", [""])[0])
    if is_form:
        name, operator, value = (given.get(part, [""])[0] for part in FORM)
        operator = operator if operator in OPERATORS else ""
        given.setdefault(f"{name}{operator}", []).append(value)
    parameters = _known(given, problems)
    asked = _understood(parameters, site, now, begin, problems)
    return Question(
        asked=asked,
        given={"period": (DEFAULT_PERIOD,), **parameters}
        if "startDate" not in parameters
        else parameters,
        look=look,
        share=given.get("share", [""])[0] or None,
        is_form=is_form,
        problems=tuple(problems),
    )


def _look(given: Mapping[str, list[str]], problems: list[str]) -> dict[str, str]:
    look = {name: given[name][0] for name in LOOK if given.get(name, [""])[0]}
    chosen = look.get("list", "")
    if chosen and chosen not in ALONE and not _is_property(chosen):
        problems.append(f"There is no list called “{_shown(chosen)}”.")
        del look["list"]
    if look.get("metric", "visitors") not in MEASURES:
        problems.append(f"There is no number called “{_shown(look.pop('metric'))}”.")
    return look


def _is_property(name: str) -> bool:
    return name.startswith(PROPERTY) and name != PROPERTY


def _known(given: Mapping[str, list[str]], problems: list[str]) -> dict[str, tuple[str, ...]]:
    """The parameters that the reports know; the others are said to be unknown."""
    found, unknown = {}, []
    for name, values in given.items():
        if name in _OTHERS:
            continue
        try:
            known = name in _ASKED or is_filter(name)
        except ParameterError as error:
            problems.append(f"The filter {_shown(str(error), 200)}.")
            continue
        if not known:
            unknown.append(name)
        elif name not in _ASKED or values[0]:  # a form sends what is left empty
            found[name] = tuple(values)
    problems += [f"There is no filter called “{_shown(name)}”." for name in sorted(unknown)[:3]]
    return found


def _understood(
    parameters: dict[str, tuple[str, ...]],
    site: Site,
    now: int,
    begin: Callable[[], date | None],
    problems: list[str],
) -> Asked:
    """What the parameters ask; what is refused is taken out of them, and said."""
    while True:
        try:
            return parse_asked(parameters, site, now, begin)
        except ParameterError as error:
            refused = _refuse(error, parameters, problems)
        if not refused:  # whatever it was about, without parameters there is an answer
            parameters.clear()


def _refuse(
    error: ParameterError, parameters: dict[str, tuple[str, ...]], problems: list[str]
) -> bool:
    """Take out what was refused, and say so; whether there was anything to take out."""
    name = error.parameter
    group = next((names for names in (PERIOD, COMPARE) if name in names), (name,))
    text = f"{_shown(str(error), 200)}."
    if group == PERIOD:
        text += " These are the last seven days."
    problems.append(text if name in _ASKED else f"The filter {text}")
    return any([parameters.pop(one, None) is not None for one in group])  # noqa: C419 - all go


def _shown(text: str, limit: int = 40) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
