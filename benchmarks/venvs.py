"""The virtual environments of the benchmarks: one for the project, one for each peer.

Imported by the system's Python before anything is installed, so only the standard library.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "benchmarks" / ".venvs"


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment and what pip is asked to put into it."""

    name: str
    requirements: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Where it is."""
        return HOME / self.name

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"


PROJECT = Environment(
    "project",
    ("--editable", ".[serve,dashboard,cluster]", "flask>=3", "granian>=2", "gunicorn>=23"),
)
# Its last release, of 2018, imports `_request_ctx_stack` (gone with Flask 2.3), lets Werkzeug
# parse the User-Agent (gone with 2.1) and needs SQLAlchemy 1; six it does not declare.
FLASK_TRACK_USAGE = Environment(
    "flask-track-usage",
    (
        "flask-track-usage==2.0.0",
        "flask<2.2",
        "werkzeug<2.1",
        "sqlalchemy>=1.4,<2",
        "six",
        "gunicorn>=23",
    ),
)
DJANGO_REQUEST = Environment("django-request", ("django-request>=1.6", "gunicorn>=23"))

# Needs Python 3.11.
RUNLIGHT = Environment("runlight", ("runlight==0.3.2", "gunicorn>=23"))


class InstallError(Exception):
    """pip could not; the message is the end of what it said."""


def make(environment: Environment) -> Path:
    """Make an environment, unless it is there and up to date; returns its interpreter.

    Raises:
        InstallError: pip failed.
    """
    stamp = environment.folder / "benchmarks.stamp"
    wanted = _fingerprint(environment)
    if stamp.is_file() and stamp.read_text() == wanted:
        return environment.python
    print(f"Setting up {environment.folder.relative_to(ROOT)} ...", flush=True)
    venv.create(environment.folder, with_pip=True, clear=True)
    pip = [str(environment.python), "-m", "pip", "--disable-pip-version-check", "install"]
    done = subprocess.run(
        [*pip, "--quiet", *environment.requirements],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        raise InstallError("\n".join(done.stdout.splitlines()[-5:]) or f"pip: {done.returncode}")
    stamp.write_text(wanted)
    return environment.python


def versions(python: Path, *distributions: str) -> str:
    """The installed versions of `distributions`, for the table: `flask 3.1.3, gunicorn 23.0.0`."""
    code = "import sys; from importlib.metadata import version as v\n"
    code += "print(', '.join(f'{name} {v(name)}' for name in sys.argv[1:]))"
    command = [str(python), "-c", code, *distributions]
    return subprocess.run(command, check=True, text=True, capture_output=True).stdout.strip()


def _fingerprint(environment: Environment) -> str:
    text = "\n".join((sys.version, *environment.requirements))
    if environment is PROJECT:
        text += (ROOT / "pyproject.toml").read_text()
    return hashlib.sha256(text.encode()).hexdigest()
