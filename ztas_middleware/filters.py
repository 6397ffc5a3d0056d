r"""Filters: which rows a report keeps, as readers and the configuration write them.

`page=/blog/*`, `country!=US`, `browser~=fire`, `prop:plan=pro`, `goal=Signups`: a name, an operator
behind it, and values. Several values are any of them, several filters all hold, `*` is any text,
`\*` an asterisk, and an empty value is "has none". What that means in SQL is the reports' business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ztas_middleware.dimensions import DIMENSIONS
from ztas_middleware.parameters import ParameterError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

MOST_VALUES = 100
"""In all filters of a question together."""

PROPERTY = "prop:"
NAMED = ("goal", "segment")
"""Filters that are known by a name which the configuration gives."""

_OPERATORS = ("!~", "~", "!")

_ASTERISK = re.compile(r"(?<!\\)\*")

Pattern = list[str]
"""The texts between asterisks that are any text: one where a whole text is meant."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter."""

    name: str
    """A dimension's, `prop:NAME`, `goal` or `segment`."""
    values: tuple[str, ...]
    """Any of them."""
    negated: bool = False
    """Keeps whatever it would leave out otherwise."""
    contains: bool = False
    """Whether a value may be anywhere in the text."""

    @property
    def key(self) -> str:
        """The name and the operator, which a value follows behind `=`."""
        return f"{self.name}{'!' if self.negated else ''}{'~' if self.contains else ''}"

    def patterns(self) -> list[Pattern]:
        """The values as patterns over the whole text; without an empty one that is "has none"."""
        if self.contains:
            return [["", *parse_pattern(value), ""] for value in self.values]
        return [parse_pattern(value) for value in self.values if value]


@dataclass(frozen=True, slots=True)
class Filters:
    """Filters that all hold."""

    each: tuple[Filter, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.each)

    @classmethod
    def parse(cls, parameters: Mapping[str, Sequence[str]]) -> Filters:
        """The filters among some parameters, which may have others.

        Raises:
            ParameterError: one can't be understood, or there are too many values.
        """
        each = []
        number = 0
        for key, values in parameters.items():
            if (parts := _parts(key)) is None:
                continue
            number += len(values)
            if number > MOST_VALUES:
                raise ParameterError(key, f"has too many values: {MOST_VALUES} are the most")
            each.append(Filter(parts[0], tuple(dict.fromkeys(values)), *parts[1:]))
        return cls(tuple(each))

    def check(self, goals: Collection[str], segments: Collection[str]) -> None:
        """See that all goals and segments exist.

        Raises:
            ParameterError: one does not.
        """
        for found in self.each:
            known = {"goal": goals, "segment": segments}.get(found.name)
            for value in found.values if known is not None else ():
                if value not in (known or ()):
                    raise ParameterError(found.key, _unknown(found.name, value, known or ()))

    def pairs(self) -> list[tuple[str, str]]:
        """What the filters are asked for with, a pair of key and value each."""
        return [(found.key, value) for found in self.each for value in found.values]

    def parameters(self) -> dict[str, tuple[str, ...]]:
        """The values of each key, as `parse` takes them."""
        return {found.key: found.values for found in self.each}

    def names(self) -> set[str]:
        """What the filters are of."""
        return {found.name for found in self.each}


NO_FILTERS = Filters()


def parse_pattern(text: str) -> Pattern:
    """A pattern as readers and the configuration write it."""
    return [part.replace("\\*", "*") for part in _ASTERISK.split(text)]


def literal(text: str) -> str:
    """The pattern of this very text."""
    return text.replace("*", "\\*")


def is_filter(key: str) -> bool:
    """Whether a parameter is a filter.

    Raises:
        ParameterError: it would be, if it were written otherwise.
    """
    return _parts(key) is not None


def _parts(key: str) -> tuple[str, bool, bool] | None:
    """The name, whether it is negated, and whether it is about a part of the text."""
    operator = next((found for found in _OPERATORS if key.endswith(found)), "")
    name = key.removesuffix(operator)
    if name.startswith(PROPERTY):
        if name == PROPERTY:
            raise ParameterError(key, "names no property")
    elif name in NAMED:
        if "~" in operator:
            raise ParameterError(key, f"is not possible: {name} is known by its whole name")
    elif name not in DIMENSIONS:
        return None
    return name, "!" in operator, "~" in operator


def _unknown(kind: str, value: str, known: Collection[str]) -> str:
    names = ", ".join(known)
    return f"must be one of {names}" if names else f"names no {kind} of this site: {value}"
