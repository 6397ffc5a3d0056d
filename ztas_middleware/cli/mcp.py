"""`ztas mcp`: the reports for assistants that speak the Model Context Protocol."""

from __future__ import annotations

import click

from ztas_middleware.cli import options
from ztas_middleware.errors import ZtasError


@click.command(
    epilog="""\b
Example:
  ztas mcp --config /etc/ztas/ztas.yaml
"""
)
@options.config_option
def mcp(config: str) -> None:
    """Let an assistant ask for the numbers, over standard input and output.

    An assistant starts this by itself, once it is told how: docs/assistants.md has the lines for
    the usual ones. It only reads.
    """
    settings = options.load(config)
    try:
        import anyio  # the SDK's

        from ztas_middleware.assistants import Assistants
    except ImportError:
        options.fail(ZtasError("needs the MCP SDK: pip install 'ztas-middleware[mcp]'"))
    anyio.run(Assistants(settings).serve)
