"""Reading a request's body, on servers that differ in what they do about its length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ztas_middleware.intake.refusals import (
    BODY_CUT_SHORT,
    BODY_TOO_LARGE,
    INVALID_LENGTH,
    LENGTH_REQUIRED,
    Refusal,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

# int() of a longer run of digits costs quadratic time, and none of it is a length.
LONGEST_LENGTH = 18


def announced_length(environ: Mapping[str, Any]) -> int | Refusal | None:
    """The body's length in bytes, None where only reading it can tell, or why it can't be read."""
    text = environ.get("CONTENT_LENGTH")
    if environ.get("HTTP_TRANSFER_ENCODING"):
        # It overrides a Content-Length beside it, which may be smuggled (RFC 9112, 6.3). A server
        # that does not decode hands over the raw stream: reading on would wait for bytes that
        # never come.
        if environ.get("wsgi.input_terminated"):
            return None
        return INVALID_LENGTH if text else LENGTH_REQUIRED
    if text:
        # isdecimal() alone would let in digits of other scripts, "+1" is no length either.
        if not (text.isascii() and text.isdecimal()):
            return INVALID_LENGTH
        return int(text) if len(text) <= LONGEST_LENGTH else BODY_TOO_LARGE
    return None if environ.get("wsgi.input_terminated") else 0


def read_body(environ: Mapping[str, Any], length: int | None, limit: int) -> bytes | Refusal:
    """Read `length` bytes, or up to the stream's end if None; more than `limit` is refused."""
    wanted = limit + 1 if length is None else length
    try:
        read = environ["wsgi.input"].read
        body: bytes = read(wanted)
        if len(body) < wanted and body:
            # A raw socket may give less than was asked for; only an empty read is the end.
            pieces, missing = [body], wanted - len(body)
            while missing > 0 and (piece := read(missing)):
                pieces.append(piece)
                missing -= len(piece)
            body = b"".join(pieces)
    except Exception:  # noqa: BLE001 - each server has its own for a client that went away
        return BODY_CUT_SHORT
    if length is None:
        return body if len(body) <= limit else BODY_TOO_LARGE
    return body if len(body) == length else BODY_CUT_SHORT
