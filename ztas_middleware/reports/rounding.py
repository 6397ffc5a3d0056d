"""From exact integers to the numbers with one decimal that readers see."""

from __future__ import annotations

import sys


def percent(part: int, whole: int) -> float:
    """A share; of nothing it is 0."""
    return round(100 * part / whole, 1) if whole else 0.0


def mean(millionths: int, number: int) -> float:
    """The average of so many; of nothing it is 0."""
    return round(_in_units(millionths) / number, 1) if number else 0.0


def units(millionths: int) -> float:
    """A sum."""
    return round(_in_units(millionths), 1)


def _in_units(millionths: int) -> float:
    try:
        return millionths / 1_000_000
    except OverflowError:
        # Two clients each sent the largest number there is, and JSON has no infinity.
        return sys.float_info.max if millionths > 0 else -sys.float_info.max
