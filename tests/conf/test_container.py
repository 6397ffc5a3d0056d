"""The container: no engine here builds it, so what it would run is run without one, and linted."""

from __future__ import annotations

import re
import subprocess
import sys
from ipaddress import ip_address
from pathlib import Path

import yaml
from processes import ROOT

from ztas_middleware.config import load_config

DOCKERFILE = (ROOT / "conf" / "Dockerfile").read_text("utf-8")


def steps():
    """The shell commands of the second RUN, but for what installs and what clears away."""
    _, run = re.findall(r"^RUN (.*?[^\\])$", DOCKERFILE, re.DOTALL | re.MULTILINE)
    commands = run.replace("\\\n", " ").split("&&")
    return [one.strip() for one in commands if not re.match(r"\s*(pip|rm) ", one)]


def test_a_linter_has_nothing_to_say():
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [hadolint, ROOT / "conf" / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_its_steps_make_an_app_that_starts(tmp_path):
    for step in steps():
        command = step.replace("/tmp/ztas-middleware", str(ROOT)).replace("/data", str(tmp_path))
        subprocess.run(["bash", "-euc", command], cwd=tmp_path, check=True)
    config = load_config(tmp_path / "ztas.yaml")
    assert config.database == tmp_path / "ztas.db"
    assert any(ip_address("172.18.0.2") in network for network in config.trusted_proxies)
    code = "import app; print(app.application.config.database)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(tmp_path / "ztas.db")


def test_the_volume_is_the_databases_folder():
    compose = yaml.safe_load((ROOT / "conf" / "compose.yaml").read_text("utf-8"))
    (service,) = compose["services"].values()
    (volume,) = service["volumes"]
    name, _, folder = volume.partition(":")
    assert name in compose["volumes"]
    assert f"VOLUME {folder}\n" in DOCKERFILE
    assert f"database: {folder}/ztas.db" in DOCKERFILE
    assert (ROOT / "conf" / service["build"]["context"] / service["build"]["dockerfile"]).exists()
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
