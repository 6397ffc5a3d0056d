"""Hashes that tell visitors apart for a day, and nothing else."""

from __future__ import annotations

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.intake.visitors import session_hash, visitor_hash

SALT, OTHER = b"s" * 32, b"o" * 32


def test_every_part_matters():
    parts = [
        (SALT, "site", "203.0.113.9", "Firefox"),
        (OTHER, "site", "203.0.113.9", "Firefox"),
        (SALT, "other", "203.0.113.9", "Firefox"),
        (SALT, "site", "203.0.113.8", "Firefox"),
        (SALT, "site", "203.0.113.9", "Chrome"),
        (SALT, "site", "203.0.113.9F", "irefox"),
    ]
    hashes = [visitor_hash(*part) for part in parts]
    assert all(one != two for one, two in itertools.combinations(hashes, 2))
    assert visitor_hash(*parts[0]) == hashes[0]


def test_a_session_is_never_the_hash_of_a_visitor():
    assert session_hash(SALT, "site", "a\0b") != visitor_hash(SALT, "site", "a", "b")


@given(st.binary(min_size=32, max_size=32), st.text(), st.text(), st.text())
def test_the_form(salt, site_id, address, user_agent):
    form = re.compile(r"[A-Za-z0-9_-]{8}")
    assert form.fullmatch(visitor_hash(salt, site_id, address, user_agent))
    assert form.fullmatch(session_hash(salt, site_id, user_agent))


def test_lone_surrogates_are_text_like_any_other():
    assert session_hash(SALT, "site", "\ud800") != session_hash(SALT, "site", "\ud801")
