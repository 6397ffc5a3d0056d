"""The stylesheet, the script and the icon, served so that they are loaded once."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ztas_middleware.answer import Answer
from ztas_middleware.web.script import matches, takes_gzip

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDER: Final = Path(__file__).parent / "static"
_KINDS: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

# A year: pages name the files with their digest, so that another version has another address.
_CACHE_CONTROL: Final = "public, max-age=31536000, immutable"


class File:
    """One file, read and compressed once."""

    def __init__(self, name: str) -> None:
        body = _lean((_FOLDER / name).read_text("utf-8"), name).encode()
        self.digest = hashlib.blake2b(body, digest_size=8).hexdigest()
        self._kind = _KINDS[Path(name).suffix]
        # Two encodings are two representations, so their strong ETags differ (RFC 9110, 8.8.3.3).
        self._plain = (body, f'"{self.digest}"', None)
        self._gzipped = (gzip.compress(body, 9, mtime=0), f'"{self.digest}-gzip"', "gzip")

    def answer(self, environ: Mapping[str, Any]) -> Answer:
        """The file, or that the reader has it already."""
        accepted = environ.get("HTTP_ACCEPT_ENCODING")
        body, etag, encoding = self._gzipped if accepted and takes_gzip(accepted) else self._plain
        headers = [
            ("ETag", etag),
            ("Cache-Control", _CACHE_CONTROL),
            ("Vary", "Accept-Encoding"),
            ("X-Content-Type-Options", "nosniff"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
        ]
        known = environ.get("HTTP_IF_NONE_MATCH")
        if known and matches(known, etag):
            return Answer("304 Not Modified", headers, ())
        headers += [("Content-Type", self._kind), ("Content-Length", str(len(body)))]
        if encoding:
            headers.append(("Content-Encoding", encoding))
        return Answer("200 OK", headers, () if environ["REQUEST_METHOD"] == "HEAD" else (body,))


def _lean(text: str, name: str) -> str:
    """The same without what is for those who read the source: comments and indentation."""
    if name.endswith(".js"):
        return re.sub(r"^\s*//.*\n|^[ \t]+", "", text, flags=re.MULTILINE)
    if name.endswith(".css"):
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        text = re.sub(r"\s+", " ", text)
        return re.sub(r" ?([{};,]) ?|(?<=:) ", r"\1", text).strip()
    return text
