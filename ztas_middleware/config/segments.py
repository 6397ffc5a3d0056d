"""`segments` and `annotations`: what readers of a site's numbers are offered by name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from ztas_middleware.config.nodes import Complaint, Node, Refused, quoted, refuse
from ztas_middleware.config.sections import Key, Table, named, section
from ztas_middleware.config.values import (
    list_of,
    literal_text,
    scalar,
    suggestion,
    text,
    wanted,
)
from ztas_middleware.dimensions import DIMENSIONS
from ztas_middleware.filters import NAMED, PROPERTY, Filters, is_filter
from ztas_middleware.parameters import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Annotation:
    """Something that happened, marked in the charts."""

    date: date
    text: str


def segments(node: Node) -> dict[str, Filters]:
    """A site's segments by name, in the file's order."""
    return named(literal_text, _segment)(node)


def _segment(_name: str, node: Node) -> Filters:
    values: Mapping[str, tuple[str, ...]] = named(_key, lambda _, found: _values(found))(node)
    if not values:
        raise refuse(node, "needs at least one filter")
    try:
        return Filters.parse(values)
    except ParameterError as error:
        raise Refused(Complaint(error.problem, node.place, (error.parameter,))) from None


def _key(node: Node) -> str:
    key = literal_text(node)
    try:
        known = is_filter(key)
    except ParameterError as error:
        raise refuse(node, error.problem) from None
    if not known:
        names = (*DIMENSIONS, f"{PROPERTY}NAME", *NAMED)
        raise refuse(node, f"is no filter{suggestion(key.rstrip('!~'), names)}")
    if key.startswith("segment"):
        raise refuse(node, "can't be in a segment")
    return key


def _values(node: Node) -> tuple[str, ...]:
    if node.kind == "list":
        if not node.items:
            raise refuse(node, "needs at least one value")
        return list_of(_value)(node)
    return (_value(node),)


def _value(node: Node) -> str:
    found = scalar(node)
    # `NO` is a country, `1024` a screen, and "" is "has none".
    if found.kind in {"list", "mapping", "other", "null"}:
        raise refuse(found, wanted("text", found))
    return found.text


def notes(node: Node) -> tuple[Annotation, ...]:
    """A site's annotations, in the file's order."""
    return list_of(section(Annotation, _ANNOTATION))(node)


def _date(node: Node) -> date:
    found = scalar(node)
    try:
        if found.kind not in {"date", "text"}:
            raise ValueError  # noqa: TRY301 - one complaint for all that is no date
        return date.fromisoformat(found.text)
    except ValueError:
        raise refuse(node, f"must be a date as in 2026-11-07, not {quoted(found.text)}") from None


_ANNOTATION: Table = {"date": Key(_date, required=True), "text": Key(text, required=True)}
