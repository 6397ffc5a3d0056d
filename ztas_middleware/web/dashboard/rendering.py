"""From a template to an answer: markup, headers and compression."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import jinja2
from markupsafe import Markup

from ztas_middleware.answer import Answer
from ztas_middleware.web.dashboard import charts, numbers
from ztas_middleware.web.script import takes_gzip

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ztas_middleware.answer import Header

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

# `same-origin`, and not `no-referrer`: with that, browsers send `Origin: null` with our own
# forms. The address of a page may have a share token in it, which no other site gets to see.
HEADERS: Final[tuple[tuple[str, str], ...]] = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "same-origin"),
    ("Vary", "Accept-Encoding, Cookie"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("X-Robots-Tag", "noindex, nofollow"),
)

COMPRESSED_FROM: Final = 1_000
"""Bytes below which compression gains nothing."""


def _bar(share: float) -> Markup:
    return Markup(charts.bar(share))  # noqa: S704 - made of one number


@cache
def environment() -> jinja2.Environment:
    """The templates, every value in them escaped; compiled once for all configurations."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {
        "exact": numbers.exact,
        "short": numbers.short,
        "percent": numbers.percent,
        "bar": _bar,
    }
    return made


class Renderer:
    """Renders templates into answers."""

    def __init__(self) -> None:
        self._environment = environment()

    def page(
        self,
        environ: Mapping[str, Any],
        template: str,
        values: Mapping[str, Any],
        status: str = "200 OK",
        headers: Sequence[Header] = (),
    ) -> Answer:
        """A whole page, or a part of one."""
        text = self._environment.get_template(template).render(values)
        kind = ("Content-Type", "text/html; charset=utf-8")
        return answer(environ, text.encode(), status, [kind, *headers])


def answer(
    environ: Mapping[str, Any], body: bytes, status: str, headers: Sequence[Header]
) -> Answer:
    """An answer that is for this reader and this moment."""
    sent = [*headers, *HEADERS]
    if len(body) >= COMPRESSED_FROM and takes_gzip(environ.get("HTTP_ACCEPT_ENCODING", "")):
        body = gzip.compress(body, 6, mtime=0)
        sent.append(("Content-Encoding", "gzip"))
    sent.append(("Content-Length", str(len(body))))
    return Answer(status, sent, () if environ["REQUEST_METHOD"] == "HEAD" else (body,))


def framed_by(origins: Sequence[str], made: Answer) -> Answer:
    """The same answer for pages of `origins` to frame, as far as they are not the reader's own."""
    policy = CONTENT_SECURITY_POLICY.replace(
        "frame-ancestors 'none'", f"frame-ancestors {' '.join(origins)}"
    )
    headers = [
        (name, policy if name == "Content-Security-Policy" else value)
        for name, value in made.headers
        # It knows no list of origins, and a policy's frame-ancestors goes before it.
        if name != "X-Frame-Options"
    ]
    return made._replace(headers=headers)


def redirect(location: str, headers: Sequence[Header] = ()) -> Answer:
    """Go there with GET."""
    # Without a type, wsgiref.validate takes the answer for a broken one.
    kind = ("Content-Type", "text/html; charset=utf-8")
    sent = [("Location", location), kind, ("Content-Length", "0"), *headers, *HEADERS]
    return Answer("303 See Other", sent, ())
