"""Language and width, made coarse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.intake.traits import SCREENS, language_of, screen_of


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", "de"),
        ("de-DE,de;q=0.9,en;q=0.8", "de"),
        ("EN-us", "en"),
        ("zh-Hant-TW", "zh"),
        ("haw-US", "haw"),
        ("pt_BR", "pt"),
        ("fr;q=0.5", "fr"),
        (" it , de", "it"),
        (", , nl", "nl"),
        ("*", None),
        ("*, de", None),
        ("", None),
        (",", None),
        ("d", None),
        ("german", None),
        ("i-klingon", None),
        ("x-private", None),
        ("de\0", None),
        ("dé", None),
        ("ｄｅ", None),
        ("12", None),
        ("<script>", None),
        ("de" * 100_000, None),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_the_first_language(header, language):
    assert language_of(header) == language


@given(st.text())
def test_any_header_is_a_language_or_none(header):
    language = language_of(header)
    assert language is None or (
        language.isascii() and language.islower() and len(language) in (2, 3)
    )


@pytest.mark.parametrize(
    ("width", "screen"),
    [
        (0, 480),
        (320, 480),
        (480, 480),
        (480.5, 768),
        (481, 768),
        (768, 768),
        (1024, 1024),
        (1440, 1440),
        (1441, 1920),
        (1920, 1920),
        (1921, 9999),
        (9999, 9999),
        (10_000, None),
        (1e308, None),
        (-1, None),
        (-0.0, 480),
    ],
)
def test_the_class_of_a_width(width, screen):
    assert screen_of(width) == screen


@given(st.floats(0, 9999))
def test_the_least_class_that_is_not_below_a_width(width):
    assert screen_of(width) == min(screen for screen in SCREENS if screen >= width)
