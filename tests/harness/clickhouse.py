"""A ClickHouse cluster of plain processes with a ZooKeeper, on ports of its own.

Debian's clickhouse-server (18.16, of 2018) and zookeeper. All of it dies with the process that
started it, and what it stored is thrown away.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from missing import missing
from processes import Process, free_port, takes_connections

SERVER = "/usr/sbin/clickhouse-server"
ZOOKEEPER = "/usr/share/java/zookeeper.jar"
NAME, USER, PASSWORD = "analytics", "ztas", "not so secret"

# Servers and ZooKeeper die when the tests do, even killed ones: with the thread that started them.
_MORTAL = ("setpriv", "--pdeathsig", "KILL")

# A node that was killed is declared dead after a second. If it comes back before that, 18.16 tries
# ZooKeeper again ten seconds later, and can't be written until then. Where nobody kills any it may
# be longer: a machine that is very busy takes a second for nothing.
SESSION, LONG_SESSION = 1.0, 15.0

_NODE = """<?xml version="1.0"?>
<yandex>
 <logger>
  <level>information</level><log>{folder}/server.log</log><errorlog>{folder}/error.log</errorlog>
  <size>20M</size><count>1</count>
 </logger>
 <http_port>{http}</http_port><tcp_port>{tcp}</tcp_port>
 <interserver_http_port>{peers}</interserver_http_port>
 <interserver_http_host>{host}</interserver_http_host>
 <listen_host>{host}</listen_host>
 <max_connections>256</max_connections><keep_alive_timeout>3</keep_alive_timeout>
 <max_concurrent_queries>100</max_concurrent_queries>
 <uncompressed_cache_size>0</uncompressed_cache_size><mark_cache_size>67108864</mark_cache_size>
 <path>{folder}/data/</path><tmp_path>{folder}/tmp/</tmp_path>
 <user_files_path>{folder}/files/</user_files_path>
 <format_schema_path>{folder}/formats/</format_schema_path>
 <users_config>users.xml</users_config>
 <default_profile>default</default_profile><default_database>default</default_database>
 <timezone>UTC</timezone><mlock_executable>false</mlock_executable>
 <remote_servers><{name}>{shards}</{name}></remote_servers>
 <zookeeper>
  <node index="1"><host>127.0.0.1</host><port>{zookeeper}</port></node>
  <session_timeout_ms>{session}</session_timeout_ms>
 </zookeeper>
 <macros>{macros}</macros>
 <merge_tree>
  <replicated_max_ratio_of_wrong_parts>1</replicated_max_ratio_of_wrong_parts>
  <zookeeper_session_expiration_check_period>1</zookeeper_session_expiration_check_period>
  {merge_tree}
 </merge_tree>
</yandex>
"""
_USERS = """<?xml version="1.0"?>
<yandex>
 <profiles>
  <default>
   <max_memory_usage>2000000000</max_memory_usage><load_balancing>in_order</load_balancing>
   <connect_timeout_with_failover_ms>500</connect_timeout_with_failover_ms>
  </default>
  <readonly><readonly>1</readonly></readonly>
 </profiles>
 <users>
  <{user}>
   <password>{password}</password><networks><ip>127.0.0.1</ip><ip>10.77.0.0/16</ip></networks>
   <profile>default</profile><quota>default</quota>
  </{user}>
  <reader>
   <password>{password}</password><networks><ip>127.0.0.1</ip><ip>10.77.0.0/16</ip></networks>
   <profile>readonly</profile><quota>default</quota>
  </reader>
  <default>
   <password></password><networks><ip>127.0.0.1</ip><ip>10.77.0.0/16</ip></networks>
   <profile>default</profile><quota>default</quota>
  </default>
 </users>
 <quotas><default/></quotas>
</yandex>
"""
_ZOO = """tickTime=200
maxSessionTimeout=30000
initLimit=20
syncLimit=10
dataDir={folder}
clientPortAddress=127.0.0.1
clientPort={port}
admin.enableServer=false
4lw.commands.whitelist=ruok,srvr,mntr
maxClientCnxns=0
forceSync=no
"""


def need_clickhouse():
    """Skip, or fail in CI, where the servers are not installed."""
    for path in (SERVER, ZOOKEEPER):
        if not Path(path).exists():
            missing(f"{path} is not there (Debian: apt install clickhouse-server zookeeper)")
    if shutil.which("java") is None:
        missing("java is not there (Debian: apt install default-jre-headless)")


@dataclass
class Node:
    """One server."""

    shard: int
    replica: int
    folder: Path
    http: int
    tcp: int
    peers: int
    host: str = "127.0.0.1"
    process: Process | None = field(default=None, repr=False)

    @property
    def address(self):
        return f"{self.host}:{self.tcp}"

    def ask(self, statement, within=60, **settings):
        """What a statement answers, as tab separated text; asked as the user `default`."""
        url = f"http://{self.host}:{self.http}/?{urllib.parse.urlencode(settings)}"
        request = urllib.request.Request(url, data=statement.encode())
        try:
            with urllib.request.urlopen(request, timeout=within) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                raise RuntimeError(error.read().decode()[:500]) from None

    def start(self):
        self.process = Process(
            [*_MORTAL, SERVER, f"--config-file={self.folder}/config.xml"],
            folder=self.folder,
            cwd=self.folder,
        )

    def wait(self):
        self.process.wait_for(self._answers)

    def kill(self):
        """End it with SIGKILL, as a machine that loses its power."""
        self.process.kill()

    def restart(self):
        """Start it again, after ZooKeeper has noticed that it was gone."""
        time.sleep(2 * SESSION)
        self.start()
        self.wait()

    def hang(self):
        """Stop it without closing anything: connections stay, and nothing is answered."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def go_on(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def _answers(self):
        try:
            with urllib.request.urlopen(
                f"http://{self.host}:{self.http}/ping", timeout=1
            ) as answer:
                # Its ports are opened one after the other.
                return answer.read().startswith(b"Ok") and takes_connections(self.tcp, self.host)
        except OSError:
            return False


class ClickHouse:
    """A cluster: `with ClickHouse(folder, shards=2, replicas=2) as cluster: ...`."""

    def __init__(
        self,
        folder,
        *,
        shards=2,
        replicas=2,
        merge_tree="",
        macros=True,
        session=SESSION,
        host="127.0.0.1",
    ):
        self.folder = Path(folder)
        self.nodes = []
        for shard in range(1, shards + 1):
            for replica in range(1, replicas + 1):
                ports = [free_port() for _ in range(3)]
                node_folder = self.folder / f"s{shard}r{replica}"
                self.nodes.append(Node(shard, replica, node_folder, *ports, host=host))
        self._merge_tree, self._macros = merge_tree, macros
        self._session = round(session * 1000)
        self._zookeeper = None

    @property
    def hosts(self):
        return [node.address for node in self.nodes]

    def section(self, **others):
        """`cluster:` of a configuration that uses it."""
        return {"hosts": self.hosts, "user": USER, "password": PASSWORD, **others}

    def __enter__(self):
        need_clickhouse()
        # Somebody else may take a port between our look at it and the server's.
        for is_last in (False, False, True):
            try:
                self._start()
            except BaseException as error:
                self.close()
                if is_last or not isinstance(error, RuntimeError):
                    raise
                shutil.rmtree(self.folder, ignore_errors=True)
                for node in self.nodes:
                    node.http, node.tcp, node.peers = (free_port() for _ in range(3))
            else:
                break
        return self

    def _start(self):
        port = self._start_zookeeper()
        self._configure(port)
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            node.wait()

    def __exit__(self, *_):
        self.close()

    def close(self):
        """End all of it; what was stored is not needed any more."""
        for process in (self._zookeeper, *(node.process for node in self.nodes)):
            if process is not None:
                process.kill()

    def sync(self, table, within=40):
        """Wait until every node has what the others have of a table.

        One that was stopped or killed has to find ZooKeeper again first.
        """
        deadline = time.monotonic() + within
        for node in self.nodes:
            while True:
                try:
                    node.ask(f"system sync replica {table}")
                except RuntimeError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.1)
                else:
                    break

    def everywhere(self, statement):
        """Run a statement on every node; not ON CLUSTER, which can crash 18.16 soon after start."""
        return [node.ask(statement) for node in self.nodes]

    def _start_zookeeper(self):
        port, folder = free_port(), self.folder / "zookeeper"
        folder.mkdir(parents=True)
        (folder / "zoo.cfg").write_text(_ZOO.format(folder=folder, port=port))
        memory = ("-Xms32m", "-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
        main = "org.apache.zookeeper.server.quorum.QuorumPeerMain"
        command = ("java", *memory, "-cp", ZOOKEEPER, main, folder / "zoo.cfg")
        self._zookeeper = Process([*_MORTAL, *command], folder=folder, cwd=folder)
        self._zookeeper.wait_for(lambda: b"Mode:" in _told(port, b"srvr"))
        return port

    def _configure(self, zookeeper):
        shards = ""
        for shard in sorted({node.shard for node in self.nodes}):
            shards += "<shard><internal_replication>true</internal_replication>"
            for node in self.nodes:
                if node.shard == shard:
                    login = f"<user>{USER}</user><password>{PASSWORD}</password>"
                    place = f"<host>{node.host}</host><port>{node.tcp}</port>"
                    shards += f"<replica>{place}{login}</replica>"
            shards += "</shard>"
        for node in self.nodes:
            for name in ("data", "tmp", "files", "formats"):
                (node.folder / name).mkdir(parents=True)
            macros = f"<shard>{node.shard:02d}</shard><replica>r{node.replica}</replica>"
            (node.folder / "config.xml").write_text(
                _NODE.format(
                    folder=node.folder,
                    http=node.http,
                    tcp=node.tcp,
                    peers=node.peers,
                    host=node.host,
                    name=NAME,
                    shards=shards,
                    zookeeper=zookeeper,
                    session=self._session,
                    macros=macros if self._macros else "",
                    merge_tree=self._merge_tree,
                )
            )
            (node.folder / "users.xml").write_text(_USERS.format(user=USER, password=PASSWORD))


def _told(port, word):
    """What ZooKeeper says to one of its four letter words."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.sendall(word)
            return connection.recv(4096)
    except OSError:
        return b""
