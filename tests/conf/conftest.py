"""The programs that read what is in conf/."""

from __future__ import annotations

import shutil

import pytest
from missing import missing


@pytest.fixture
def program():
    """The path of a program; without it, a test is skipped here and fails in CI."""

    def find(name):
        found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
        if found is None:
            missing(f"{name} is not installed, and what conf/ says to it not tried")
        return found

    return find
