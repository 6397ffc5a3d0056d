"""Files as lines: packed, cut, foreign, and with lines of any length."""

from __future__ import annotations

import gzip
import io
import sys
import tracemalloc

import pytest

from ztas_middleware.errors import ZtasError
from ztas_middleware.imports import files
from ztas_middleware.imports.files import open_file, source_of
from ztas_middleware.imports.sources import HEAD, LONGEST_LINE, Line


def open_source(path):
    return source_of(open_file(path))


def lines_of(path, *place):
    source = open_source(str(path))
    try:
        return list(source.lines(*place))
    finally:
        source.close()


@pytest.fixture(params=["plain", "packed", "stdin", "packed stdin"])
def put(request, tmp_path, monkeypatch):
    """Make a file with some content; return its path."""

    def make(content):
        if "packed" in request.param:
            content = gzip.compress(content)
        if "stdin" in request.param:
            stdin = io.TextIOWrapper(io.BufferedReader(Pipe(content)))
            monkeypatch.setattr(sys, "stdin", stdin)
            return "-"
        path = tmp_path / "file"
        path.write_bytes(content)
        return path

    return make


class Pipe(io.RawIOBase):
    """A stream that can't be rewound."""

    def __init__(self, content):
        self._rest = content

    def readable(self):
        return True

    def readinto(self, buffer):
        piece, self._rest = (
            self._rest[: min(len(buffer), 1000)],
            self._rest[min(len(buffer), 1000) :],
        )
        buffer[: len(piece)] = piece
        return len(piece)


def test_lines_have_numbers_and_ends(put):
    assert lines_of(put(b"one\ntwo\r\n\nlast")) == [
        Line(1, 4, b"one\n"),
        Line(2, 9, b"two\r\n"),
        Line(3, 10, b"\n"),
        Line(4, 14, b"last"),
    ]


def test_reading_goes_on_from_any_place(put):
    content = b"".join(b"line %d\n" % number for number in range(20_000))
    offset = content.index(b"line 15000\n")
    found = lines_of(put(content), offset, 15_000)
    assert found[0] == Line(15_001, offset + 11, b"line 15000\n")
    assert found[-1] == Line(20_000, len(content), b"line 19999\n")


def test_an_offset_behind_the_end_is_the_end(put):
    assert lines_of(put(b"one\n"), 100, 9) == []


def test_an_endless_line_is_passed_over_without_being_kept(tmp_path):
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.write(b"before\n")
        for _ in range(20):
            file.write(b"x" * LONGEST_LINE)
        file.write(b"\nbehind\n")
    tracemalloc.start()
    found = lines_of(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    size = path.stat().st_size
    assert found == [Line(1, 7, b"before\n"), Line(2, size - 7, None), Line(3, size, b"behind\n")]
    assert peak < 6 * LONGEST_LINE


def test_a_line_of_exactly_the_longest_length_is_one(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"x" * (LONGEST_LINE - 1) + b"\nbehind\n")
    assert [line.content and len(line.content) for line in lines_of(path)] == [LONGEST_LINE, 7]


@pytest.mark.parametrize("size", [0, 1, HEAD - 1, HEAD, HEAD + 1, 200_000])
def test_the_head_is_there_if_the_file_has_it(put, size):
    content = bytes(65 + number % 26 for number in range(size))
    source = open_source(str(put(content)))
    for wanted in (1, HEAD):
        assert source.head(wanted) == (content[:wanted] if size >= wanted else None)
    source.close()


def test_packed_data_that_ends_early_gives_its_lines_and_then_says_so(tmp_path):
    path = tmp_path / "log.gz"
    content = b"".join(b"line %d\n" % number for number in range(50_000))
    path.write_bytes(gzip.compress(content)[:-4000])
    source = open_source(str(path))
    found = []
    with pytest.raises(
        ZtasError, match=r"log\.gz: the packed data ends too early, behind line"
    ) as caught:
        found.extend(source.lines())
    source.close()
    assert 1000 < len(found) < 50_000
    assert str(caught.value).endswith(f"behind line {found[-1].number}")
    assert content.startswith(b"".join(line.content for line in found))


def test_damaged_packed_data_says_so(tmp_path):
    path = tmp_path / "log.gz"
    packed = bytearray(gzip.compress(bytes(range(256)).replace(b"\0", b"") * 3000, 1))
    packed[len(packed) // 2] ^= 0xFF
    path.write_bytes(packed)
    with pytest.raises(ZtasError, match=r"log\.gz: "):
        lines_of(path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xfd7zXZ\x00rest", "is packed with xz"),
        (b"BZh91AY", "is packed with bzip2"),
        (b"\x28\xb5\x2f\xfdrest", "is packed with zstd"),
        (b"SQLite format 3\x00rest", "is an SQLite database"),
        ("ä".encode("utf-16"), "is UTF-16"),
    ],
)
def test_what_is_no_text_is_refused_with_the_way_out(tmp_path, content, problem):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(ZtasError, match=f"{path}: {problem}"):
        open_source(str(path))


def test_a_file_that_is_not_there_or_is_a_folder_is_named(tmp_path):
    with pytest.raises(ZtasError, match="nowhere: no such file"):
        open_source(str(tmp_path / "nowhere"))
    with pytest.raises(ZtasError, match="Is a directory"):
        open_source(str(tmp_path))


def test_foreign_beginnings_cover_what_tar_and_databases_have():
    assert all(magic and problem for magic, problem in files._FOREIGN)
