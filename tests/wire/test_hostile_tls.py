"""Peers that break TLS in any place: the session ends, nothing is taken for delivered, nothing goes in the clear."""

from dataclasses import replace

import pytest

from tests.support.certificates import authority
from tests.support.memory_peer import TLS, Manner
from tests.support.world import World

SECURE = Manner(leaf=authority().issue("mx.example"))
ENCRYPT = {"smtp_tls_security_level": "encrypt"}
HANDSHAKE_SIZE = 900  # bytes that the peer says at least before the handshake is over
SIZES = [*range(1, HANDSHAKE_SIZE, 23), *range(HANDSHAKE_SIZE, 2600, 61)]


def check(seen):
    """Deferred or sent, each for a reason; nothing but EHLO and STARTTLS was ever said in the clear."""
    outcome = seen.outcomes["r@x.example"]
    assert outcome.status in ("sent", "deferred")
    if outcome.status == "sent":
        assert seen.contents
    else:
        assert outcome.dsn in ("4.7.5", "4.4.2")
    for conversation in seen.conversations:
        clear = (
            conversation.commands[: conversation.commands.index(TLS)] if TLS in conversation.commands else []
        )
        assert clear in ([], ["EHLO me.example", "STARTTLS"])
        assert not any(b"MAIL FROM" in piece for piece in conversation.pieces)
        assert conversation.over
    return outcome.status


@pytest.mark.parametrize("size", SIZES)
def test_end_of_the_stream_anywhere_in_tls_is_no_delivery(size):
    seen = World(replace(SECURE, tls_limit=size)).run(**ENCRYPT)
    status = check(seen)
    assert status == "deferred" or size > HANDSHAKE_SIZE
    if size < HANDSHAKE_SIZE:
        assert seen.outcomes["r@x.example"].reply == "Cannot start TLS: handshake failure"


@pytest.mark.parametrize("place", SIZES)
def test_wrong_byte_anywhere_in_tls_is_no_delivery(place):
    check(World(replace(SECURE, tls_flaw=place)).run(**ENCRYPT))


def test_large_message_goes_through_tls_whole():
    message = b"Subject: long\r\n\r\n" + b"0123456789\r\n" * 30_000
    seen = World(SECURE).run(message=message, **ENCRYPT)
    assert seen.status() == "sent 2.0.0"
    assert seen.contents[0] == message + b".\r\n"


def test_slow_firewall_gets_its_dot_late_inside_tls_too():
    pix = replace(SECURE, greeting="220 ****")
    seen = World(pix).run(
        smtp_pix_workarounds="delay_dotcrlf", smtp_pix_workaround_threshold_time="0", **ENCRYPT
    )
    (conversation,) = seen.conversations
    assert seen.status() == "sent 2.0.0"
    assert conversation.content_at[0] - conversation.heard_at[-2] == pytest.approx(10.0)
