"""The cluster that the other tests trust in: does it lose and find what a real one does?"""

from __future__ import annotations

import pytest
from clickhouse import ClickHouse
from wire import Wire

from ztas_middleware.cluster.client import Client
from ztas_middleware.config import config_from_mapping
from ztas_middleware.errors import ClusterError

TABLE = """
create table default.told (id Int64)
engine = ReplicatedMergeTree('/clickhouse/tables/{shard}/told', '{replica}') order by id
"""
ALL = """
create table default.all_told as default.told
engine = Distributed(analytics, default, told, id)
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    with ClickHouse(tmp_path_factory.mktemp("own"), shards=2, replicas=2) as cluster:
        cluster.everywhere(TABLE)
        cluster.everywhere(ALL)
        yield cluster


def test_rows_survive_the_node_that_took_them(own):
    own.nodes[0].ask("insert into default.all_told values (1), (2), (3)", insert_distributed_sync=1)
    own.sync("default.told")
    own.nodes[0].kill()
    try:
        assert own.nodes[1].ask("select sum(id) from default.all_told").strip() == "6"
    finally:
        own.nodes[0].restart()
    assert own.nodes[0].ask("select sum(id) from default.all_told").strip() == "6"


@pytest.mark.parametrize("trouble", ["cut", "lose_answers"])
def test_a_wire_that_breaks_is_told_in_one_line(clickhouse, tmp_path, trouble):
    with Wire(("127.0.0.1", clickhouse.nodes[0].tcp)) as wire:
        config = config_from_mapping(
            {
                "database": str(tmp_path / "ztas.db"),
                "sites": {"site_abc123": {"domain": "example.com"}},
                "cluster": clickhouse.section(hosts=[wire.address]),
            }
        )
        client = Client(config.cluster)
        assert client.ask("select 1") == [(1,)]
        getattr(wire, trouble)()
        with pytest.raises(ClusterError) as caught:
            client.ask("select 2")
        assert "\n" not in str(caught.value)
        wire.mend()
        assert client.ask("select 3") == [(3,)]
        client.close()
