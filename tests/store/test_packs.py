"""Packs: what goes in comes out, and sums are sums."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.store.packs import NO_PACK, add_packs, from_bytes, pack_of, to_bytes
from ztas_middleware.store.tallies import Count

NUMBERS = st.integers(1, 100) | st.integers(1, 2**40)
COUNTS = st.builds(Count, NUMBERS, st.just(0) | NUMBERS, st.just(0) | st.integers(-(2**80), 2**80))
VALUE_IDS = st.integers(0, 60) | st.integers(0, 2**32 - 1)
LISTS = st.dictionaries(VALUE_IDS, COUNTS, max_size=40)
PLAIN = st.dictionaries(
    VALUE_IDS, st.builds(Count, st.integers(1, 2**31), st.integers(0, 9)), max_size=40
)


def packed(counts):
    return pack_of(sorted(counts.items()))


def unpacked(pack):
    return {value_id: pack.count_at(index) for index, value_id in enumerate(pack.ids)}


@given(LISTS | PLAIN)
def test_stored_and_read_again_a_pack_is_the_same(counts):
    assert unpacked(from_bytes(to_bytes(packed(counts)))) == counts


@given(st.lists(LISTS | PLAIN, max_size=6))
def test_the_sum_of_packs_is_the_sum_of_their_counts(lists):
    expected = {}
    for counts in lists:
        for value_id, count in counts.items():
            expected[value_id] = count.plus(expected.get(value_id, Count()))
    found = add_packs([from_bytes(to_bytes(packed(counts))) for counts in lists])
    assert unpacked(found) == expected
    assert list(found.ids) == sorted(expected)


@given(LISTS, VALUE_IDS)
def test_a_value_is_found_where_it_is(counts, value_id):
    pack = packed(counts)
    place = pack.place_of(value_id)
    assert (place is not None) == (value_id in counts)
    assert place is None or pack.ids[place] == value_id


@given(LISTS, st.integers(1, 7))
def test_slices_are_the_whole(counts, size):
    pack = packed(counts)
    slices = pack.slices(size)
    assert all(len(one.ids) <= size for one in slices)
    assert unpacked(add_packs(slices)) == counts


def test_many_packs_of_nothing_are_nothing():
    assert add_packs([NO_PACK, NO_PACK]) == add_packs([]) == NO_PACK
