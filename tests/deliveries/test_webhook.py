"""Messages to a webhook: a real web server takes them, or does not."""

from __future__ import annotations

import time

import pytest
from processes import free_port

from tests.deliveries.conftest import MESSAGE, dribbling
from ztas_middleware.deliveries import webhook


def problem(url):
    with pytest.raises(webhook.WebhookError) as caught:
        webhook.send(MESSAGE, url)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_chat_gets_the_message_in_its_own_field(hook):
    webhook.send(MESSAGE, hook.url)
    ((path, headers, body),) = hook.seen
    assert path == "/services/T0/secret?thread=1"
    assert headers["Content-Type"] == "application/json"
    assert body == {"text": "shop: 12 Besucher", "content": "shop: 12 Besucher"}


@pytest.mark.parametrize("brief", ["x" * 2_000, "é" * 2_000, "x" * 2_001, "☂" * 90_000])
def test_no_message_is_longer_than_chats_take(hook, brief):
    webhook.send(MESSAGE._replace(brief=brief), hook.url)
    ((_, _, body),) = hook.seen
    assert len(body["text"]) == 2_000
    assert body["text"][:1_999] == brief[:1_999]
    assert body["text"].endswith("…") == (len(brief) > 2_000)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_success_will_do(hook, status):
    hook.answer = status, {}
    webhook.send(MESSAGE, hook.url)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 404, 429, 500, 503])
def test_what_is_not_taken_is_said_and_not_sent_elsewhere(hook, status):
    hook.answer = status, {"Location": hook.url}
    assert f"127.0.0.1 answered {status}" in problem(hook.url)
    assert len(hook.seen) == 1


def test_a_host_that_is_not_there_is_said():
    url = f"http://127.0.0.1:{free_port()}/secret"
    assert problem(url) == "127.0.0.1: Connection refused"


@pytest.mark.parametrize("greeting", [b"", b"HTTP/1.1 200 OK\r\n"], ids=["silent", "talkative"])
def test_a_host_that_hangs_is_given_up(monkeypatch, greeting):
    monkeypatch.setattr(webhook, "PATIENCE", 0.5)
    with dribbling(greeting) as port:
        began = time.monotonic()
        assert "no answer within" in problem(f"http://127.0.0.1:{port}/secret")
    assert time.monotonic() - began < 10
