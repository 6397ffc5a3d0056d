"""What the status and the headers of the app's answer say about it as a page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from ztas_middleware.intake.assets import is_asset
from ztas_middleware.web.policy import HEADER, parse_policies

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ztas_middleware.answer import Header
    from ztas_middleware.web.policy import Policy

# Charsets in which ASCII bytes are ASCII characters wherever they stand: without one, HTML is
# one of these, too. UTF-16, UTF-7 and ISO-2022-JP are none.
_ASCII_CHARSET = re.compile(
    r"utf-?8|(?:us-)?ascii|(?:x-)?(?:windows|cp)-?125\d|iso[-_]?8859[-_]?\d+(?:-[ei])?|latin-?\d"
    r"|koi8-\w+|macintosh|x-mac-\w+|euc-\w+|gbk?|gb2312|gb18030|big5(?:-hkscs)?"
    r"|shift[-_]jis|sjis|windows-(?:31j|874)|tis-620",
    re.IGNORECASE,
)
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^\s;\"]*)", re.IGNORECASE)

# Checksums of the content, which would no longer be true (RFC 9530, RFC 3230, RFC 1864), and
# answers that are not the whole page.
_FORBIDDING: Final = frozenset(
    {
        "content-range",
        "content-digest",
        "repr-digest",
        "digest",
        "content-md5",
        "transfer-encoding",
    }
)


class Page(NamedTuple):
    """An answer that is a page."""

    changeable: bool
    """Whether something may be put into it."""
    same_headers: bool
    """Whether they stay as they are when something is put into it."""
    inflatable: bool
    """Whether it is compressed in a way that the standard library can undo."""


NOT_MODIFIED: Final = Page(changeable=False, same_headers=True, inflatable=False)
"""One that the browser has already (304)."""


def page_of(status: str, headers: Iterable[Header]) -> Page | None:
    """Read an answer; None if it is no page: not 200, not HTML, or a file to be saved."""
    if status[:3] != "200":
        return None
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name.lower(), []).append(value)
    kind = values.get("content-type", [""])[0]
    if not _is_html(kind):
        return None
    if values.get("content-disposition", [""])[0].strip().lower().startswith("attachment"):
        return None
    encoding = values.get("content-encoding", ["identity"])[0].strip().lower() or "identity"
    return Page(
        changeable=(encoding == "identity" and _may_change(values) and _is_ascii_compatible(kind)),
        same_headers=not _describe_content(values),
        inflatable=encoding in ("gzip", "x-gzip", "deflate"),
    )


def may_be_page(path: str, headers: Iterable[Header]) -> bool:
    """Whether an answer without a body stands for a page, by its type or else by its path."""
    for name, value in headers:
        if name.lower() == "content-type":
            return _is_html(value)
    return not is_asset(path)


def policies_of(headers: Iterable[Header]) -> list[Policy]:
    """The policies that hold for a page."""
    return parse_policies([value for name, value in headers if name.lower() == HEADER])


def with_tag(headers: Iterable[Header], added: int) -> list[Header]:
    """The headers of a page that has become `added` bytes longer."""
    changed: list[Header] = []
    for name, value in headers:
        lowered = name.lower()
        if lowered == "content-length":
            changed.append((name, str(int(value) + added)))
        elif lowered == "etag" and value.lstrip().startswith('"'):
            # No longer byte for byte what the app means by it, so that a range of the one
            # is never joined with a range of the other.
            changed.append((name, f"W/{value.lstrip()}"))
        elif lowered != "accept-ranges":
            changed.append((name, value))
    return changed


def _may_change(values: dict[str, list[str]]) -> bool:
    if not _FORBIDDING.isdisjoint(values):
        return False
    lengths = values.get("content-length", ["0"])
    if len(lengths) > 1 or not (lengths[0].isascii() and lengths[0].isdigit()):
        return False
    return not any("no-transform" in value.lower() for value in values.get("cache-control", ()))


def _describe_content(values: dict[str, list[str]]) -> bool:
    strong = any(value.lstrip().startswith('"') for value in values.get("etag", ()))
    return strong or "content-length" in values or "accept-ranges" in values


def _is_html(kind: str) -> bool:
    return kind.partition(";")[0].strip().lower() == "text/html"


def _is_ascii_compatible(kind: str) -> bool:
    charset = _CHARSET.search(kind)
    return charset is None or _ASCII_CHARSET.fullmatch(charset[1]) is not None
