"""The README's figures are those of the last whole run, and no others."""

from __future__ import annotations

import json

import pytest

from benchmarks import readme

RUN = {
    "date": "2026-05-17 09:00 UTC",
    "machine": [["Processor", "abacus"], ["Python", "CPython 3.11.2"], ["SQLite", "3.40.1"]],
    "sections": [
        {
            "name": "peers",
            "about": "How it was measured.",
            "columns": ["with", "bare"],
            "rows": [["ours", 3397.0]],
            "headlines": [
                {
                    "what": "a hit",
                    "measured": 33.333,
                    "unit": "us",
                    "target": 45,
                    "at_least": False,
                },
                {"what": "share", "measured": 0.5, "unit": "", "target": 0.75, "at_least": True},
            ],
        }
    ],
}


def test_the_readme_shows_the_committed_run():
    text = readme.README.read_text()
    figures = text.partition(readme.BEGIN)[2].partition(readme.END)[0]
    assert figures == readme.figures(json.loads(readme.RESULTS.read_text()))


def test_figures_are_put_between_the_marks_only(tmp_path):
    page, results = tmp_path / "README.md", tmp_path / "results.json"
    page.write_text(f"before\n{readme.BEGIN}old\n{readme.END}after\n")
    results.write_text(json.dumps(RUN))
    readme.write(page, results)
    assert page.read_text() == (
        f"before\n{readme.BEGIN}"
        "| with | bare |\n| --- | ---: |\n| ours | 3,397 |\n\nHow it was measured.\n\n"
        "| what | target | measured | met |\n"
        "| --- | ---: | ---: | ---: |\n"
        "| a hit | at most 45 us | 33.3 us | yes |\n"
        "| share | at least 0.75 | 0.5 | no |\n"
        "\nMeasured on 2026-05-17 09:00 UTC: abacus, CPython 3.11.2, SQLite 3.40.1.\n"
        f"{readme.END}after\n"
    )


def test_a_readme_without_marks_is_not_written_over(tmp_path):
    page, results = tmp_path / "README.md", tmp_path / "results.json"
    page.write_text("no marks\n")
    results.write_text(json.dumps(RUN))
    with pytest.raises(ValueError, match="to put figures between"):
        readme.write(page, results)
    assert page.read_text() == "no marks\n"
