"""Adding a site: a few lines more, and every other byte as it was."""

from __future__ import annotations

import multiprocessing
import stat

import pytest

from ztas_middleware.config import load_config
from ztas_middleware.config.editing import add_site, as_scalar, remove_site
from ztas_middleware.errors import ConfigError

FORK = multiprocessing.get_context("fork")

# Where `+` stands, the new site's lines are expected.
LAYOUTS = {
    "the least": "sites:\n  a:\n    domain: a.example\n+",
    "keys behind": "sites:\n  a:\n    domain: a.example\n+rate_limit: 5\n",
    "keys before and behind": "rate_limit: 5\nsites:\n  a: {domain: a.example}\n+honor_dnt: true\n",
    "no line end": "sites:\n  a:\n    domain: a.example",
    "a comment on the line": "sites:\n  a:\n    domain: a.example   # the shop\n+# the end\n",
    "settings switched off": (
        "sites:\n  a:\n    domain: a.example\n    #timezone: UTC\n      # deeper\n+"
        "\n# others\nrate_limit: 5\n"
    ),
    "a blank line between sites": (
        "sites:\n  a:\n    domain: a.example\n\n    timezone: UTC\n+B\n\n#bots:\n#  allow: []\n"
    ),
    "a list in lines": "sites:\n  a:\n    domain:\n    - a.example\n    - b.example\n+",
    "a list over lines": "sites:\n  a:\n    domain: [a.example,\n        b.example]\n+",
    "folded text": "sites:\n  a:\n    domain: >-\n      a.example\n+rate_limit: 5\n",
    "an alias": "sites:\n  a: &a\n    domain: a.example\n  b: *a\n+rate_limit: 5\n",
    "a merge": "sites:\n  a: &a\n    domain: a.example\n  b:\n    <<: *a\n    domain: b.example\n+",
    "ids in quotes": 'sites:\n  "1":\n    domain: a.example\n+',
    "no indentation to speak of": "sites:\n a:\n  domain: a.example\n+",
    "wide": "sites:\n        a:\n            domain: a.example\n+",
    "sites in quotes": '"sites":\n  a:\n    domain: a.example\n+',
    "a document's marks": "---\nsites:\n  a:\n    domain: a.example\n+...\n",
    "other letters": "# größer\nsites:\n  a:\n    domain: bücher.example # ☂\n+rate_limit: 5\n",
    "a tab behind": "sites:\n  a:\n    domain: a.example\t\n+",
}


def new(indent="  ", step="  "):
    return f"{indent}new:\n{indent}{step}domain: new.example\n"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "ztas.yaml"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_site_that_was_added_goes_without_a_trace(file, layout):
    before, _, behind = LAYOUTS[layout].partition("+")
    content = before + behind.removeprefix("B")
    file.write_text(content)
    add_site(str(file), "new", "new.example")
    assert "new" not in remove_site(str(file), "new").sites
    # The line end and the blank line that the new site needed are nobody's.
    assert file.read_text().replace("\n\n", "\n").rstrip() == content.replace("\n\n", "\n").rstrip()


SITES = """\
# all sites
sites:
  # the first
  a:
    domain: a.example  # of a
    # timezone: UTC
  # the second
  b: {domain: b.example}
  "c d":
    domain:
      - c.example
    goals:
      Buy: {action: buy}

rate_limit: 5
"""


@pytest.mark.parametrize(
    ("site", "gone"),
    [
        ("a", "  a:\n    domain: a.example  # of a\n    # timezone: UTC\n"),
        ("b", "  b: {domain: b.example}\n"),
        (
            "c d",
            '  "c d":\n    domain:\n      - c.example\n    goals:\n      Buy: {action: buy}\n',
        ),
    ],
)
def test_a_site_goes_and_every_other_byte_stays(file, site, gone):
    file.write_text(SITES)
    remove_site(str(file), site)
    assert file.read_text() == SITES.replace(gone, "")


@pytest.mark.parametrize(
    ("content", "site", "problem"),
    [
        ("sites: {a: {domain: a.example}, b: {domain: b.example}}\n", "a", "by hand"),
        ("sites:\n  a: &a\n    domain: a.example\n  b: *a\n", "a", "stands for nothing"),
        ("sites:\n  a:\n    domain: a.example\n", "a", "by hand"),
        ("sites:\n  ? a\n  : domain: a.example\n  b:\n    domain: b.example\n", "a", "by hand"),
    ],
    ids=["in brackets", "others refer to it", "the only one", "a key of its own line"],
)
def test_what_cannot_be_cut_out_stays_as_it_is(file, content, site, problem):
    file.write_text(content)
    with pytest.raises(ConfigError, match=problem):
        remove_site(str(file), site)
    assert file.read_text() == content


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_other_byte_stays(file, layout):
    before, plus, behind = LAYOUTS[layout].partition("+")
    file.write_text(before + behind.removeprefix("B"))
    add_site(str(file), "new", "new.example")
    added = new()
    if layout == "no indentation to speak of":
        added = new(" ", " ")
    elif layout == "wide":
        added = new(" " * 8, " " * 4)
    blank = "\n" if behind.startswith("B") else ""
    end = "" if plus else "\n"
    assert file.read_text() == before + end + blank + added + behind.removeprefix("B")
    assert list(load_config(file).sites)[-1] == "new"


def test_windows_line_ends_and_a_byte_order_mark_stay(file):
    file.write_bytes("\ufeffsites:\r\n  a:\r\n    domain: a.example\r\nrate_limit: 5\r\n".encode())
    add_site(str(file), "new", "new.example")
    assert (
        file.read_bytes()
        == (
            "\ufeffsites:\r\n  a:\r\n    domain: a.example\r\n"
            "  new:\r\n    domain: new.example\r\nrate_limit: 5\r\n"
        ).encode()
    )


@pytest.mark.parametrize(
    "text",
    [
        "sites: {a: {domain: a.example}}\n",
        "{sites: {a: {domain: a.example}}}\n",
        "sites:\n  {a: {domain: a.example}}\n",
    ],
)
def test_what_is_written_in_brackets_is_refused_with_the_lines_to_add(file, text):
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        add_site(str(file), "new", "*.new.example", "Europe/Berlin")
    assert str(caught.value) == (
        f"{file}: its layout is not one that can be edited; add to `sites` by hand: "
        'new: / domain: "*.new.example" / timezone: Europe/Berlin'
    )
    assert file.read_text() == text


def test_a_site_can_have_a_timezone_and_any_id(file):
    file.write_text(LAYOUTS["the least"].rstrip("+"))
    add_site(str(file), "yes", "[::1]:3000", "Europe/Berlin")
    site = load_config(file).sites["yes"]
    assert str(site.timezone) == "Europe/Berlin"
    assert site.domains[0].port == 3000


@pytest.mark.parametrize(
    ("site_id", "domain", "timezone", "problem"),
    [
        ("a", "b.example", None, "is given twice"),
        ("new", "b.example/path", None, "a domain is a host, without path and query"),
        ("new", "b.example", "Europe/Berln", 'unknown timezone "Europe/Berln"'),
        ("x" * 65, "b.example", None, "a site id has at most 64 characters"),
    ],
)
def test_what_would_not_be_valid_changes_nothing(file, site_id, domain, timezone, problem):
    text = LAYOUTS["the least"].rstrip("+")
    file.write_text(text)
    with pytest.raises(ConfigError, match=problem) as caught:
        add_site(str(file), site_id, domain, timezone)
    assert str(caught.value).startswith(f"{file}: sites.")
    assert file.read_text() == text
    assert list(file.parent.iterdir()) == [file]


def test_a_file_that_cannot_be_used_is_not_touched(file):
    file.write_text("sites: {}\n")
    with pytest.raises(ConfigError, match="must have at least one site"):
        add_site(str(file), "new", "new.example")
    with pytest.raises(ConfigError, match="no such file"):
        add_site(str(file.with_name("nowhere.yaml")), "new", "new.example")


def test_permissions_and_links_stay(file, tmp_path):
    file.write_text(LAYOUTS["the least"].rstrip("+"))
    file.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(file)
    config = add_site(str(link), "new", "new.example")
    assert link.is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert list(load_config(file).sites) == ["a", "new"]
    assert config.source == link
    assert config == load_config(link)


def test_several_at_once_all_get_in(file):
    file.write_text(LAYOUTS["the least"].rstrip("+"))
    processes = [
        FORK.Process(target=add_site, args=(str(file), f"s{number}", f"s{number}.example"))
        for number in range(8)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert set(load_config(file).sites) == {"a", *(f"s{number}" for number in range(8))}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("example.com", "example.com"),
        ("localhost:3000", "localhost:3000"),
        ("https://example.com", "https://example.com"),
        ("münchen.de", "münchen.de"),
        ("*.example.com", '"*.example.com"'),
        ("[::1]", '"[::1]"'),
        ("123", '"123"'),
        ("yes", '"yes"'),
        ("1:30", '"1:30"'),
        ("a: b", '"a: b"'),
        ('"', '"\\""'),
        ("- x", '"- x"'),
    ],
)
def test_text_is_quoted_where_yaml_would_read_something_else(text, expected):
    assert as_scalar(text) == expected
