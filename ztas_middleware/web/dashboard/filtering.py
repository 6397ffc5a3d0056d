"""The filters of a page: a chip for each, a form that adds one, and the segments there are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.filters import PROPERTY
from ztas_middleware.web.dashboard.lists import filter_link
from ztas_middleware.web.dashboard.names import FILTER_NAMES, filter_name, shown_value
from ztas_middleware.web.dashboard.questions import OPERATORS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ztas_middleware.config.model import Site
    from ztas_middleware.filters import Filter
    from ztas_middleware.web.dashboard.questions import Question


class Chip(NamedTuple):
    """An active filter."""

    name: str
    operator: str
    value: str
    turned: str
    """Keeps what it leaves out, and the other way round."""
    turned_operator: str
    without: str
    """Takes it away."""


class Segment(NamedTuple):
    """A segment of the configuration."""

    name: str
    href: str | None
    active: bool


class FilterForm(NamedTuple):
    """What the form for a filter offers."""

    names: tuple[tuple[str, str], ...]
    """What is sent, and what it is called."""
    operators: tuple[tuple[str, str], ...]
    segments: tuple[Segment, ...]


def chips_of(question: Question) -> tuple[Chip, ...]:
    """A chip for each filter."""
    return tuple(_chip(found, question) for found in question.filters.each)


def filter_form(site: Site, properties: Iterable[str], question: Question) -> FilterForm:
    """The form, with the properties that there are in the period."""
    names = [
        (name, title)
        for name, title in FILTER_NAMES.items()
        if name != "segment" and (name != "goal" or site.goals)
    ]
    names += [(f"{PROPERTY}{name}", f"Property {name}") for name in properties]
    segments = tuple(
        Segment(name, *filter_link({"segment": name}, question)) for name in site.segments
    )
    return FilterForm(tuple(names), tuple(OPERATORS.items()), segments)


def _chip(found: Filter, question: Question) -> Chip:
    other = replace(found, negated=not found.negated)
    # The other way round there may be a filter already, whose values are kept.
    values = [value for key, value in question.filters.pairs() if key == other.key]
    turned = dict.fromkeys((*values, *found.values))
    shown = [shown_value(found.name, value) for value in found.values]
    return Chip(
        name=filter_name(found.name),
        operator=OPERATORS[found.key.removeprefix(found.name)],
        value=" or ".join(shown),
        turned=question.query({found.key: None, other.key: tuple(turned)}),
        turned_operator=OPERATORS[other.key.removeprefix(other.name)],
        without=question.query({found.key: None}),
    )
