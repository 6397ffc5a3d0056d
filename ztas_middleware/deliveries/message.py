"""A message as a value: the same things said as plain text, as HTML and as a short message."""

from __future__ import annotations

from typing import NamedTuple


class Message(NamedTuple):
    """What is sent."""

    subject: str
    """One line."""
    text: str
    html: str
    """A whole document for mail programs, which load nothing and know no script."""
    brief: str
    """What a chat shows."""


class Delivery(NamedTuple):
    """One message to one recipient."""

    recipient: str
    """A mail address, or a webhook's URL."""
    problem: str | None
    """Why it did not get there, in a line without secrets; None when it did."""
