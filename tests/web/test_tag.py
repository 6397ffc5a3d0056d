from __future__ import annotations

import gzip
import time
import zlib

import pytest

from ztas_middleware.web.tag import (
    LONGEST_TAG,
    MOST_INFLATED,
    InflatingWatch,
    TagPattern,
    TagWatch,
    tag_for,
)

PATTERN = TagPattern("/js/ztas.js")
TAG = b'<script defer src="/js/ztas.js" data-site="site_abc123"></script>'


@pytest.mark.parametrize("unit", [b"<script ", b"<script src=", b"<script src=/ src=/", b"<!--"])
def test_a_page_of_nothing_but_beginnings_costs_little(unit):
    watch = TagWatch(PATTERN)
    began = time.process_time()
    for _ in range(4):
        watch.feed(b"<!-- js/ztas.js --><script " + unit * (64_000 // len(unit)))
    assert time.process_time() - began < 20.0
    assert not watch.found


@pytest.mark.parametrize(
    ("script", "site", "mount", "expected"),
    [
        ("/js/ztas.js", "site_abc123", "", TAG),
        ("/z.js", "a", "/blog", b'<script defer src="/blog/z.js" data-site="a"></script>'),
        # Mounted at what the server read as latin-1 from UTF-8.
        (
            "/z.js",
            "a",
            "/bl\xc3\xb6g",
            b'<script defer src="/bl%C3%B6g/z.js" data-site="a"></script>',
        ),
        ("/z.js", "ä<b>&\"'", "", b'data-site="&#228;&lt;b&gt;&amp;&quot;&#x27;"></script>'),
        (
            '/z".js',
            "a",
            '/"><x',
            b'<script defer src="/%22%3E%3Cx/z%22.js" data-site="a"></script>',
        ),
    ],
)
def test_tag(script, site, mount, expected):
    assert tag_for(script, site, mount).endswith(expected)


TAGS = {
    "ours": TAG.decode(),
    "below a mount": '<script defer src="/blog/js/ztas.js" data-site="a"></script>',
    "of another origin": "<script src='https://stats.example.com/js/ztas.js'>",
    "relative": '<script src="js/ztas.js">',
    "relative, upwards": '<script src="../../js/ztas.js">',
    "without quotes": "<script src=/js/ztas.js>",
    "without quotes, async": "<script src=/js/ztas.js async>",
    "with a version": '<script src="/js/ztas.js?v=2">',
    "with a fragment": '<script src="/js/ztas.js#x">',
    "spaced": '<script\n  data-site="a"\n  src = "/js/ztas.js"\n>',
    "upper case": '<SCRIPT SRC="/js/ztas.js">',
    "attributes run together": '<script data-site="a"src="/js/ztas.js">',
    "behind a comment": '<!-- x --><script src="/js/ztas.js">',
}
NO_TAGS = {
    "none": "<head></head>",
    "another file": '<script src="/js/ztas.json">',
    "another folder": '<script src="/js/ztas.js/x">',
    "the end of another name": '<script src="/js/js/amazztas.js">',
    "the end of another folder": '<script src="/xjs/ztas.js">',
    "data-src": '<script data-src="/js/ztas.js">',
    "an image": '<img src="/js/ztas.js">',
    "a preload": '<link rel="preload" href="/js/ztas.js" as="script">',
    "text": "&lt;script src=&quot;/js/ztas.js&quot;&gt;",
    "commented out": '<!-- <script src="/js/ztas.js"></script> -->',
    "commented out twice": '<!-- a --><!-- <script src="/js/ztas.js"></script> -->',
    "another tag's text": '<scripture src="/js/ztas.js">',
}


def found_in(*chunks, watch=TagWatch):
    watching = watch(PATTERN)
    for chunk in chunks:
        watching.feed(chunk)
    return watching.found


@pytest.mark.parametrize("page", TAGS.values(), ids=TAGS)
def test_tag_is_found_wherever_the_page_is_cut(page):
    page = b"<p>x</p>" + page.encode() + b"</script>"
    assert found_in(page)
    assert found_in(*(bytes([byte]) for byte in page))
    assert all(found_in(page[:cut], page[cut:]) for cut in range(len(page)))


@pytest.mark.parametrize("page", NO_TAGS.values(), ids=NO_TAGS)
def test_other_markup_is_not_taken_for_the_tag(page):
    page = page.encode() + b"<p>y</p>"
    assert not found_in(page)
    assert not found_in(*(bytes([byte]) for byte in page))


@pytest.mark.parametrize(
    ("far", "step"),
    [
        *((LONGEST_TAG + more, step) for more in range(-12, 13, 3) for step in (7, 1000, 9000)),
        (300_000, 1000),
        (300_000, 100_000),
    ],
)
def test_a_comment_stays_open_over_many_pieces(far, step):
    filler = b"<p>text</p>" * (far // 11)
    cut = [filler[start : start + step] for start in range(0, len(filler), step)]
    assert not found_in(b"<!--", *cut, TAG, b"-->")
    assert found_in(b"<!--", *cut, b"-->", *cut, TAG)


@pytest.mark.parametrize(
    "compress",
    [gzip.compress, zlib.compress],
    ids=["gzip", "deflate"],
)
@pytest.mark.parametrize("step", [1, 100, 100_000])
def test_tag_is_found_in_a_compressed_page(compress, step):
    for page, expected in ((b"<p>x" * 999 + TAG, True), (b"<p>x" * 999, False)):
        data = compress(page)
        pieces = [data[start : start + step] for start in range(0, len(data), step)]
        assert found_in(*pieces, watch=InflatingWatch) is expected


def test_what_cannot_be_unpacked_has_no_tag():
    assert not found_in(b"no gzip", TAG, watch=InflatingWatch)
    assert not found_in(gzip.compress(TAG)[:20], watch=InflatingWatch)


def test_a_bomb_is_not_unpacked():
    bomb = gzip.compress(b"\0" * (MOST_INFLATED * 20) + TAG)
    watch = InflatingWatch(PATTERN)
    watch.feed(bomb)
    assert not watch.found
    assert len(watch._tail) <= MOST_INFLATED
