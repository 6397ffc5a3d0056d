"""Tallies are added, and what was added is taken away again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.store.tallies import Count, Dimension, Tally, Totals, add_up

COUNTS = st.dictionaries(
    st.sampled_from(["/", "/a", "/b"]), st.builds(Count, st.integers(1, 9), st.integers(0, 9))
)
TALLIES = st.builds(
    Tally,
    st.tuples(*[st.integers(0, 2**70)] * len(Totals._fields)).map(Totals._make),
    st.dictionaries(st.sampled_from(Dimension), COUNTS),
    COUNTS,
    st.fixed_dictionaries({"F": st.tuples(st.integers(0, 9), st.integers(0, 9))}),
    st.dictionaries(st.integers(0, 3), st.builds(Count, st.integers(1, 9))),
)


def plain(tally):
    """What a tally says, where an empty list is none."""
    lists = {dimension: counts for dimension, counts in tally.lists.items() if counts}
    return tally.totals, lists, tally.goals, tally.funnels, tally.points


@given(TALLIES, TALLIES)
def test_what_was_added_can_be_taken_away(one, other):
    before = plain(add_up([one])), plain(add_up([other]))
    assert plain(one.plus(other).minus(other)) == plain(one)
    assert (plain(one), plain(other)) == before


@given(TALLIES, TALLIES, TALLIES)
def test_the_order_does_not_matter(one, two, three):
    assert plain(add_up([one, two, three])) == plain(three.plus(one).plus(two))


def test_a_funnel_that_got_longer_adds_up():
    short, long = Tally(funnels={"F": (5, 2)}), Tally(funnels={"F": (3, 2, 1)})
    assert short.plus(long).funnels == {"F": (8, 4, 1)}
