"""Each recipient gets each message once, whatever happens to the others."""

from __future__ import annotations

import pytest

from tests.deliveries.conftest import MESSAGE
from ztas_middleware.deliveries import sent
from ztas_middleware.deliveries.delivering import Post, Recipients

NOW = 1_795_000_000_000


def deliver(database, server, recipients, *, now=NOW, subject="report 7d", site="shop"):
    return list(Post(database, server, now).deliver(site, subject, MESSAGE, recipients))


def test_everybody_gets_it_once(database, smtp, mailbox, hook):
    recipients = Recipients(("a@example.com", "b@example.com"), hook.url)
    server = smtp()
    first = deliver(database, server, recipients)
    assert [(one.recipient, one.problem) for one in first] == [
        ("a@example.com", None),
        ("b@example.com", None),
        (hook.url, None),
    ]
    assert deliver(database, server, recipients, now=NOW + 86_400_000) == []
    assert (len(mailbox.mails), len(hook.seen)) == (2, 1)


def test_another_subject_or_site_is_another_message(database, smtp, mailbox):
    recipients, server = Recipients(("a@example.com",), None), smtp()
    for subject, site in (("x", "shop"), ("y", "shop"), ("x", "blog")):
        assert len(deliver(database, server, recipients, subject=subject, site=site)) == 1
    assert len(mailbox.mails) == 3


def test_one_that_failed_is_tried_again_alone(database, smtp, mailbox, hook):
    recipients, server = Recipients(("a@example.com", "b@example.com"), hook.url), smtp()
    mailbox.refuse["a@example.com"] = "450 later"
    hook.answer = 500, {}
    first = {one.recipient: one.problem for one in deliver(database, server, recipients)}
    assert first["b@example.com"] is None
    assert "450 later" in first["a@example.com"]
    assert "answered 500" in first[hook.url]
    mailbox.refuse.clear()
    hook.answer = 200, {}
    again = deliver(database, server, recipients)
    assert [(one.recipient, one.problem) for one in again] == [
        ("a@example.com", None),
        (hook.url, None),
    ]
    assert [recipients for recipients, _ in mailbox.mails] == [
        ("b@example.com",),
        ("a@example.com",),
    ]
    assert deliver(database, server, recipients) == []


def test_mail_without_a_server_is_said_and_not_remembered(database, smtp, mailbox):
    recipients = Recipients(("a@example.com",), None)
    ((_, problem),) = deliver(database, None, recipients)
    assert "there is no `mail` in the config" in problem
    assert len(deliver(database, smtp(), recipients)) == 1


def test_two_at_once_send_it_once(database):
    assert sent.claim(database, "shop", "x", "a@example.com", NOW)
    assert not sent.claim(database, "shop", "x", "a@example.com", NOW + 1)


def test_what_a_killed_process_had_taken_on_is_taken_on_again(database):
    assert sent.claim(database, "shop", "x", "a@example.com", NOW)
    assert sent.claim(database, "shop", "x", "a@example.com", NOW + sent.ABANDONED)


def test_what_was_sent_is_forgotten_when_asked_and_after_a_year(database):
    for recipient in ("a@example.com", "b@example.com"):
        assert sent.claim(database, "shop", "x", recipient, NOW)
        sent.settle(database, "shop", "x", recipient, is_done=True)
        assert not sent.claim(database, "shop", "x", recipient, NOW + sent.KEPT)
    sent.forget(database, "shop", "x")
    assert sent.claim(database, "shop", "x", "a@example.com", NOW)
    sent.settle(database, "shop", "x", "a@example.com", is_done=True)
    assert sent.claim(database, "shop", "x", "a@example.com", NOW + sent.KEPT + 1)


def test_no_recipient_can_be_read_in_the_database(database, hook, tmp_path):
    deliver(database, None, Recipients((), hook.url))
    contents = b"".join(file.read_bytes() for file in tmp_path.glob("ztas.db*"))
    assert b"sent " in contents
    assert b"secret" not in contents


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_message_is_sent_the_next_time(
    database, smtp, mailbox, monkeypatch, interruption
):
    recipients, server = Recipients(("a@example.com",), None), smtp()

    def interrupted(*_):
        raise interruption

    with monkeypatch.context() as patch:
        patch.setattr("ztas_middleware.deliveries.mail.send", interrupted)
        with pytest.raises(interruption):
            deliver(database, server, recipients)
    assert len(deliver(database, server, recipients)) == 1
