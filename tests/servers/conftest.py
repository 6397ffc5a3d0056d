"""Each server of the matrix, started once for all tests of a module."""

from __future__ import annotations

import pytest
from servers import KINDS, Server


@pytest.fixture(scope="module", params=KINDS)
def server(request, tmp_path_factory):
    started = Server(KINDS[request.param], tmp_path_factory.mktemp(request.param))
    yield started
    started.process.kill()
