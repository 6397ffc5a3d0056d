"""`ztas password` and `ztas token`: hashes that the configuration takes."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys

import pytest
from processes import ROOT

from ztas_middleware.credentials import hash_token, verify_password


@pytest.mark.parametrize("line_end", ["", "\n", "\r\n"])
def test_a_password_from_standard_input(shop, line_end):
    hashed = shop.ok("password", input="pässwörd" + line_end + "more").strip()
    if line_end:
        assert verify_password("pässwörd", hashed)
    else:
        assert verify_password("pässwördmore", hashed)


def test_an_empty_password_is_refused(shop):
    assert shop.error("password", input="") == "the password is empty"
    assert shop.error("password", input="\n") == "the password is empty"


def test_on_a_terminal_it_asks_twice_and_shows_nothing():
    master, end = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "ztas_middleware", "password"],
        cwd=ROOT, stdin=end, stdout=subprocess.PIPE, stderr=end, start_new_session=True, text=True,
    )  # fmt: skip
    os.close(end)
    shown = b""
    for prompt in (b"Password: ", b"Repeat for confirmation: "):
        while not shown.endswith(prompt):
            shown += os.read(master, 1000)
        os.write(master, b"secret\n")
    output, _ = process.communicate(timeout=20)
    os.close(master)
    assert process.returncode == 0
    assert verify_password("secret", output.strip())
    assert b"secret" not in shown


def test_a_token(shop):
    lines = shop.ok("token").splitlines()
    token, hashed = (line.split()[1] for line in lines)
    assert [line.split()[0] for line in lines] == ["token:", "hash:"]
    assert re.fullmatch(r"[\w-]{43}", token)
    assert hashed == hash_token(token)
    found = json.loads(shop.ok("token", "--json"))
    assert found["hash"] == hash_token(found["token"])
    assert found["token"] != token
