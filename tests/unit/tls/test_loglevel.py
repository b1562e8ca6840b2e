"""Log levels: digits, words, and what is not obeyed."""

import pytest

from fastsmtp.tls import loglevel
from fastsmtp.tls.loglevel import LogError, parse


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        ("0", 0),
        ("none", 0),
        ("1", loglevel.SUMMARY),
        ("Routine", loglevel.SUMMARY),
        ("2", loglevel.DEBUG),
        ("ssl-expert", loglevel.DEBUG),
        ("summary, untrusted cache", loglevel.SUMMARY | loglevel.UNTRUSTED | loglevel.CACHE),
        ("trace", 0),
        ("", 0),
    ],
)
def test_words_and_digits(text, mask):
    assert parse(text) == mask


@pytest.mark.parametrize("text", ["4", "9", "ssl-developer", "1, ssl-session-packet-dump"])
def test_what_would_log_secrets_is_not_obeyed(text):
    with pytest.raises(LogError, match="would put passwords and mail into the log"):
        parse(text)


def test_unknown_word_is_named():
    with pytest.raises(LogError, match='unknown TLS log level "loud"'):
        parse("summary loud")
