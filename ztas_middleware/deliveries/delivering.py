"""A message to each of its recipients, at most once, and none hidden by another's failure."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.deliveries import mail, sent, webhook
from ztas_middleware.deliveries.message import Delivery

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ztas_middleware.config.notify import MailServer
    from ztas_middleware.deliveries.message import Message
    from ztas_middleware.store.database import Database


class Recipients(NamedTuple):
    """Who gets a site's messages."""

    mail: tuple[str, ...]
    webhook: str | None

    def each(self) -> Iterator[str]:
        """The addresses, and the URL."""
        yield from self.mail
        if self.webhook is not None:
            yield self.webhook


class Post:
    """Sends messages, and remembers which.

    Args:
        database: remembers them.
        server: takes mails; None if there is none.
        now: UTC milliseconds.
    """

    def __init__(self, database: Database, server: MailServer | None, now: int) -> None:
        self._database = database
        self._server = server
        self._now = now

    def deliver(
        self, site_id: str, subject: str, message: Message, recipients: Recipients
    ) -> Iterator[Delivery]:
        """Send a message to whoever has not got it yet.

        Args:
            site_id: whose message.
            subject: by which it is remembered.
            message: what it says.
            recipients: who gets it.

        Returns:
            What came of each that was tried.

        Raises:
            StorageError: nothing can be remembered, so nothing is sent.
        """
        for recipient in recipients.each():
            if not sent.claim(self._database, site_id, subject, recipient, self._now):
                continue
            problem: str | None = "interrupted"
            try:
                problem = self._send(message, recipient, recipients)
            finally:
                sent.settle(self._database, site_id, subject, recipient, is_done=problem is None)
            yield Delivery(recipient, problem)

    def _send(self, message: Message, recipient: str, recipients: Recipients) -> str | None:
        """Why it was not taken; None if it was."""
        try:
            if recipient not in recipients.mail:
                webhook.send(message, recipient)
            elif self._server is None:
                return "there is no `mail` in the config, which says who takes mails"
            else:
                moment = datetime.fromtimestamp(self._now / 1000, timezone.utc)
                mail.send(mail.compose(message, self._server, recipient, moment), self._server)
        except (mail.MailError, webhook.WebhookError) as error:
            return str(error)
        return None
