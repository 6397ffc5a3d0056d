"""Passwords and tokens: the right one, and only that, is taken."""

from __future__ import annotations

import hashlib

import pytest

from ztas_middleware import credentials
from ztas_middleware.config import config_from_mapping
from ztas_middleware.credentials import (
    LONGEST_PASSWORD,
    hash_password,
    hash_token,
    is_password_hash,
    new_token,
    verify_password,
)

SALT = bytes(range(16))


@pytest.fixture(autouse=True)
def _cheap(monkeypatch):
    """A cost at which a test is quick; what is checked does not depend on it."""
    monkeypatch.setattr(credentials, "_COST", 2)


@pytest.mark.parametrize(
    "password", ["x", "correct horse", "pässwörd ☂", " ", "x" * LONGEST_PASSWORD]
)
def test_the_password_and_no_other_is_taken(password):
    hashed = hash_password(password)
    assert is_password_hash(hashed)
    assert verify_password(password, hashed)
    for other in (password + "x", password[:-1], password.swapcase() + " ", ""):
        assert not verify_password(other, hashed)


def test_a_hash_can_be_made_by_any_implementation_of_scrypt():
    made = hash_password("secret", SALT)
    kind, cost, block, lanes, salt, digest = made.split(":")
    assert (kind, cost, block, lanes) == ("scrypt", "2", "8", "1")
    assert salt == "AAECAwQFBgcICQoLDA0ODw"
    raw = hashlib.scrypt(b"secret", salt=SALT, n=2, r=8, p=1, dklen=32)
    assert credentials._bytes(digest) == raw


def test_the_same_password_has_another_hash_each_time():
    assert hash_password("secret") != hash_password("secret")


def test_composed_and_decomposed_letters_are_one_password():
    assert verify_password("cafe\u0301", hash_password("caf\u00e9"))


@pytest.mark.parametrize("password", ["", "x" * (LONGEST_PASSWORD + 1)])
def test_passwords_that_are_none(password):
    with pytest.raises(ValueError, match="password"):
        hash_password(password)
    assert not verify_password(password, hash_password("x"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "secret",
        "scrypt:",
        "scrypt:3:8:1:AAECAwQFBgcICQoLDA0ODw:" + "A" * 43,
        "scrypt:0:8:1:AAECAwQFBgcICQoLDA0ODw:" + "A" * 43,
        "scrypt:8388608:8:1:AAECAwQFBgcICQoLDA0ODw:" + "A" * 43,
        "scrypt:16384:99:99:AAECAwQFBgcICQoLDA0ODw:" + "A" * 43,
        "scrypt:16384:8:1:short:" + "A" * 43,
        "scrypt:16384:8:1:AAECAwQFBgcICQoLDA0ODw:short",
        "sha256:" + "a" * 64,
    ],
)
def test_what_is_no_hash_lets_nobody_in_and_costs_nothing(text):
    assert not is_password_hash(text)
    assert not verify_password("secret", text)


def test_the_cost_that_is_used(monkeypatch):
    monkeypatch.undo()
    assert hash_password("x").startswith("scrypt:16384:8:1:")
    assert verify_password("x", hash_password("x"))


def test_tokens():
    token = new_token()
    assert len(token) == 43
    assert token != new_token()
    assert hash_token(token) == "sha256:" + hashlib.sha256(token.encode()).hexdigest()
    config = config_from_mapping(
        {
            "sites": {"a": {"domain": "example.com"}},
            "api": {"path": "/api", "tokens": [hash_token(token)]},
        }
    )
    assert hash_token(token) in {f"sha256:{stored}" for stored in config.api.tokens}
