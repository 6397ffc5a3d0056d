"""Goals and funnels: names of the user's choice, each with a match."""

from __future__ import annotations

import pytest

from ztas_middleware.config import config_from_mapping
from ztas_middleware.config.goals import Funnel, Goal, Match, Step
from ztas_middleware.errors import ConfigError


def site(**settings):
    return config_from_mapping({"sites": {"a": {"domain": "example.com", **settings}}}).sites["a"]


def test_goals_keep_their_order_and_what_they_match():
    assert site(
        goals={"Z": {"action": "signup", "label": "top*"}, "A": {"page": "/t/*"}}
    ).goals == (
        Goal("Z", Match(action="signup", label="top*")),
        Goal("A", Match(page="/t/*")),
    )


def test_a_step_is_called_like_its_page_or_action_unless_it_says():
    steps = [{"page": "/cart"}, {"page": "/pay/*", "name": "Pay"}, {"action": "paid"}]
    assert site(funnels={"Checkout": steps}).funnels == (
        Funnel(
            "Checkout",
            (
                Step("/cart", Match(page="/cart")),
                Step("Pay", Match(page="/pay/*")),
                Step("paid", Match(action="paid")),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"goals": {"S": {}}}, "sites.a.goals.S: needs either `page` or `action`, and not both"),
        (
            {"goals": {"S": {"page": "/x", "action": "y"}}},
            "sites.a.goals.S: needs either `page` or `action`, and not both",
        ),
        ({"goals": {"S": "/thanks"}}, "sites.a.goals.S: must be a mapping, not text"),
        ({"goals": {"S": {"page": "thanks"}}}, "sites.a.goals.S.page: "),
        ({"goals": {"S": {"actoin": "x"}}}, 'unknown key (did you mean "action"?)'),
        ({"funnels": {"C": []}}, "sites.a.funnels.C: must have at least one step"),
        ({"funnels": {"C": {"page": "/"}}}, "sites.a.funnels.C: must be a list of steps"),
        ({"funnels": {"C": [{"name": "x"}]}}, "needs either `page` or `action`"),
    ],
)
def test_mistakes(settings, message):
    with pytest.raises(ConfigError) as caught:
        site(**settings)
    assert message in str(caught.value)


def test_a_token_is_never_in_the_file_itself():
    with pytest.raises(ConfigError, match=r"api\.tokens.*must be a hash"):
        config_from_mapping(
            {"sites": {"a": {"domain": "x.de"}}, "api": {"path": "/api", "tokens": ["secret"]}}
        )
