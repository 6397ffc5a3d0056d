"""What a reader asks with: parameters that are checked before anything is read."""

from __future__ import annotations

from ztas_middleware.errors import ZtasError

MAX_LIMIT = 1_000
DEFAULT_LIMIT = 10
MAX_OFFSET = 1_000_000_000


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
    return DEFAULT_LIMIT if text is None else parse_whole("limit", text, 1, MAX_LIMIT)


def parse_offset(text: str | None) -> int:
    """How many entries of a list are passed over.

    Raises:
        ParameterError: not a whole number from 0 to 1,000,000,000.
    """
    return 0 if text is None else parse_whole("offset", text, 0, MAX_OFFSET)


def parse_whole(parameter: str, text: str, least: int, most: int) -> int:
    """A whole number in plain digits.

    Raises:
        ParameterError: it is none, or out of bounds.
    """
    # isdigit() alone takes other scripts' digits and superscripts too.
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    if not (is_number and least <= int(text) <= most):
        raise ParameterError(parameter, f"must be a whole number from {least} to {most}")
    return int(text)


def parse_choice(parameter: str, text: str, choices: tuple[str, ...]) -> str:
    """One of a few words.

    Raises:
        ParameterError: it is none of them.
    """
    if text not in choices:
        raise ParameterError(parameter, f"must be one of {', '.join(choices)}")
    return text
