"""Passwords are recognised, and their hashes too."""

from __future__ import annotations

import pytest
from cheap_passwords import cheap_hash
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.passwords import hash_password, is_password_hash, verify_password

SOME = hash_password("some password")


def test_the_password_is_recognised_and_no_other():
    assert verify_password("some password", SOME)
    assert not verify_password("some passwore", SOME)
    assert not verify_password("", SOME)


def test_two_hashes_of_one_password_differ():
    assert hash_password("some password") != SOME


def test_the_same_characters_are_the_same_password_however_they_are_composed():
    assert verify_password("Zoe\u0308", hash_password("Zo\u00eb"))


@given(st.text(min_size=1))
def test_any_text_is_a_password(password):
    assert verify_password(password, cheap_hash(password))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "secret",
        "scrypt:",
        "scrypt:32768:8:3:salt",
        pytest.param(SOME + ":x", id="a part too many"),
        pytest.param(SOME.replace("scrypt", "bcrypt"), id="another function"),
        pytest.param(SOME.replace("32768", "32767"), id="no power of two"),
        pytest.param(SOME.replace("32768", "1073741824"), id="too much memory"),
        pytest.param(SOME.replace("32768:8:3", "32768:8:0"), id="p is 0"),
        pytest.param(SOME.replace("32768:8:3", "32768:-8:1"), id="r below 0"),
        pytest.param(SOME[:40], id="cut"),
        "scrypt:x:8:1:" + "A" * 22 + ":" + "A" * 43,
    ],
)
def test_what_is_no_hash_is_refused(text):
    assert not is_password_hash(text)
    with pytest.raises(ValueError):  # noqa: PT011 - several libraries' words
        verify_password("x", text)


def test_a_hash_is_one():
    assert is_password_hash(SOME)


@pytest.mark.parametrize("password", ["", "x" * 1025])
def test_passwords_that_are_none(password):
    with pytest.raises(ValueError, match="password"):
        hash_password(password)
