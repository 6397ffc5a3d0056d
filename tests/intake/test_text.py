"""The rules of every text column."""

from __future__ import annotations

import sys
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.intake import text as text_module
from ztas_middleware.intake.redaction import LONGEST
from ztas_middleware.intake.text import CACHED_INPUTS, CACHED_LENGTH, clean_text

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
# Spelled with a zero-width non-joiner.
PERSIAN = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"

CASES = [
    ("newsletter", "newsletter"),
    ("  spring sale \n", "spring sale"),
    ("", None),
    ("   ", None),
    ("\x00\x1b\u202e", None),
    ("a\x00b", "ab"),
    ("a\ud800b\udfff", "ab"),
    ("\x1b[31mred\x07", "[31mred"),
    ("two\nlines\tand\r\nmore", "two lines and  more"),
    ("a\u2028b\x85c", "a b c"),
    ("\u202eevil\u2066\u200f", "evil"),
    ("zero\u200bwidth\ufeff", "zerowidth"),
    ("c1\x9bcsi", "c1csi"),
    ("naïve ☕ 日本語", "naïve ☕ 日本語"),
    (FAMILY, FAMILY),
    (PERSIAN, PERSIAN),
    ("no\u00a0break", "no\u00a0break"),
    ("from alice@example.com", "from [email]"),
    ("ali\x00ce@exa\u200bmple.com", "[email]"),
    ("10.0.0.1", "[ip]"),
    ("+49 170 1234567", "[phone]"),
]


@pytest.mark.parametrize(("raw", "expected"), CASES, ids=[ascii(raw) for raw, _ in CASES])
def test_text_is_cleaned(raw, expected):
    assert clean_text(raw) == expected


@pytest.mark.parametrize("length", [255, 256, 257, 1000, 100_000])
def test_longer_text_is_cut_not_refused(length):
    assert clean_text("x" * length) == "x" * min(length, 256)


def test_a_cut_leaves_no_space_at_the_end():
    assert clean_text("abc def", 4) == "abc"


@pytest.mark.parametrize("before", range(240, 262))
def test_a_datum_across_the_limit_is_replaced_whole(before):
    clean = clean_text("x" * (before - 1) + " alice@example.com")
    assert "alice" not in clean
    assert len(clean) <= 256


@pytest.mark.parametrize("behind", [60, 4096])
@pytest.mark.parametrize("padding", ["\x00", " ", "\u200b", f"{'a' * 60}@{'b' * 50}.com "])
@pytest.mark.parametrize("shift", range(-20, 400, 7))
def test_a_datum_across_the_point_where_reading_stops_leaves_no_half(padding, shift, behind):
    # Padding that vanishes or shrinks brings the end of what is read into what is kept.
    limit = 64
    for stop in (4 * limit + LONGEST, 2 * limit + LONGEST):
        raw = (padding * stop)[: stop - shift] + " alice.cooper@example.com" + "z" * behind
        assert "alice" not in (clean_text(raw, limit) or "")


@given(st.text(alphabet=st.characters(), max_size=400), st.integers(1, 300))
def test_any_text_comes_out_fit_to_keep(raw, limit):
    clean = clean_text(raw, limit)
    if clean is not None:
        assert clean.encode().decode() == clean
        assert 0 < len(clean) <= limit
        assert clean == clean.strip()
        assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in clean)
        assert not set(clean) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"])))
def test_plain_text_is_kept_as_it_is_but_for_its_ends(raw):
    kept = "".join(c for c in raw if not c.isdigit() and c not in "@:+%.").strip()
    assert clean_text(kept) == (kept[:256].strip() or None)


def test_only_short_inputs_are_remembered():
    text_module._clean_cached.cache_clear()
    clean_text("y" * CACHED_LENGTH)
    clean_text("y" * (CACHED_LENGTH + 1))
    assert text_module._clean_cached.cache_info().currsize == 1


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="tracemalloc is CPython's")
def test_a_flood_of_different_inputs_stays_under_a_megabyte():
    text_module._clean_cached.cache_clear()
    tracemalloc.start()
    for number in range(4 * CACHED_INPUTS):
        clean_text("\U0001f600" * (CACHED_LENGTH - 6) + f"{number:06}")
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    text_module._clean_cached.cache_clear()
    assert 300_000 < size < 1_100_000
