"""Machines with a network of their own: what goes to them and comes from them can be lost.

Linux's network namespaces; only root makes them.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess

HERE = "10.77.0.1"
"""Where servers listen that such machines reach: an address that does not go down with a link."""


def are_there():
    """Whether this machine lets us make them."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    name = f"ztas-try-{os.getpid()}"
    if _ip("netns", "add", name, check=False).returncode:
        return False
    return _ip("netns", "del", name).returncode == 0


@contextlib.contextmanager
def common_address():
    """`HERE` is this machine's, too."""
    _ip("addr", "replace", f"{HERE}/32", "dev", "lo")
    try:
        yield HERE
    finally:
        _ip("addr", "del", f"{HERE}/32", "dev", "lo", check=False)


class Network:
    """A machine's: `with Network() as network`; a command begins with `network.within`.

    What is sent while it is cut is lost, without a word to either side.
    """

    def __init__(self):
        number = random.randrange(1, 250)
        self.name = f"ztas{os.getpid() % 10_000}-{number}"
        self._link = f"zt{os.getpid() % 10_000}-{number}"
        self._here, self._there = f"10.77.{number}.1", f"10.77.{number}.2"
        self.within = ("ip", "netns", "exec", self.name)

    def __enter__(self):
        _ip("netns", "add", self.name)
        _ip("link", "add", self._link, "type", "veth", "peer", "name", "out", "netns", self.name)
        _ip("addr", "add", f"{self._here}/30", "dev", self._link)
        _ip("link", "set", self._link, "up")
        for command in (
            ("addr", "add", f"{self._there}/30", "dev", "out"),
            ("link", "set", "lo", "up"),
            ("link", "set", "out", "up"),
            ("route", "add", "default", "via", self._here),
        ):
            _ip("-n", self.name, *command)
        return self

    def __exit__(self, *_):
        _ip("link", "del", self._link, check=False)
        _ip("netns", "del", self.name, check=False)

    def cut(self):
        _ip("link", "set", self._link, "down")

    def mend(self):
        _ip("link", "set", self._link, "up")


def _ip(*arguments, check=True):
    return subprocess.run(("ip", *arguments), check=check, capture_output=True, timeout=10)
