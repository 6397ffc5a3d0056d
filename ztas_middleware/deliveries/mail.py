"""Sending a message by mail, one recipient at a time: a wrong address must not hide the others."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import TYPE_CHECKING

from ztas_middleware.deliveries.patience import PATIENCE, at_most

if TYPE_CHECKING:
    from datetime import datetime

    from ztas_middleware.config.notify import MailServer
    from ztas_middleware.deliveries.message import Message

GREETING = 220
"""RFC 5321, 4.3.1."""


class MailError(Exception):
    """A mail that was not taken; says by whom and why, in one line."""


def compose(message: Message, server: MailServer, recipient: str, now: datetime) -> EmailMessage:
    """A mail with the message as text and as HTML.

    Args:
        message: what it says.
        server: has the sender.
        recipient: a mail address.
        now: when it is sent, with an offset.
    """
    made = EmailMessage()
    made["Subject"] = message.subject
    made["From"] = server.sender
    made["To"] = recipient
    made["Date"] = format_datetime(now)
    made["Message-ID"] = make_msgid(domain=server.sender.rpartition("@")[2])
    # Nobody's holiday message should answer (RFC 3834).
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(message.text)
    made.add_alternative(message.html, subtype="html")
    return made


def send(mail: EmailMessage, server: MailServer) -> None:
    """Hand a mail to the server.

    Raises:
        MailError: it did not take it.
    """
    host, port = server.address
    context = ssl.create_default_context()
    connection = (
        smtplib.SMTP_SSL(timeout=PATIENCE, context=context)
        if server.tls == "implicit"
        else smtplib.SMTP(timeout=PATIENCE)
    )
    try:
        with at_most(PATIENCE, lambda: connection.sock):
            _converse(connection, mail, server, context)
    except smtplib.SMTPAuthenticationError as error:
        raise MailError(f"{host}:{port} does not know this user and password") from error
    except smtplib.SMTPNotSupportedError as error:
        raise MailError(f"{host}:{port} has no {_lacking(error)}") from error
    except smtplib.SMTPRecipientsRefused as error:
        (code, reason) = next(iter(error.recipients.values()))
        raise MailError(f"{host}:{port} refuses the recipient: {code} {_line(reason)}") from error
    except smtplib.SMTPResponseException as error:
        said = f"{error.smtp_code} {_line(error.smtp_error)}"
        raise MailError(f"{host}:{port} refuses the mail: {said}") from error
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise MailError(f"{host}:{port}: {_reason(error)}") from error
    finally:
        connection.close()


def _converse(
    connection: smtplib.SMTP, mail: EmailMessage, server: MailServer, context: ssl.SSLContext
) -> None:
    # What `starttls` and SMTP_SSL compare the certificate with; the constructor sets it only
    # where it connects itself.
    connection._host = server.host  # type: ignore[attr-defined]  # noqa: SLF001 - see above
    code, reason = connection.connect(*server.address)
    if code != GREETING:
        raise smtplib.SMTPConnectError(code, reason)
    if server.tls == "starttls":
        connection.starttls(context=context)
    if server.user is not None and server.password is not None:
        connection.login(server.user, server.password)
    connection.send_message(mail)
    # It is taken by now: whatever goes wrong with a farewell is no reason to send it again.
    with contextlib.suppress(OSError, smtplib.SMTPException):
        connection.quit()


def _lacking(error: smtplib.SMTPNotSupportedError) -> str:
    return (
        "STARTTLS: say `tls: implicit` or `tls: none`" if "STARTTLS" in str(error) else str(error)
    )


def _line(reason: bytes | str) -> str:
    text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
    return " ".join(text.split())


def _reason(error: Exception) -> str:
    # smtplib says that the server hung up, whatever broke off the connection.
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return f"no answer within {PATIENCE:.0f} seconds"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {error.verify_message}"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "it hung up"
    return _line(getattr(error, "strerror", None) or str(error) or type(error).__name__)
