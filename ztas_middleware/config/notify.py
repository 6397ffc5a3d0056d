"""What is sent by itself, to whom, through which server, and when, as the configuration says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tls = Literal["starttls", "implicit", "none"]

PORTS: dict[Tls, int] = {"starttls": 587, "implicit": 465, "none": 25}
"""Where a mail server is asked, unless `port` says it (RFC 8314, RFC 6409, RFC 5321)."""

SPANS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
"""Milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Who takes the mails that are sent."""

    host: str
    sender: str
    """The address that they are from."""
    port: int | None = None
    """None is the usual one for `tls`."""
    tls: Tls = "starttls"
    user: str | None = None
    password: str | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Where to connect."""
        return self.host, self.port if self.port is not None else PORTS[self.tls]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Who gets a site's reports and alerts."""

    mail: tuple[str, ...] = ()
    webhook: str | None = None
    """A URL, which is a secret: whoever has it can write there."""


@dataclass(frozen=True, slots=True)
class Surge:
    """More visitors in an hour than `times` the mean of that hour in the four weeks before."""

    times: float

    def __str__(self) -> str:
        return f"visitors > {self.times:g}x"


@dataclass(frozen=True, slots=True)
class Silence:
    """No hit for so long."""

    milliseconds: int

    def __str__(self) -> str:
        number, unit = next(
            (self.milliseconds // span, unit)
            for unit, span in reversed(SPANS.items())
            if self.milliseconds % span == 0
        )
        return f"silence {number}{unit}"


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Fewer than so many events of an action in 24 hours."""

    action: str
    below: int

    def __str__(self) -> str:
        return f"{self.action} below {self.below} a day"


Alert = Surge | Silence | Shortfall
