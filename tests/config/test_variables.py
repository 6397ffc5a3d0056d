"""`${NAME}`: in which values, and what becomes of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.config import config_from_mapping
from ztas_middleware.config.variables import expand
from ztas_middleware.errors import ConfigError

SITES = "sites:\n  blog:\n    domain: example.com\n"
ENVIRONMENT = {"NAME": "value", "EMPTY": "", "NESTED": "${NAME}", "_x1": "y"}

EXPANDED = {
    "alone": ("${NAME}", "value"),
    "inside": ("a/${NAME}/b", "a/value/b"),
    "twice": ("${NAME}${_x1}", "valuey"),
    "empty": ("${EMPTY}", ""),
    "default not needed": ("${NAME:-other}", "value"),
    "default": ("${NONE:-other}", "other"),
    "default for an empty one": ("${EMPTY:-other}", "other"),
    "empty default": ("${NONE:-}", ""),
    "default with a colon": ("${NONE:-http://x:1}", "http://x:1"),
    "not expanded again": ("${NESTED}", "${NAME}"),
    "escaped": ("$${NAME}", "${NAME}"),
    "escaped and not": ("$${NAME} ${NAME}", "${NAME} value"),
    "escaped and open": ("$${", "${"),
    "just dollars": ("$NAME $1 $$ $", "$NAME $1 $$ $"),
    "just braces": ("{NAME}", "{NAME}"),
}

REFUSED = {
    "not set": ("${NONE}", "NONE is not set"),
    "open": ("${NAME", "write"),
    "no name": ("${}", "write"),
    "no name but a default": ("${:-x}", "write"),
    "number": ("${1}", "write"),
    "space": ("${ NAME }", "write"),
    "other operators": ("${NAME:?x}", "write"),
    "letters of others": ("${ÄÖ}", "write"),
}


@pytest.mark.parametrize(("text", "expected"), EXPANDED.values(), ids=EXPANDED.keys())
def test_references_are_filled_in(text, expected):
    assert expand(text, ENVIRONMENT) == expected


@pytest.mark.parametrize(("text", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_reference_is_refused(text, reason):
    with pytest.raises(ValueError, match=reason):
        expand(text, ENVIRONMENT)


@given(st.text("${}:-NAME x", max_size=30))
def test_any_text_is_expanded_or_a_value_error(text):
    try:
        expanded = expand(text, ENVIRONMENT)
    except ValueError:
        assert "${" in text
    else:
        assert expanded == text or "${" in text


def test_a_plain_value_is_read_again(load, monkeypatch):
    monkeypatch.setenv("LIMIT", "7")
    monkeypatch.setenv("FLAG", "yes")
    config = load(
        SITES
        + "rate_limit: ${LIMIT}\n"
        + "max_batch: ${NONE:-50}\n"
        + "honor_dnt: ${FLAG}\n"
        + "country_header: ${NONE:-}\n"
    )
    assert (config.rate_limit, config.max_batch, config.honor_dnt) == (7, 50, True)
    assert config.country_header is None


def test_a_quoted_value_stays_text(message, monkeypatch):
    monkeypatch.setenv("LIMIT", "7")
    assert message(SITES + 'rate_limit: "${LIMIT}"') == (
        'conf/ztas.yaml:4:13: rate_limit: must be a whole number, not text ("7")'
    )


def test_where_text_is_wanted_a_variable_is_text(load, monkeypatch):
    monkeypatch.setenv("PARAMETER", "no")
    assert load(SITES + 'keep_query: ["${PARAMETER}"]').keep_query == ("no",)
    assert load(SITES + "keep_query:\n  - ${PARAMETER}").keep_query == ("no",)


def test_a_variable_cannot_bring_yaml_along(message, monkeypatch):
    monkeypatch.setenv("EVIL", "a.b\nrate_limit: 0")
    assert message("sites:\n  blog:\n    domain: ${EVIL}") == (
        "conf/ztas.yaml:3:13: sites.blog.domain: must not have control characters: "
        '"a.b\\u000arate_limit: 0"'
    )
    monkeypatch.setenv("EVIL", "[a.b, c.d]")
    assert message("sites:\n  blog:\n    domain: ${EVIL}") == (
        'conf/ztas.yaml:3:13: sites.blog.domain: "[a.b, c.d]": a domain has no spaces'
    )


def test_a_variable_that_is_not_set_is_an_error_with_a_place(message, monkeypatch):
    monkeypatch.delenv("DATA_DIR", raising=False)
    assert message(SITES + "database: ${DATA_DIR}/ztas.db") == (
        "conf/ztas.yaml:4:11: database: the environment variable DATA_DIR is not set; "
        "${DATA_DIR:-default} would give it a default"
    )


def test_a_reference_that_is_none_is_an_error_with_a_place(message):
    assert message(SITES + "database: ${DATA DIR}") == (
        "conf/ztas.yaml:4:11: database: write ${NAME} or ${NAME:-default}, or $${ for a literal ${"
    )


def test_keys_have_no_variables(load):
    assert list(load("sites:\n  ${NONE}:\n    domain: a.b").sites) == ["${NONE}"]


def test_a_mapping_has_variables_as_if_without_quotes(monkeypatch):
    monkeypatch.setenv("HOST", "example.com")
    sites = {"blog": {"domain": "${HOST}"}}
    config = config_from_mapping({"sites": sites, "rate_limit": "${LIMIT:-500}"})
    assert config.sites["blog"].domains[0].host == "example.com"
    assert config.rate_limit == 500
    with pytest.raises(ConfigError, match=r"^rate_limit: the environment variable NONE is not set"):
        config_from_mapping({"sites": sites, "rate_limit": "${NONE}"})
