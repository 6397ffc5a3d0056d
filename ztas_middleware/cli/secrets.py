"""`ztas password` and `ztas token`: hashes for the configuration."""

from __future__ import annotations

import json
import sys

import click

from ztas_middleware.cli import options
from ztas_middleware.credentials import hash_password, hash_token, new_token
from ztas_middleware.errors import ZtasError


@click.command(
    epilog="""\b
Example:
  ztas password
"""
)
def password() -> None:
    """Ask for the dashboard's password and print its hash.

    Where standard input is no terminal, its first line is the password. The hash goes into the
    config, as `dashboard.password`; the password is not stored anywhere.
    """
    if sys.stdin.isatty():
        # On standard error, so that the hash alone can be redirected into a file.
        text = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        try:
            text = sys.stdin.readline().rstrip("\r\n")
        except UnicodeDecodeError:
            options.fail(ZtasError("the password is not UTF-8"))
    try:
        click.echo(hash_password(text))
    except ValueError as error:
        options.fail(error)


@click.command(
    epilog="""\b
Example:
  ztas token --json
"""
)
@click.option("--json", "as_json", is_flag=True, help="Both as a JSON object.")
def token(*, as_json: bool) -> None:
    """Make a token for the JSON API and print it with its hash.

    The token is for whoever asks (`Authorization: Bearer ...`), and is shown this once. The hash
    goes into the config, as an entry of `api.tokens`.
    """
    made = new_token()
    if as_json:
        click.echo(json.dumps({"token": made, "hash": hash_token(made)}))
        return
    click.echo(f"token: {made}")
    click.echo(f"hash:  {hash_token(made)}")
