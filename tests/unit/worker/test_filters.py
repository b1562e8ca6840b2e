"""smtp_reply_filter: a line for a line; where a table has no answer, mail waits."""

from pathlib import Path

import pytest

from fastsmtp.conf.settings import Settings
from fastsmtp.errors import SettingError
from fastsmtp.worker.filters import reply_filter


def made(value: str, warnings: list[str] | None = None):
    heard = warnings if warnings is not None else []
    return reply_filter(Settings.load(None, [f"smtp_reply_filter={value}"]), heard.append)


def filtered(value: str, line: bytes) -> tuple[bytes, list[str]]:
    notes: list[str] = []
    return made(value)("mx.test[192.0.2.1]:25", notes.append, line), notes


def test_nothing_is_opened_where_nothing_is_set() -> None:
    assert made("") is None


def test_line_is_replaced_and_that_is_noted() -> None:
    line, notes = filtered("regexp:{{/^550(.)5.7.1 (.*)/ 450$${1}4.7.1 $$2}}", b"550-5.7.1 not now")
    assert line == b"450-4.7.1 not now"
    assert notes == [
        'mx.test[192.0.2.1]:25: replacing server reply "550-5.7.1 not now" with "450-4.7.1 not now"'
    ]


def test_other_lines_stay() -> None:
    assert filtered("regexp:{{/^550/ 450 x}}", b"250 ok") == (b"250 ok", [])


def test_challenge_is_not_shown() -> None:
    line, notes = filtered("regexp:{{/^334 GSSAPI supported/ 334}}", b"334 GSSAPI supported")
    assert line == b"334"
    assert notes == ['mx.test[192.0.2.1]:25: replacing server reply "334" with "334"']


@pytest.mark.parametrize(("line", "expected"), [(b"250 ok", b"450 "), (b"250-a", b"450-"), (b"x", b"450 ")])
def test_table_without_an_answer_defers(line: bytes, expected: bytes) -> None:
    warnings: list[str] = []
    found = made("fail:x", warnings)("mx", warnings.append, line)
    assert found == expected + b"4.3.0 local data error"
    assert "smtp_reply_filter" in warnings[-1]


def test_table_that_asks_a_server_is_refused() -> None:
    with pytest.raises(SettingError, match="a reply does not wait for a server"):
        made("tcp:127.0.0.1:9")


def test_same_tables_are_the_same_filter(tmp_path: Path) -> None:
    assert made("regexp:{{/x/ y}}") == made("regexp:{{/x/ y}}")
    assert made("regexp:{{/x/ y}}") != made("regexp:{{/x/ z}}")
    assert hash(made("static:x")) == hash(made("static:x"))
