"""Blocks: any stretch of days is covered once, by few of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.store.blocks import (
    TOP_LEVEL,
    Block,
    blocks_around,
    cover,
    missing_blocks,
)

DAY = 739_000  # an ordinal of 2024


def complete(days):
    """Days and all blocks that can be made of them; each one's run says what it covers."""
    runs = {Block(0, day): (day, 1) for day in days}
    for block in missing_blocks(runs):
        runs[block] = (block.first, block.days)
    return runs


def covered(pieces):
    return sorted(day for first, number in pieces for day in range(first, first + number))


LONG = complete(range(DAY - 50, DAY + 4600))


@given(st.integers(0, 3000), st.integers(0, 1500))
def test_a_stretch_is_covered_by_at_most_two_of_a_level(start, length):
    first, last = DAY + start, DAY + start + length
    pieces = cover(LONG, first, last)
    assert covered(pieces) == list(range(first, last + 1))
    for level in range(TOP_LEVEL):
        assert sum(number == 1 << level for _, number in pieces) <= 2


@given(st.sets(st.integers(0, 200), max_size=30), st.integers(0, 100), st.integers(0, 100))
def test_days_that_are_missing_are_in_no_piece(missing, start, length):
    days = set(range(DAY, DAY + 201)) - {DAY + gap for gap in missing}
    pieces = cover(complete(days), DAY + start, DAY + start + length)
    expected = [day for day in range(DAY + start, DAY + start + length + 1) if day in days]
    assert covered(pieces) == expected


@given(st.sets(st.integers(0, 60), min_size=1))
def test_blocks_are_made_of_their_halves_and_there_are_no_more(days):
    runs = {Block(0, DAY + day): day for day in days}
    missing = missing_blocks(runs)
    made = set(runs)
    for block in missing:
        assert made.issuperset(block.halves())
        made.add(block)
    assert missing_blocks(dict.fromkeys(made, 0)) == []
    for block in made:
        assert all(Block(0, day) in runs for day in range(block.first, block.first + block.days))


@given(st.integers(1, 800_000))
def test_the_blocks_around_a_day_are_those_that_contain_it(day):
    around = blocks_around(day)
    assert [block.level for block in around] == list(range(1, TOP_LEVEL + 1))
    for block in around:
        assert block.first <= day < block.first + block.days
        assert block.first % block.days == 0
