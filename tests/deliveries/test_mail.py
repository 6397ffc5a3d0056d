"""Mails, handed to real servers: what they say, how, and what is said when they are not taken."""

from __future__ import annotations

import ssl
import time
from dataclasses import replace
from datetime import datetime, timezone

import pytest
from processes import free_port

from tests.deliveries.conftest import MESSAGE, dribbling, logs_in
from ztas_middleware.deliveries import mail

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=timezone.utc)


def send(server, recipient="reader@example.com"):
    mail.send(mail.compose(MESSAGE, server, recipient, NOW), server)


def problem(server, recipient="reader@example.com"):
    with pytest.raises(mail.MailError) as caught:
        send(server, recipient)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def trusted(certificate, monkeypatch):
    """Lets the certificate's authority be one of the machine's."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))


def test_a_mail_says_the_same_as_text_and_as_html(smtp, mailbox):
    send(smtp())
    ((recipients, taken),) = mailbox.mails
    assert recipients == ("reader@example.com",)
    assert taken["Subject"] == "Zahlen für shop"
    assert (taken["From"], taken["To"]) == ("ztas@example.com", "reader@example.com")
    assert taken["Date"].datetime == NOW
    assert taken["Auto-Submitted"] == "auto-generated"
    assert taken.get_body("plain").get_content().strip() == "12 Besucher"
    assert taken.get_body("html").get_content().strip() == "<p>12 Besucher</p>"


@pytest.mark.usefixtures("trusted")
# What aiosmtpd thinks of a server that is encrypted from the start.
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_password_goes_over_an_encrypted_connection(smtp, mailbox, encrypted, tls):
    options = {"authenticator": logs_in("ztas", "open sesame"), "auth_required": True}
    if tls == "starttls":
        server = smtp(tls_context=encrypted, require_starttls=True, **options)
    else:
        server = smtp(ssl_context=encrypted, auth_require_tls=False, **options)
    server = replace(server, host="localhost", tls=tls, user="ztas", password="open sesame")
    send(server)
    assert len(mailbox.mails) == 1
    said = problem(replace(server, password="wrong"))
    assert said.endswith("does not know this user and password")
    assert "wrong" not in said
    assert len(mailbox.mails) == 1


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_certificate_of_nobody_is_not_taken(smtp, mailbox, encrypted, tls):
    options = {"tls_context": encrypted} if tls == "starttls" else {"ssl_context": encrypted}
    server = replace(smtp(**options), host="localhost", tls=tls)
    assert "its certificate is not valid: self-signed" in problem(server)
    assert mailbox.mails == []


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_host_is_not_taken(smtp, encrypted):
    server = replace(smtp(tls_context=encrypted), tls="starttls")
    assert "IP address mismatch" in problem(server)


def test_a_server_without_encryption_is_not_asked_for_it_in_vain(smtp, mailbox):
    assert "has no STARTTLS: say `tls: implicit` or `tls: none`" in problem(
        replace(smtp(), tls="starttls")
    )
    assert mailbox.mails == []


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        ("550 5.1.1 no such user", "refuses the recipient: 550 5.1.1 no such user"),
        ("450 try later", "refuses the recipient: 450 try later"),
    ],
)
def test_a_recipient_that_is_refused_is_said(smtp, mailbox, refused, said):
    mailbox.refuse["nobody@example.com"] = refused
    assert problem(smtp(), "nobody@example.com").endswith(said)


def test_a_mail_that_is_refused_is_said(smtp, mailbox):
    mailbox.answer = "554 5.7.1 looks like spam"
    assert problem(smtp()).endswith("refuses the mail: 554 5.7.1 looks like spam")


def test_a_server_that_is_not_there_is_said(smtp):
    server = replace(smtp(), port=free_port())
    assert problem(server) == f"127.0.0.1:{server.port}: Connection refused"


@pytest.mark.parametrize("greeting", [b"", b"220-hello\r\n"], ids=["silent", "talkative"])
def test_a_server_that_hangs_is_given_up(smtp, monkeypatch, greeting):
    monkeypatch.setattr(mail, "PATIENCE", 0.5)
    with dribbling(greeting) as port:
        began = time.monotonic()
        assert "no answer within" in problem(replace(smtp(), port=port))
    assert time.monotonic() - began < 10


def test_nothing_of_a_report_gets_a_line_into_the_head(smtp):
    message = MESSAGE._replace(subject="shop\r\nBcc: everybody@example.com")
    server = smtp()
    with pytest.raises(ValueError, match=r"newline|linefeed"):
        mail.compose(message, server, "reader@example.com", NOW)


def test_ssl_contexts_check_what_they_should():
    # What `tls` relies on.
    assert ssl.create_default_context().verify_mode is ssl.CERT_REQUIRED
