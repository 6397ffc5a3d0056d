"""`manage.py ztas ...`: every command of `ztas`, under the project's configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from ztas_middleware.cli.hosted import run
from ztas_middleware.django.settings import configured

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Hands over to the commands of `ztas`."""

    help = "The commands of ztas: manage.py ztas stats my_site, manage.py ztas --help"
    requires_system_checks: list[str] = []  # noqa: RUF012 - Django's way to say it

    def run_from_argv(self, argv: list[str]) -> None:
        """Leave all that follows to our own parser, options and `--help` included."""
        run(argv[2:], configured(), "manage.py ztas")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """For `call_command("ztas", "check", ...)`."""
        parser.add_argument("arguments", nargs="*")

    def handle(self, *_: object, **options: Any) -> None:  # noqa: ANN401 - whatever is parsed
        """Run what `call_command` asks for."""
        run(options["arguments"], configured(), "manage.py ztas")
