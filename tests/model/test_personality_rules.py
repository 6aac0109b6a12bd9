"""Warnings and the rules of roles, which look at the traits alone."""

import pytest

from model.specification import personality_rules as rules
from model.specification.values import Record


def fields(**traits: int) -> Record:
    """A personality with every other trait at 50."""
    return Record(dict.fromkeys(rules.TRAITS, 50) | traits)


def test_warnings_need_more_than_the_limit() -> None:
    """Each warning names its traits, and the limits themselves do not warn."""
    assert rules.warnings(fields()) == ()
    assert rules.warnings(fields(conscientiousness=81, neuroticism=86)) == (
        ("conscientiousness", "neuroticism"),
    )
    assert rules.warnings(fields(conscientiousness=80, neuroticism=86)) == ()
    assert rules.warnings(fields(extraversion=86, agreeableness=19)) == (("extraversion", "agreeableness"),)
    assert rules.warnings(fields(extraversion=86, agreeableness=20)) == ()
    assert rules.warnings(fields(neuroticism=91, extraversion=86)) == (("neuroticism", "extraversion"),)
    assert rules.warnings(fields(**dict.fromkeys(rules.BIG_FIVE, 9))) == (rules.BIG_FIVE,)
    assert rules.BIG_FIVE in rules.warnings(fields(**dict.fromkeys(rules.BIG_FIVE, 91)))
    assert rules.BIG_FIVE not in rules.warnings(fields(**dict.fromkeys(rules.BIG_FIVE, 90)))


def test_a_role_accepts_its_limits_and_names_what_is_beyond() -> None:
    """The rules of a role hold inclusively, and the traits at fault come out sorted."""
    fit = {
        "conscientiousness": 70,
        "extraversion": 50,
        "agreeableness": 40,
        "neuroticism": 60,
        "openness": 90,
    }
    assert rules.role_errors(fields(**fit), "project_manager") == ()
    unfit = {
        "conscientiousness": 69,
        "extraversion": 49,
        "agreeableness": 39,
        "neuroticism": 61,
        "openness": 91,
    }
    assert rules.role_errors(fields(**unfit), "project_manager") == tuple(sorted(unfit))
    with pytest.raises(rules.UnknownRoleError, match="captain"):
        rules.role_errors(fields(), "captain")
