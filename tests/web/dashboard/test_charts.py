"""Charts: numbers in, markup out."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.web.dashboard import charts
from ztas_middleware.web.dashboard.charts import Edges, Line, Slot

NUMBERS = st.lists(st.integers(0, 10**12), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("maximum", "expected"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (3, [0, 1, 2, 3]),
        (4, [0, 1, 2, 3, 4]),
        (5, [0, 2, 4, 6]),
        (9, [0, 5, 10]),
        (40, [0, 10, 20, 30, 40]),
        (41, [0, 20, 40, 60]),
        (1_330, [0, 500, 1_000, 1_500]),
        (9_999_999, [0, 5_000_000, 10_000_000]),
    ],
)
def test_gridlines_are_at_round_numbers(maximum, expected):
    assert charts.ticks(maximum) == expected


@given(st.integers(0, 10**15))
def test_gridlines_are_few_and_reach_the_top(maximum):
    ticks = charts.ticks(maximum)
    assert ticks[0] == 0
    assert ticks[-1] >= maximum
    assert 2 <= len(ticks) <= 5
    assert ticks[-2] < max(1, maximum)


def test_points_are_spread_from_edge_to_edge_and_a_single_one_is_in_the_middle():
    assert charts.positions(3) == [0, 0.5, 1]
    assert charts.positions(1) == [0.5]


@given(st.integers(0, 4_000))
def test_labels_are_few_and_begin_with_the_first(count):
    indices = charts.label_indices(count)
    assert len(indices) <= charts.MOST_LABELS
    assert indices[:1] == ([0] if count else [])
    assert all(index < count for index in indices)


def test_a_path_goes_through_its_points_and_an_area_comes_back_to_the_base():
    assert charts.path_of([(0, 10), (5.5, 0), (10, 3.14159)]) == "M0 10L5.5 0L10 3.14"
    assert charts.area_of([(0, 10), (10, 3)], 20) == "M0 10L10 3L10 20L0 20Z"


def chart(values, before=None, **arguments):
    slots = [Slot(f"s{index}", f"long {index}") for index in range(len(values))]
    lines = [Line("before", before, "before")] if before else []
    lines.append(Line("visitors", values, "now", filled=True))
    return ET.fromstring(charts.line_chart(slots, lines, "A <title> & more", **arguments))


def targets(root):
    return [rect for rect in root.iter("rect") if rect.get("class") == "target"]


def test_each_point_says_its_numbers():
    root = chart([0, 1_234], before=[7, 8])
    said = [rect.find("title").text for rect in targets(root)]
    assert said == ["long 0\n0 visitors\n7 before", "long 1\n1,234 visitors\n8 before"]


def test_targets_cover_the_whole_width_without_overlapping():
    edges = 0.0
    for rect in targets(chart([1, 2, 3, 4])):
        assert float(rect.get("x").rstrip("%")) == pytest.approx(edges, abs=0.02)
        edges += float(rect.get("width").rstrip("%"))
    assert edges == pytest.approx(100, abs=0.05)


def test_the_highest_value_is_at_the_right_height():
    (path,) = (p for p in chart([0, 50, 100]).iter("path") if "line" in p.get("class"))
    assert path.get("d") == f"M0 {charts.HEIGHT}L500 {charts.HEIGHT // 2}L1000 0"


def test_what_is_not_over_yet_is_a_line_of_its_own():
    edges = Edges(first=True, last=True)
    lines = [p for p in chart([1, 2, 4, 8], edges=edges).iter("path") if "line" in p.get("class")]
    assert [line.get("class") for line in lines] == ["line now", *["line running now"] * 2]
    assert [line.get("d").count("L") for line in lines] == [1, 1, 1]


def test_what_happened_is_marked_and_said():
    root = chart([1, 2, 4], marks={1: "A <new> design"})
    assert [mark.get("x1") for mark in root.iter("line") if mark.get("class") == "mark"] == ["50%"]
    assert targets(root)[1].find("title").text.endswith("A <new> design")


def test_a_single_point_is_a_dot():
    root = chart([5])
    assert [circle.get("cx") for circle in root.iter("circle")] == ["50%"]
    assert not list(root.iter("path"))


@given(NUMBERS)
def test_any_numbers_make_a_chart(values):
    for root in (chart(values), chart(values, edges=Edges(first=True, last=True))):
        assert len(targets(root)) == len(values)
        assert not [e for e in root.iter() if e.get("style")], "the policy forbids it"
    ET.fromstring(charts.sparkline(values, "x"))


def test_no_numbers_make_charts_too():
    ET.fromstring(charts.sparkline([], "x"))
    ET.fromstring(charts.columns([], [], "x"))


def test_titles_are_escaped():
    hostile = '"><script>alert(1)</script>'
    for text in (
        charts.line_chart([Slot(hostile, hostile)], [Line(hostile, [1], "now")], hostile),
        charts.sparkline([1, 2], hostile),
        charts.columns([Slot(hostile, hostile)], [1], hostile),
    ):
        assert "<script" not in text
        ET.fromstring(text)


def test_columns_have_a_height_even_when_there_is_nothing():
    slots = [Slot(str(index), f"{index}: {index}") for index in range(3)]
    root = ET.fromstring(charts.columns(slots, [0, 1, 2], "Visitors"))
    heights = [float(rect.get("height")) for rect in root.iter("rect") if "rx" in rect.attrib]
    assert heights == [2, 32, 64]


@pytest.mark.parametrize(
    ("share", "width"), [(0, "0%"), (0.123456, "12.35%"), (1, "100%"), (7, "100%")]
)
def test_a_bar_is_as_long_as_its_share(share, width):
    assert ET.fromstring(charts.bar(share)).find("rect").get("width") == width
