"""Tokens of the JSON API."""

from __future__ import annotations

import hashlib

from ztas_middleware.config import config_from_mapping
from ztas_middleware.tokens import hash_token, new_token


def test_a_token_is_long_new_each_time_and_its_hash_is_what_the_config_takes():
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
