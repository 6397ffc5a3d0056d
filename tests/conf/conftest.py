"""The programs that read what is in conf/."""

from __future__ import annotations

import os
import shutil

import pytest


@pytest.fixture
def program():
    """The path of a program; without it, a test is skipped here and fails in CI."""

    def find(name):
        found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
        if found is None:
            message = f"{name} is not installed: what conf/ says to it is not tested"
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(message)
        return found

    return find
