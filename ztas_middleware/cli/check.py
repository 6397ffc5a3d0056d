"""`ztas check`: is everything in order?

Each thing that is looked at is one line. What it takes to look at it is in `inspection`.
"""

from __future__ import annotations

import json
import time

import click

from ztas_middleware.cli.inspection import Finding, inspect
from ztas_middleware.cli.options import clear_line, config_option, load
from ztas_middleware.cli.rollup import bar


@click.command(
    epilog="""\b
Example:
  ztas check --config conf/ztas.yaml
"""
)
@click.option("--json", "as_json", is_flag=True, help="What was found, as a JSON object.")
@config_option
def check(config: str, *, as_json: bool) -> None:
    """Read the config and the database, and say what is wrong with them.

    The database's integrity, its history against its hits, salts that should be gone, its log, the
    disk and the permissions. Exits with 1 if anything is off: a mistake in the config is named with
    file, line and column. Hits are taken meanwhile.
    """
    settings = load(config)
    sites = len(settings.sites)
    findings = [Finding("config", config, "", f"ok, {sites} {'site' if sites == 1 else 'sites'}")]
    _say(findings[0], as_json=as_json)
    with bar("history") as progress:
        for finding in inspect(settings, time.time_ns() // 1_000_000, progress):
            findings.append(finding)
            _say(finding, as_json=as_json)
    is_fine = not any(finding.problem for finding in findings)
    if as_json:
        document = {"ok": is_fine, "findings": [finding.to_json() for finding in findings]}
        click.echo(json.dumps(document))
    if not is_fine:
        raise SystemExit(1)


def _say(finding: Finding, *, as_json: bool) -> None:
    clear_line()
    if finding.problem:
        click.echo(f"ztas: {finding.what}: {finding.problem}", err=True)
    elif not as_json:
        click.echo(f"{finding.what}: {finding.detail}")
