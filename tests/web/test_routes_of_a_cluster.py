"""Reports of a cluster need a driver, and say so when the app is wrapped."""

from __future__ import annotations

import importlib.util

import pytest

from ztas_middleware import ConfigError, ZTASMiddleware, only_ours

CONFIG = {
    "sites": {"site_abc123": {"domain": "example.com"}},
    "cluster": {"hosts": ["127.0.0.1:1"]},
}


def test_a_cluster_without_its_driver_is_told_when_wrapping(monkeypatch, tmp_path):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *more: None if name == "clickhouse_driver" else find(name, *more),
    )
    config = CONFIG | {"database": str(tmp_path / "ztas.db")}
    ZTASMiddleware(only_ours, config).close()
    with pytest.raises(ConfigError, match=r"cluster: needs clickhouse-driver: pip install"):
        ZTASMiddleware(only_ours, config | {"api": {"path": "/api"}})
