"""Tokens of the JSON API: made, and hashed for the configuration.

A token is random and long, so that its plain digest can't be guessed back; a password is neither,
see passwords.py.
"""

from __future__ import annotations

import secrets
from hashlib import sha256

_TOKEN_BYTES = 32


def new_token() -> str:
    """A token: 43 characters that nobody can guess."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def hash_token(token: str) -> str:
    """The hash of a token, as `api.tokens` takes it."""
    return f"sha256:{sha256(token.encode()).hexdigest()}"
