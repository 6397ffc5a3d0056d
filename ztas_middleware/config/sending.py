"""`mail`, `notify` and `alerts`: the nodes of these sections -> notices."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ztas_middleware.config.nodes import Complaint, Refused, quoted, refuse
from ztas_middleware.config.notify import (
    SPANS,
    Alert,
    MailServer,
    Shortfall,
    Silence,
    Surge,
)
from ztas_middleware.config.sections import Key, Table, section
from ztas_middleware.config.values import list_of, text

if TYPE_CHECKING:
    from ztas_middleware.config.nodes import Node

# What RFC 5322 calls addr-spec, without quotes and comments, which nobody's address has.
_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\"\\]{1,64}@[^\s@<>()\[\],;:\"\\]{1,255}")
_SILENCE = re.compile(r"([1-9][0-9]{0,4}) ?([mhd])")
_TIMES = re.compile(r"> ?([0-9]{1,4}(?:\.[0-9]{1,3})?)x")
_A_DAY = re.compile(r"([1-9][0-9]{0,8}) a day")


def mail_address(node: Node) -> str:
    """An e-mail address, without a name."""
    found = text(node)
    if not is_mail_address(found):
        raise refuse(node, f"{quoted(found)} must be an e-mail address such as me@example.com")
    return found


def is_mail_address(text: str) -> bool:
    """Whether a mail can be sent there."""
    return _ADDRESS.fullmatch(text) is not None


def mail_addresses(node: Node) -> tuple[str, ...]:
    """One e-mail address, or a list of them."""
    return list_of(mail_address)(node) if node.kind == "list" else (mail_address(node),)


def webhook(node: Node) -> str:
    """A URL that takes a POST."""
    found = text(node)
    if not is_web_address(found):
        raise refuse(node, "must be a URL such as https://hooks.example.com/services/T0/B0")
    return found


def is_web_address(url: str) -> bool:
    """Whether a POST can be sent there."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in url


def mail_server(**fields: object) -> MailServer:
    """The section `mail`, as its keys have been read."""
    if (fields.get("user") is None) != (fields.get("password") is None):
        raise Refused(Complaint("needs both `user` and `password`, or neither"))
    return MailServer(**fields)  # type: ignore[arg-type]  # mypy knows no table of keys


def _surge(node: Node) -> Surge:
    found = text(node)
    match = _TIMES.fullmatch(found)
    if match is None or float(match[1]) <= 1:
        raise refuse(node, f'{quoted(found)} must be like "> 3x", and more than 1x')
    return Surge(float(match[1]))


def _silence(node: Node) -> Silence:
    found = text(node)
    match = _SILENCE.fullmatch(found)
    if match is None:
        raise refuse(node, f"{quoted(found)} must be like 30m, 6h or 2d")
    return Silence(int(match[1]) * SPANS[match[2]])


def _below(node: Node) -> int:
    found = text(node)
    match = _A_DAY.fullmatch(found)
    if match is None:
        raise refuse(node, f"{quoted(found)} must be like 1 a day")
    return int(match[1])


def _alert(**fields: object) -> Alert:
    match fields:
        case {"visitors": Surge() as alert, **rest} | {"silence": Silence() as alert, **rest}:
            if not rest:
                return alert
        case {"event": str(action), "below": int(below), **rest}:
            if not rest:
                return Shortfall(action, below)
    raise Refused(Complaint("needs either `visitors`, `silence`, or `event` with `below`"))


_ALERT: Table = {
    "visitors": Key(_surge),
    "silence": Key(_silence),
    "event": Key(text),
    "below": Key(_below),
}

alerts = list_of(section(_alert, _ALERT))
