"""Sending a message to a webhook: `text` is what Slack and Mattermost show, `content` Discord."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ztas_middleware.deliveries.patience import PATIENCE, at_most
from ztas_middleware.version import __version__

if TYPE_CHECKING:
    from ztas_middleware.deliveries.message import Message

OK = 200

LONGEST = 2_000
"""Characters that Discord takes."""


class WebhookError(Exception):
    """A message that was not taken; says by whom and why, in one line, without the URL's secret."""


def body(message: Message) -> bytes:
    """The JSON that is posted."""
    brief = message.brief
    if len(brief) > LONGEST:
        brief = brief[: LONGEST - 1] + "…"
    return json.dumps({"text": brief, "content": brief}, ensure_ascii=False).encode()


def send(message: Message, url: str) -> None:
    """Post a message.

    Raises:
        WebhookError: it was not taken.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(host, parts.port, timeout=PATIENCE)
    target = parts.path or "/"
    headers = {"Content-Type": "application/json", "User-Agent": f"ztas/{__version__}"}
    try:
        with at_most(PATIENCE, lambda: connection.sock):
            connection.request(
                "POST", f"{target}?{parts.query}" if parts.query else target, body(message), headers
            )
            with connection.getresponse() as answer:
                status, reason = answer.status, answer.reason
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise WebhookError(f"{host}: {_reason(error)}") from error
    finally:
        connection.close()
    # A message is not sent on to whoever a redirect names.
    if status // 100 != OK // 100:
        raise WebhookError(f"{host} answered {status} {reason}".rstrip())


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {PATIENCE:.0f} seconds"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {error.verify_message}"
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(text.split())
