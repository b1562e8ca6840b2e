"""The channel between two memories: handshake, records, what left, what breaks it."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from OpenSSL import SSL

from fastsmtp.errors import HandshakeFailed, LocalProtocolError, TlsBroken
from fastsmtp.tls import channel as channels
from fastsmtp.tls.verdict import Verdict
from tests.support.certificates import authority
from tests.support.tls_peer import TlsServer, protection, settled, shake
from tests.support.tls_policies import meet, policy_of

LEAF = authority().issue("mx.example")
ALERT = 21  # type of a record, RFC 5246 6.2.1
BOTH = pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION], ids=["1.2", "1.3"])


def client(**settings):
    return protection(relay="mx.example[192.0.2.1]:25", **settings).channel()


def joined(version=0, **settings):
    channel, server = client(**settings), TlsServer(LEAF, versions=(version, version))
    assert settled(channel, server) == ""
    return channel, server


@BOTH
def test_handshake_is_completed_with_an_untrusted_chain(version):
    channel, server = joined(version)
    assert channel.established
    assert server.established
    assert channel.verdict == Verdict(True, "Untrusted")


@pytest.mark.parametrize("size", [1, 7, 100])
def test_handshake_cut_anywhere_is_the_same(size):
    channel, server = client(), TlsServer(LEAF)
    channel.start()
    server.say(b"220 hello\r\n")
    assert shake(channel, server, size) == b"220 hello\r\n"
    assert channel.established


@BOTH
def test_plaintext_goes_both_ways(version):
    channel, server = joined(version)
    server.feed(b"".join(channel.seal([b"EHLO me.example\r\n"])))
    assert server.heard == b"EHLO me.example\r\n"
    server.say(b"250 ok\r\n")
    assert channel.feed(server.take()) == b"250 ok\r\n"


def test_large_content_is_sealed_in_whole_records():
    channel, server = joined()
    content = bytes(range(256)) * 400
    records = channel.seal([content, b"QUIT\r\n"])
    assert len(records) == -(-(len(content) + 6) // channels.RECORD_SIZE)
    server.feed(b"".join(records))
    assert server.heard == content + b"QUIT\r\n"


def test_nothing_is_sealed_before_the_verdict():
    channel = client()
    channel.start()
    with pytest.raises(LocalProtocolError):
        channel.seal([b"EHLO\r\n"])


def test_nothing_can_be_fed_before_the_start():
    with pytest.raises(LocalProtocolError):
        client().feed(b"x")


@BOTH
def test_record_counts_as_unsent_until_its_last_byte_left(version):
    channel, _ = joined(version)
    first, second = channel.seal([b"a" * 100]), channel.seal([b"b" * 40])
    last = sum(map(len, second))
    assert [channel.unsent(size) for size in (0, 1, last, last + 1)] == [0, 40, 40, 140]
    assert channel.unsent(last + sum(map(len, first))) == 140


def test_handshake_bytes_carry_no_plaintext():
    channel = client()
    channel.start()
    assert channel.unsent(len(channel.take())) == 0


def test_equal_records_are_remembered_together_and_exactly():
    channel, _ = joined()
    records = channel.seal([b"x" * (channels.RECORD_SIZE * 1000 + 10)])
    assert len(channel._runs) < 10
    tail = len(records[-1])
    assert channel.unsent(tail + len(records[0]) * 3) == 10 + 3 * channels.RECORD_SIZE


def test_what_is_remembered_of_records_is_bounded_and_errs_towards_unsent():
    channel, _ = joined()
    total = sealed = 0
    for size in range(1, 3 * channels.RUNS_LIMIT):
        sealed += sum(map(len, channel.seal([b"x" * size])))
        total += size
    assert len(channel._runs) == channels.RUNS_LIMIT
    assert total <= channel.unsent(sealed) <= sealed


def test_close_says_goodbye_once():
    channel, server = joined()
    channel.close()
    server.feed(channel.take())
    assert server.ended
    channel.close()
    assert channel.take() == b""


def test_close_before_the_handshake_says_nothing():
    channel = client()
    channel.close()
    assert channel.take() == b""


def test_goodbye_of_the_peer_is_noted_behind_its_last_words():
    channel, server = joined()
    server.say(b"221 bye\r\n")
    server.connection.shutdown()
    assert channel.feed(server.take()) == b"221 bye\r\n"
    assert channel.over


def test_server_name_is_sent_where_it_is_set():
    assert joined(servername=b"mx.example")[1].servername == b"mx.example"
    assert joined()[1].servername is None


def test_no_shared_version_fails_the_handshake():
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_3_VERSION)
    channel = client(context=context)
    reason = settled(channel, TlsServer(LEAF, versions=(0, SSL.TLS1_2_VERSION)))
    assert "protocol version" in reason
    assert not channel.established


def test_plaintext_in_place_of_the_handshake_fails_it():
    channel = client()
    channel.start()
    with pytest.raises(HandshakeFailed) as caught:
        channel.feed(b"220 ready when you are\r\n")
    assert str(caught.value)


def test_handshake_is_ended_where_it_grows_too_large(monkeypatch):
    monkeypatch.setattr(channels, "HANDSHAKE_LIMIT", 100)
    assert settled(client(), TlsServer(LEAF)) == "the handshake is too large"


def test_settings_without_a_context_fail_before_a_byte_is_said():
    channel = client(context=None, problem="no such cipher")
    with pytest.raises(HandshakeFailed, match="no such cipher"):
        channel.start()
    assert channel.take() == b""


def test_altered_record_breaks_the_session():
    channel, server = joined()
    server.say(b"250 ok\r\n")
    record = bytearray(server.take())
    record[-1] ^= 1
    with pytest.raises(TlsBroken, match=r"bad record|record layer failure|decryption failed"):
        channel.feed(bytes(record))
    server.feed(channel.take())
    assert "alert" in server.error


def test_plaintext_inside_an_established_session_breaks_it():
    channel, _ = joined()
    with pytest.raises(TlsBroken):
        channel.feed(b"250 ok\r\n" * 10)


@settings(max_examples=50)
@given(st.binary(max_size=300), st.integers(0, 2000))
def test_bytes_of_any_kind_end_in_one_of_two_errors_or_in_nothing(noise, at):
    channel, server = client(), TlsServer(LEAF)
    channel.start()
    server.feed(channel.take())
    flight = server.take()
    try:
        assert channel.feed(flight[:at] + noise) == b""
    except HandshakeFailed:
        assert not channel.established
    except TlsBroken:
        assert channel.established
    whole, other = joined()
    other.say(b"250 ok\r\n")
    record = other.take()
    try:
        assert whole.feed(record[: at % (len(record) + 1)] + noise) in (b"", b"250 ok\r\n")
    except TlsBroken:
        assert whole.established


def test_replies_come_one_by_one_and_call_for_no_answer():
    channel, server = joined(SSL.TLS1_3_VERSION)
    for number in range(3):
        server.say(b"250 %d\r\n" % number)
        assert channel.feed(server.take()) == b"250 %d\r\n" % number
    assert channel.take() == b""


def test_renegotiation_is_refused():
    policy = policy_of(smtp_tls_security_level="may", smtp_tls_protocols="TLSv1.2")
    met = meet(policy, LEAF)
    met.server.connection.renegotiate()
    with contextlib.suppress(SSL.WantReadError):
        met.server.connection.do_handshake()
    met.channel.feed(met.server.take())
    alert = met.channel.take()
    assert alert[0] == ALERT
    met.server.feed(alert)
    assert "no renegotiation" in met.server.error


@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=6), st.data())
def test_text_is_the_same_however_its_records_are_cut(texts, data):
    channel, server = joined()
    for text in texts:
        server.say(text)
    stream = server.take()
    heard = b""
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        heard += channel.feed(stream[:size])
        stream = stream[size:]
    assert heard == b"".join(texts)
    server.say(b"last")
    assert channel.feed(server.take()) == b"last"
