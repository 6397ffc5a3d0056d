"""A real cluster, two shards of two replicas, for all tests of a process."""

from __future__ import annotations

import itertools

import pytest
from clickhouse import LONG_SESSION, ClickHouse

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory):
    """The cluster. Whoever kills a node makes a cluster of its own."""
    with ClickHouse(tmp_path_factory.mktemp("clickhouse"), session=LONG_SESSION) as cluster:
        yield cluster


@pytest.fixture
def section(clickhouse):
    """`cluster:` of a configuration, with a database that no other test has."""
    return clickhouse.section(database=f"ztas_{next(_numbers)}")
