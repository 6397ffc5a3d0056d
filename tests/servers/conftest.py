"""Each server of the matrix, started once for all tests of a module."""

from __future__ import annotations

import pytest
from servers import KINDS, Server, folder_for


@pytest.fixture(scope="module", params=KINDS)
def server(request, tmp_path_factory):
    with folder_for(request.param, tmp_path_factory) as folder:
        started = Server(KINDS[request.param], folder)
        yield started
        started.process.kill()
