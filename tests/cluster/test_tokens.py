"""Tokens: what was printed is what is read, and nothing else is taken."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ztas_middleware.cluster.tokens import read_token, write_token
from ztas_middleware.config.clustered import Cluster
from ztas_middleware.errors import ZtasError

CLUSTER = Cluster(hosts=())
KEY = bytes(range(32))
TODAY = date(2026, 6, 2)
NOW = 1_780_444_800_000  # 2026-06-03 00:00 UTC: in the west it is still the day before
TOKEN = write_token(CLUSTER, TODAY, KEY)


@pytest.mark.parametrize(
    "typed", [TOKEN, TOKEN.upper(), f" {TOKEN}\n", f"ztas cluster join {TOKEN}"]
)
def test_a_token_brings_the_key(typed):
    assert read_token(CLUSTER, typed, NOW) == (TODAY, KEY)


@pytest.mark.parametrize("place", range(5, len(TOKEN)))
def test_each_letter_counts(place):
    wrong = TOKEN[:place] + ("a" if TOKEN[place] != "a" else "b") + TOKEN[place + 1 :]
    with pytest.raises(ZtasError, match="mistyped"):
        read_token(CLUSTER, wrong, NOW)


AGES = {"old": (-3, "is of 2026-05-30, which is too old"), "of tomorrow": (3, "look at the clocks")}


@pytest.mark.parametrize(("days", "said"), AGES.values(), ids=AGES)
def test_a_token_of_another_time_is_told(days, said):
    token = write_token(CLUSTER, TODAY + timedelta(days=days), KEY)
    with pytest.raises(ZtasError, match=said):
        read_token(CLUSTER, token, NOW)


def test_a_token_of_another_cluster_is_told():
    with pytest.raises(ZtasError, match="another cluster"):
        read_token(Cluster(hosts=(), database="other"), TOKEN, NOW)
