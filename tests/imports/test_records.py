"""Records: whatever a line has in it, the lines around it are read."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.imports import records as module
from ztas_middleware.imports.records import (
    MOST_LINES,
    NO_CSV,
    TOO_LONG,
    UNCLOSED,
    csv_records,
    text_records,
)
from ztas_middleware.imports.sources import Line


def lines(content):
    found, end = [], 0
    for number, line in enumerate(io.BytesIO(content).readlines(), 1):
        end += len(line)
        found.append(Line(number, end, line))
    return iter(found)


def contents(records):
    return [(record.number, record.content) for record in records]


def test_each_line_with_something_in_it_is_a_text_record():
    found = text_records(lines(b"one\r\n\n  \ntwo"))
    assert [(r.number, r.end, r.content, r.is_complete) for r in found] == [
        (1, 5, "one", True),
        (3, 9, "  ", True),
        (4, 12, "two", False),
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_line():
    assert contents(text_records(lines(b"\xef\xbb\xbfone\n"))) == [(1, "one")]
    assert contents(csv_records(lines(b"\xef\xbb\xbfone,two\n"))) == [(1, ["one", "two"])]


@pytest.mark.parametrize("records", [text_records, csv_records])
def test_what_is_too_long_is_refused_and_the_rest_read_whatever_its_bytes_are(records):
    one, two, three = b"caf\xe9\n", b"\0\0o\0k\n", b"\0\0\n"
    lines = [Line(1, 5, one), Line(2, 9, None), Line(3, 12, two), Line(4, 15, three)]
    found = [record.content for record in records(iter(lines))]
    assert [content if content is TOO_LONG else "".join(content) for content in found] == [
        "caf\ufffd",
        TOO_LONG,
        "ok",
    ]


def test_a_csv_record_may_have_several_lines():
    found = list(csv_records(lines(b'a,"one\ntwo ""x""",c\nd,e,f\n'), 3))
    assert contents(found) == [(1, ["a", 'one\ntwo "x"', "c"]), (3, ["d", "e", "f"])]
    assert [(record.last, record.end) for record in found] == [(2, 20), (3, 26)]


@pytest.mark.parametrize(
    "content",
    [
        b'a,"b\nc,d\ne,f\n',
        b'a,"b\nc,d\n"e,f\nc,d\ne,f\n',
        b'a,"b\n' + b"c,d\ne,f\n" * 200,
    ],
    ids=["to the end", "closed by another", "for longer than a record is"],
)
def test_an_unclosed_quotation_mark_costs_its_own_line_only(content):
    found = contents(csv_records(lines(content), 2))
    bad = [record for record in found if record[1] is UNCLOSED]
    assert bad[0] == (1, UNCLOSED)
    good = [line for line in content.split(b"\n") if line and b'"' not in line]
    assert [cells for _, cells in found if cells is not UNCLOSED] == [
        line.decode().split(",") for line in good
    ]


def test_a_record_in_quotes_may_not_grow_without_bound():
    content = b'"' + b"x\n" * (MOST_LINES + 5) + b'"\n'
    assert contents(csv_records(lines(content), 1))[0] == (1, UNCLOSED)


def test_what_the_csv_module_refuses_is_refused():
    assert contents(csv_records(lines(b'a,"b"c"",d\nok,ok\n'), 2)) == [
        (1, NO_CSV),
        (2, ["ok", "ok"]),
    ]


@given(
    st.lists(
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_characters="\r\0")), min_size=2, max_size=2
        ),
        max_size=5,
    )
)
def test_what_was_written_as_csv_is_read_back(rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    found = [record.content for record in csv_records(lines(text.getvalue().encode()), 2)]
    expected = [row for row in rows if sum(cell.count("\n") for cell in row) < module.MOST_LINES]
    assert found == expected
