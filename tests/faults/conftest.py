"""Real servers, started to be broken."""

from __future__ import annotations

import pytest
from servers import Server


@pytest.fixture
def serve(tmp_path):
    """Start servers of a kind, all on the database of this test, and end them."""
    servers = []

    def start(kind):
        servers.append(Server(kind, tmp_path))
        return servers[-1]

    yield start
    for server in servers:
        server.process.kill()
