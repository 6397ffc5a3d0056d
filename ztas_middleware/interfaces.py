"""Which interface an application has that somebody wraps: WSGI, ASGI 3, or ASGI 2.

Told by what its call takes, without calling it; an application written in C tells nothing.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import CodeType

# inspect's CO_COROUTINE and CO_VARARGS; importing it takes longer than most of this package.
_COROUTINE = 0x80
_VARARGS = 0x04


def is_asgi(application: Any) -> bool:  # noqa: ANN401 - whatever somebody wraps
    """Whether an application is to be called with `scope, receive, send`."""
    code = _code_of(application)
    if code is None:
        return False
    return bool(code.co_flags & _COROUTINE) or _names(code)[-3:] == ("scope", "receive", "send")


def is_wsgi(application: Any) -> bool:  # noqa: ANN401 - see above
    """Whether an application is to be called with `environ, start_response`."""
    code = _code_of(application)
    return code is not None and _names(code)[-2:] == ("environ", "start_response")


def is_double_callable(application: Any) -> bool:  # noqa: ANN401 - see above
    """Whether an application is of ASGI 2: called with `scope`, what it returns with the rest."""
    if isinstance(application, type):
        return True  # its instance is what takes `receive, send`
    code = _code_of(application)
    if code is None or code.co_flags & (_COROUTINE | _VARARGS):
        return False
    return _names(code)[-1:] == ("scope",)


def _code_of(application: Any) -> CodeType | None:  # noqa: ANN401 - see above
    while isinstance(application, functools.partial):
        application = application.func
    if not hasattr(application, "__code__"):
        application = getattr(application, "__func__", type(application).__call__)
    while hasattr(application, "__wrapped__"):
        application = application.__wrapped__
    code: CodeType | None = getattr(application, "__code__", None)
    return code


def _names(code: CodeType) -> tuple[str, ...]:
    return code.co_varnames[: code.co_argcount]
