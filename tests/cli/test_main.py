"""The command as a whole: how it is called, and that its help can be believed."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner
from processes import ROOT

from ztas_middleware import __version__
from ztas_middleware.cli import main

COMMANDS = sorted(main.commands)


def run(*arguments):
    return CliRunner().invoke(main, arguments, prog_name="ztas", terminal_width=100)


def examples(text):
    """The command lines below `Example:` or `Examples:` in a help text."""
    _, _, block = re.sub(r"\n *Examples?:\n", "\0", text).partition("\0")
    return [line.strip() for line in block.splitlines() if line.strip()]


def test_version():
    result = run("--version")
    assert (result.exit_code, result.output) == (0, f"ztas, version {__version__}\n")


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_lists_every_command(option):
    result = run(option)
    assert result.exit_code == 0
    assert result.output.startswith("Usage: ztas [OPTIONS] COMMAND")
    for name in COMMANDS:
        assert re.search(rf"^  {name} +\S", result.output, re.MULTILINE)


def test_the_list_of_commands_fits_a_terminal():
    text = CliRunner().invoke(main, ["--help"], prog_name="ztas", terminal_width=80).output
    lines = text.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in lines] == COMMANDS
    assert all(line.endswith(".") and not line.endswith("...") for line in lines), text


def test_help_is_a_command_too():
    assert run("help").output == run("--help").output
    assert run("help", "import").output == run("import", "--help").output
    mistaken = run("help", "imprt")
    assert mistaken.exit_code == 2
    assert "No such command 'imprt'" in mistaken.output


def test_a_shell_completes_commands_options_and_sites(tmp_path):
    config = tmp_path / "ztas.yaml"
    config.write_text("sites: {site_abc: {domain: a.example}, other: {domain: b.example}}")

    def completed(*words):
        environ = {"_ZTAS_COMPLETE": "bash_complete", "COMP_WORDS": shlex.join(["ztas", *words])}
        environ["COMP_CWORD"] = str(len(words))
        done = CliRunner().invoke(main, prog_name="ztas", env=environ)
        return [line.partition(",")[2] for line in done.output.splitlines()]

    assert completed("exp") == ["export"]
    assert completed("help", "ch") == ["check"]
    assert "--format" in completed("export", "--f")
    assert completed("stats", "--config", str(config), "si") == ["site_abc"]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_each_command_says_what_it_does_with_an_example(name):
    result = run(name, "--help")
    assert result.exit_code == 0
    command = main.commands[name]
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name
    shown = examples(result.output)
    assert shown
    for line in shown:
        # Read as the shell and click would; an option that does not exist ends it here.
        ztas, called, *arguments = shlex.split(line)
        assert (ztas, called) == ("ztas", name)
        with command.make_context(name, arguments) as context:
            assert context.command is command


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["chekc"], "No such command 'chekc'"),
        (["check", "--konfig", "x"], "No such option"),
        (["demo", "--port", "70000"], "70000 is not in the range"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_clear_message_and_exit_2(arguments, message):
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output


def test_it_runs_as_a_module():
    command = [sys.executable, "-W", "error", "-m", "ztas_middleware", "--version"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"ztas, version {__version__}\n", "")
