"""What a reader asks with: parameters that are checked before anything is read."""

from __future__ import annotations

from ztas_middleware.errors import ZtasError

MAX_LIMIT = 1_000
DEFAULT_LIMIT = 10


class ParameterError(ZtasError):
    """A question that can't be answered as it was asked.

    Attributes:
        parameter: which part of the question, by its name on the wire.
        problem: what is wrong with it.
    """

    def __init__(self, parameter: str, problem: str) -> None:
        self.parameter = parameter
        self.problem = problem
        super().__init__(f"{parameter} {problem}")

    def __reduce__(self) -> tuple[object, ...]:
        return (ParameterError, (self.parameter, self.problem))


def parse_limit(text: str | None) -> int:
    """How many entries a list may have.

    Raises:
        ParameterError: not a whole number from 1 to 1,000.
    """
    if text is None:
        return DEFAULT_LIMIT
    # isdigit() alone takes other scripts' digits and superscripts too.
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_LIMIT))):
        raise ParameterError("limit", f"must be a whole number from 1 to {MAX_LIMIT}")
    limit = int(text)
    if not 1 <= limit <= MAX_LIMIT:
        raise ParameterError("limit", f"must be a whole number from 1 to {MAX_LIMIT}")
    return limit
