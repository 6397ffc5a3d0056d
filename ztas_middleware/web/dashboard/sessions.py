"""Who may look: a signed cookie for whoever knows the password, a token for a shared page.

Both are signed with keys made from the password's hash, so that another password ends all of
them. Nothing about a session is stored.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Final

from webob.cookies import Morsel, SignedSerializer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ztas_middleware.answer import Header

COOKIE: Final = "ztas_session"
"""What the cookies' names begin with."""

LIFETIME: Final = 30 * 86_400
"""Seconds until one has to log in again."""

MOST_COOKIES: Final = 5
"""Cookies of our name that are looked at."""

# A clock that was set back makes no session invalid, one from tomorrow is none.
_LEEWAY: Final = 300


class Sessions:
    """Issues and recognises sessions under one password."""

    def __init__(self, password_hash: str) -> None:
        self._key = blake2b(password_hash.encode(), digest_size=32, person=b"ztas-session").digest()
        self._serializer = SignedSerializer(self._key, "ztas dashboard session")
        # Cookies know no ports: two dashboards on one host would log each other out.
        mark = blake2b(self._key, digest_size=4, person=b"ztas-cookie").hexdigest()
        self.cookie_name: Final = f"{COOKIE}_{mark}"

    def cookie(self, path: str, now: int, *, secure: bool) -> Header:
        """The header that begins a session.

        Args:
            path: which addresses get to see the cookie.
            now: UTC seconds.
            secure: whether the reader came by https.
        """
        value = self._serializer.dumps({"since": now}).decode("ascii")
        return _header(self.cookie_name, value, path, LIFETIME, secure=secure)

    def is_open(self, cookies: str, now: int) -> bool:
        """Whether a request's `Cookie` header has a session in it that is not over."""
        # Another host of the domain may have set one of this name, which must not hide ours.
        values = islice(_values_of(self.cookie_name, cookies), MOST_COOKIES)
        return any(self._is_valid(value.encode("utf-8", "replace"), now) for value in values)

    def share_token(self, site_id: str) -> str:
        """What lets anyone look at one site, and at nothing else."""
        digest = blake2b(site_id.encode(), key=self._key, digest_size=15, person=b"ztas-share")
        return urlsafe_b64encode(digest.digest()).decode("ascii")

    def is_shared(self, site_id: str, token: str) -> bool:
        """Whether a token lets one look at a site."""
        expected = self.share_token(site_id)
        return hmac.compare_digest(token.encode("utf-8", "replace"), expected.encode())

    def _is_valid(self, value: bytes, now: int) -> bool:
        try:
            session = self._serializer.loads(value)
        except ValueError:
            return False
        since = session.get("since") if isinstance(session, dict) else None
        return isinstance(since, int) and -_LEEWAY <= now - since < LIFETIME


def _values_of(wanted: str, cookies: str) -> Iterator[str]:
    """The values of our cookie in a `Cookie` header, which need no quotes (RFC 6265, 4.2).

    Not by webob's parser: it takes a second for 8,000 letters without an equals sign.
    """
    for pair in cookies.split(";"):
        name, _, value = pair.partition("=")
        if name.strip() == wanted:
            yield value.strip()


def no_cookie(name: str, path: str, *, secure: bool) -> Header:
    """The header that ends a session."""
    return _header(name, "", path, 0, secure=secure)


def _header(name: str, value: str, path: str, age: int, *, secure: bool) -> Header:
    # Not `make_cookie`: it adds Expires by a clock that Python 3.12 deprecates, for browsers of
    # twenty years ago.
    made = Morsel(name, value)
    made.path = path.encode()
    made.max_age = age
    made.httponly = True
    made.secure = secure
    made.samesite = "Lax"
    return "Set-Cookie", made.serialize()
