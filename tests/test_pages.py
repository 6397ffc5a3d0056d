"""Every page: its commands are parsed by the program, its YAML is loaded, its JSON is JSON."""

from __future__ import annotations

import json
import re
import shlex

import click
import pytest
from processes import ROOT

from ztas_middleware.cli import main
from ztas_middleware.config import load_config
from ztas_middleware.passwords import hash_password

PAGES = sorted((ROOT / "docs").glob("*.md"))
PAGES += [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
TEXTS = {page.name: page.read_text("utf-8") for page in PAGES}
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)


def blocks(*languages):
    """(page, block) of each fenced block in one of these languages."""
    return [
        pytest.param(block[3], id=f"{name}:{text.count(chr(10), 0, block.start()) + 1}")
        for name, text in TEXTS.items()
        for block in BLOCK.finditer(text)
        if block[2] in languages
    ]


def commands():
    """Each line `ztas ...` that a page shows, in a block or between backticks."""
    for name, text in TEXTS.items():
        found = {line for block in BLOCK.finditer(text) for line in block[3].splitlines()}
        found |= set(re.findall(r"`(ztas [^`]+)`", re.sub(r"\s*\n\s*", " ", text)))
        for line in sorted(found):
            match = re.search(r"(?:^|[\s|])(ztas [a-z].*)", line)
            if match and "=" not in line.partition("ztas ")[0]:
                yield pytest.param(match[1], id=f"{name}: {match[1]}")


@pytest.mark.parametrize("line", list(commands()))
def test_commands_of_the_pages_exist_with_their_options(line):
    words = shlex.split(re.sub(r"[<>]\(.*|[|;] .*|# .*|<<<.*|> .*", "", line))[1:]
    command: click.Command = main
    while isinstance(command, click.Group) and words and words[0].islower():
        found = command.commands.get(words.pop(0).removesuffix(","))
        assert found is not None, line
        command = found
    options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    used = {word.partition("=")[0] for word in words if word.startswith("--")} - {"--"}
    assert used <= options, line


@pytest.mark.parametrize("text", blocks("json"))
def test_json_of_the_pages_is_json(text):
    json.loads(text)


@pytest.mark.parametrize("text", blocks("yaml"))
def test_yaml_of_the_pages_is_a_configuration(text, tmp_path, monkeypatch):
    for variable in ("DOMAIN", "ZTAS_MAIL_PASSWORD", "ZTAS_CLUSTER_PASSWORD"):
        monkeypatch.setenv(variable, "example.com")
    # Where a page shows one key, its site is somebody's all the same.
    if not re.search(r"^sites:$", text, re.MULTILINE):
        text += "\nsites:\n  site_abc123:\n    domain: example.com\n"
    text = text.replace("scrypt:32768:8:3:...", hash_password("teapot"))
    file = tmp_path / "ztas.yaml"
    file.write_text(text)
    load_config(file)
