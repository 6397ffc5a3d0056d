"""The interpreter's switch interval: short while we work, and then what it was."""

from __future__ import annotations

import sys
import threading

import pytest

from ztas_middleware.asgi.turns import TURN, in_short_turns


def test_turns_are_short_while_anything_of_ours_goes_on():
    before = sys.getswitchinterval()
    both, seen = threading.Barrier(2), []

    def work():
        both.wait(10)
        seen.append(sys.getswitchinterval())
        both.wait(10)

    threads = [threading.Thread(target=in_short_turns, args=(work,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [pytest.approx(TURN)] * 2
    assert sys.getswitchinterval() == pytest.approx(before)


def test_they_are_as_they_were_after_a_failure():
    before = sys.getswitchinterval()
    with pytest.raises(ZeroDivisionError):
        in_short_turns(lambda: 1 / 0)
    assert sys.getswitchinterval() == pytest.approx(before)
