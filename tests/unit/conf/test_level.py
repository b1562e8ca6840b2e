"""Versions of Postfix."""

import pytest

from fastsmtp.conf.level import level


def test_levels_are_compared_number_by_number() -> None:
    assert level("3.6") < level("3.10")
    assert level("3") == level("3.0.0")
    assert level(" 3.6.1 ") > level("3.6")


@pytest.mark.parametrize("text", ["", "x", "3.x", "1.2.3.4", "3..1"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a compatibility level"):
        level(text)
