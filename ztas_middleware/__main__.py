"""`python -m ztas_middleware`: the command `ztas` where its script is not on the path."""

from ztas_middleware.cli import main

main(prog_name="ztas")
