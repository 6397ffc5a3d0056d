"""How often values occur, and with how many visitors, as hits go by visitor after visitor."""

from __future__ import annotations

from collections import defaultdict
from math import isfinite
from typing import TYPE_CHECKING, Any

from ztas_middleware.store.tallies import Count

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from ztas_middleware.store.tallies import Dimension

    Projection = Callable[[tuple[Any, ...]], str | None]


def millionths(number: float) -> int:
    """A number as whole millionths, whatever its size."""
    if not isfinite(number):  # only ever written by hand; the intake takes no such number
        return 0
    # From 2**53 on a float has no fraction left, and times a million it could overflow.
    return round(number * 1e6) if abs(number) < 2.0**53 else int(number) * 1_000_000


class Occurrences:
    """Of single values. Loops that count in millions touch `numbers` and `here` themselves."""

    __slots__ = ("_amounts", "_visitors", "here", "numbers")

    def __init__(self) -> None:
        self.numbers: defaultdict[Any, int] = defaultdict(int)
        self.here: set[Any] = set()
        """The distinct values of the visitor whose hits go by."""
        self._visitors: defaultdict[Any, int] = defaultdict(int)
        self._amounts: defaultdict[Any, int] = defaultdict(int)

    def add(self, value: Hashable, amount: float | None) -> None:
        """Note one occurrence."""
        self.numbers[value] += 1
        self.here.add(value)
        if amount is not None:
            self._amounts[value] += millionths(amount)

    def next_visitor(self) -> None:
        """The hits that come now are somebody else's."""
        for value in self.here:
            self._visitors[value] += 1
        self.here.clear()

    def counts(self) -> dict[Any, Count]:
        """What was noted, by value."""
        amounts = self._amounts
        return {
            value: Count(self.numbers[value], visitors, amounts.get(value, 0))
            for value, visitors in self._visitors.items()
        }


class Combinations:
    """Of several columns together, which most visitors have in one combination all day.

    Args:
        projections: the value that a combination stands for in each dimension, None for none.
    """

    __slots__ = ("_alone", "_mixed", "_projections", "here", "numbers")

    def __init__(self, projections: dict[Dimension, Projection]) -> None:
        self._projections = projections
        self.numbers: defaultdict[tuple[Any, ...], int] = defaultdict(int)
        self.here: set[tuple[Any, ...]] = set()
        self._alone: defaultdict[tuple[Any, ...], int] = defaultdict(int)
        self._mixed: defaultdict[tuple[Dimension, str | None], int] = defaultdict(int)

    def next_visitor(self) -> None:
        """The hits that come now are somebody else's."""
        here = self.here
        if len(here) == 1:
            self._alone[here.pop()] += 1
            return
        # Two combinations may share a value, which then has this visitor once.
        for dimension, project in self._projections.items():
            for value in {project(combination) for combination in here}:
                self._mixed[dimension, value] += 1
        here.clear()

    def counts(self, dimension: Dimension) -> dict[str, Count]:
        """What was noted, by the values of one dimension."""
        project = self._projections[dimension]
        numbers: defaultdict[str, int] = defaultdict(int)
        visitors: defaultdict[str, int] = defaultdict(int)
        for combination, number in self.numbers.items():
            value = project(combination)
            if value is not None:
                numbers[value] += number
                visitors[value] += self._alone.get(combination, 0)
        return {
            value: Count(number, visitors[value] + self._mixed.get((dimension, value), 0))
            for value, number in numbers.items()
        }
