"""The systemd unit, read by systemd."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from processes import ROOT


def test_systemd_has_nothing_to_say_against_the_unit(program, tmp_path):
    text = (ROOT / "conf" / "ztas.service").read_text("utf-8")
    ztas = "/opt/ztas/bin/ztas"
    assert f"ExecStart={ztas} serve " in text
    # It looks whether the program is there.
    (tmp_path / "ztas.service").write_text(text.replace(ztas, str(Path(sys.executable))))
    done = subprocess.run(
        [program("systemd-analyze"), "verify", "--man=no", str(tmp_path / "ztas.service")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "ztas.service" in done.stderr) == (0, False), done.stderr
