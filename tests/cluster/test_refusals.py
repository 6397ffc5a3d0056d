"""What is wrong with the cluster, in one line each."""

from __future__ import annotations

import re
import ssl
import subprocess
import time

import pytest
from clickhouse import ClickHouse
from machines import Machine, hit
from processes import wait_until
from wire import Wire

from ztas_middleware.cluster import complaints
from ztas_middleware.config.clustered import Cluster

SECTIONS = {
    "down": ({"hosts": ["127.0.0.1:1"]}, "cannot be reached"),
    "unknown host": ({"hosts": ["no.such.invalid"]}, "cannot be reached"),
    "wrong password": ({"password": "wrong"}, "user 'ztas' and its password are refused"),
    "unknown user": ({"user": "nobody"}, "user 'nobody' and its password are refused"),
    "may only read": ({"user": "reader"}, "user 'reader' may not do this"),
    "no such cluster": ({"name": "other"}, "`cluster.name` is 'other', and the servers know analy"),
    "no TLS there": ({"secure": True}, "does not speak TLS as we do"),
}


@pytest.mark.parametrize(("wrong", "said"), SECTIONS.values(), ids=SECTIONS)
def test_a_cluster_that_can_not_be_used_is_told(tmp_path, section, wrong, said):
    machine = Machine(tmp_path / "web", {**section, **wrong})
    line = machine.refused("cluster", "init")
    assert said in line


def test_a_cluster_without_tables_is_told(tmp_path, section):
    machine = Machine(tmp_path / "web", section)
    assert "`ztas cluster init` makes them" in machine.refused("cluster", "status")
    assert "`ztas cluster init` makes them" in machine.refused("ship")


@pytest.mark.parametrize("command", [["ship"], ["cluster", "status"], ["cluster", "init"]])
def test_tables_of_a_newer_program_are_told(tmp_path, section, clickhouse, command):
    machine = Machine(tmp_path / "web", section)
    machine.init()
    machine.add(hit(1))
    database = section["database"]
    clickhouse.nodes[0].ask(f"insert into {database}.schema_versions values (99, '9.9', 0)")
    clickhouse.sync(f"{database}.schema_versions")
    assert "a newer ztas's (schema 99" in machine.refused(*command)


def test_no_config_of_a_cluster_is_told(tmp_path, section):
    machine = Machine(tmp_path / "web", section)
    machine.config.write_text("sites: {site_abc123: {domain: example.com}}")
    assert "has no `cluster`" in machine.refused("ship")


def test_while_it_is_down_status_is_one_line(tmp_path, section, clickhouse):
    with Wire(("127.0.0.1", clickhouse.nodes[0].tcp)) as wire:
        machine = Machine(tmp_path / "web", {**section, "hosts": [wire.address]})
        machine.init()
        wire.cut()
        machine.add(hit(1, time=time.time_ns() // 1_000_000))
        assert machine.refused("cluster", "status", "--json").startswith("cluster 127.0.0.1:")
        machine.refused("ship")
        assert "ok, 1 hit to be shipped" in machine.ok("check")


TOKENS = {
    "mistyped": (lambda token: token[:-6] + "a" + token[-5:] + "a", "mistyped"),
    "cut off": (lambda token: token[:-8], "mistyped"),
    "something else": (lambda token: "hunter2", "this is no token"),
    "empty": (lambda token: " ", "a TOKEN is needed"),
}


@pytest.mark.parametrize(("damage", "said"), TOKENS.values(), ids=TOKENS)
def test_a_token_that_is_none_is_told(tmp_path, section, damage, said):
    token = Machine(tmp_path / "web", section).init()
    other = Machine(tmp_path / "other", section)
    assert said in other.refused("cluster", "join", damage(token))


def test_a_second_init_is_sent_to_join(tmp_path, section):
    first = Machine(tmp_path / "web", section)
    first.init()
    assert first.ok("cluster", "init").count("ztas cluster join") == 1
    other = Machine(tmp_path / "other", section)
    line = other.refused("cluster", "init")
    assert f"there are members already ({first.name})" in line


def test_servers_without_macros_are_told(tmp_path):
    with ClickHouse(tmp_path / "ch", shards=1, replicas=1, macros=False) as own:
        machine = Machine(tmp_path / "web", own.section())
        assert "has no macro `shard` and `replica`" in machine.refused("cluster", "init")
        # And with two clusters that have the server, the name must be said.
        (node,) = own.nodes
        file = node.folder / "config.xml"
        text = file.read_text()
        (found,) = re.findall(r"<analytics>.*</analytics>", text)
        other = found.replace("analytics>", "other>")
        file.write_text(text.replace("</remote_servers>", f"{other}</remote_servers>"))
        wait_until(lambda: "other" in node.ask("select cluster from system.clusters"))
        line = machine.refused("cluster", "init")
        assert "(analytics, other), analytics, other have a server of `hosts`" in line
        named = Machine(tmp_path / "named", own.section(name="other"))
        assert "has no macro" in named.refused("cluster", "init")


FULL = {
    "no room": (243, "Cannot reserve 1.00 MiB, not enough space", "is full"),
    "errno": (76, "Cannot write, errno: 28, strerror: No space left on device", "is full"),
    "read-only": (242, "Table is in readonly mode", "is read-only"),
}


@pytest.mark.parametrize(("code", "words", "said"), FULL.values(), ids=FULL)
def test_trouble_that_may_pass_is_worth_another_try(code, words, said):
    error = RuntimeError(f"Code: {code}. DB::Exception: {words}. Stack trace:\n\n0. main")
    error.code = code
    problem, is_busy = complaints.explained(error, Cluster(hosts=()))
    assert said in problem
    assert "\n" not in problem
    assert is_busy


def test_a_cluster_that_lost_its_zookeeper_takes_nothing_and_loses_nothing(tmp_path):
    with ClickHouse(tmp_path / "ch", shards=1, replicas=1) as own:
        machine = Machine(tmp_path / "web", own.section())
        machine.init()
        machine.ok("ship")
        machine.add(hit(1))
        own._zookeeper.kill()
        line = machine.refused("ship")
        assert "ZooKeeper" in line, line
        assert machine.query("select count(*) from hits") == [(1,)]


def test_a_certificate_that_nobody_signed_is_told(tmp_path, section, clickhouse):
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with Wire(("127.0.0.1", clickhouse.nodes[0].tcp), tls=context) as front:
        secure = {**section, "hosts": [front.address], "secure": True}
        machine = Machine(tmp_path / "web", secure)
        line = machine.refused("cluster", "status")
        assert "its certificate is refused" in line
        trusting = Machine(tmp_path / "trusting", {**secure, "ca": str(certificate)})
        assert "`ztas cluster init` makes them" in trusting.refused("cluster", "status")


def test_a_new_key_reaches_the_others_by_a_token(tmp_path, section):
    first, other = (Machine(tmp_path / name, section) for name in ("web", "other"))
    other.ok("cluster", "join", first.init())
    key = "select key from cluster_keys"
    before = first.query(key)
    assert other.query(key) == before
    token = first.ok("cluster", "init", "--new-key").split()[-1]
    assert first.query(key) != before
    other.ok("cluster", "join", token)
    assert other.query(key) == first.query(key)
    assert set(first.members()) == {first.name, other.name}
