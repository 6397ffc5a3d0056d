"""A database that is there when it is needed, and its file."""

from __future__ import annotations

import pytest

from ztas_middleware.store.database import Database


@pytest.fixture
def file(tmp_path):
    return tmp_path / "ztas.db"


@pytest.fixture
def database(file):
    database = Database(file)
    yield database
    database.close()
