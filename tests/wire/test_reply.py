"""Replies of a peer, whole, a byte at a time and with more behind (spec: session, 2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastsmtp.wire.reply import LINE_LIMIT, Reply, ReplyReader


def whole(data: bytes) -> list[Reply]:
    return ReplyReader().receive(data)


def bytewise(data: bytes) -> list[Reply]:
    reader = ReplyReader()
    return [reply for i in range(len(data)) for reply in reader.receive(data[i : i + 1])]


@pytest.fixture(params=[whole, bytewise], ids=["whole", "bytewise"])
def read(request):
    return request.param


@pytest.mark.parametrize(
    ("data", "code", "dsn", "text"),
    [
        (b"250 2.1.0 Ok\r\n", 250, "2.1.0", "250 2.1.0 Ok"),
        (b"550\r\n", 550, "5.0.0", "550"),
        (b"550 5.1.1\r\n", 550, "5.1.1", "550 5.1.1"),
        (b"550   5.1.2 x\r\n", 550, "5.1.2", "550   5.1.2 x"),
        (b"250 4.0.0 x\r\n", 250, "2.0.0", "250 4.0.0 x"),
        (b"550 4.1.1 x\r\n", 550, "5.0.0", "550 4.1.1 x"),
        (b"550 5.1.1-x\r\n", 550, "5.0.0", "550 5.1.1-x"),
        (b"550 5.1234.1 x\r\n", 550, "5.0.0", "550 5.1234.1 x"),
        (b"354 x\r\n", 354, "5.5.0", "354 x"),
        (b"600 x\r\n", 600, "5.5.0", "600 x"),
        (b"050 x\r\n", 50, "5.5.0", "050 x"),
        (b"250-a\r\n450-b\r\n550 5.2.2 c\r\n", 550, "5.2.2", "250-a 450-b 550 5.2.2 c"),
        (b"550-5.1.1 a\r\n550 b\r\n", 550, "5.0.0", "550-5.1.1 a 550 b"),
        (b"250 bare\n", 250, "2.0.0", "250 bare"),
        (b"250 many\r\r\r\n", 250, "2.0.0", "250 many"),
        (b"250 a\tb\x07c\rd\r\n", 250, "2.0.0", "250 a?b?c?d"),
        (b"250 a\x00secret\r\n", 250, "2.0.0", "250 a"),
        ("250 grüezi\r\n".encode(), 250, "2.0.0", "250 grüezi"),
        (b"250 \xff\xfe\r\n", 250, "2.0.0", "250 ??"),
    ],
)
def test_reply_has_code_status_and_text(read, data, code, dsn, text):
    (reply,) = read(data)
    assert (reply.code, reply.dsn, reply.text, reply.garbled) == (code, dsn, text, False)


@pytest.mark.parametrize("line", [b"hello", b"22 x", b"2200 y", b"220_x", b"", b" 250 x"])
def test_garbage_line_is_kept_and_flagged_not_fatal(read, line):
    (reply,) = read(line + b"\r\n250 ok\r\n")
    assert reply.code == 250
    assert reply.garbled
    assert reply.lines[-1] == "250 ok"


def test_flag_of_garbage_does_not_stick(read):
    garbled, clean = read(b"x\r\n250 a\r\n250 b\r\n")
    assert garbled.garbled
    assert not clean.garbled


def test_overlong_line_is_cut_and_the_next_reply_stands_alone(read):
    long, after = read(b"250 " + b"x" * 5000 + b"\r\n550 y\r\n")
    assert len(long.raw) == LINE_LIMIT
    assert after.text == "550 y"


def test_endless_line_takes_no_memory():
    reader = ReplyReader()
    assert all(reader.receive(b"x" * 4096) == [] for _ in range(1000))
    assert reader.pending
    (reply,) = reader.receive(b"\r\n250 ok\r\n")
    assert len(reply.raw) <= LINE_LIMIT + 10


def test_endless_reply_takes_no_memory():
    reader = ReplyReader()
    for _ in range(10_000):
        assert reader.receive(b"250-" + b"x" * 60 + b"\r\n") == []
    (reply,) = reader.receive(b"250 end\r\n")
    assert len(reply.raw) < 2 * LINE_LIMIT
    assert reply.lines[-1] == "250 end"


def test_partial_line_is_no_reply():
    reader = ReplyReader()
    assert reader.receive(b"250 ok") == []
    assert reader.pending


@given(st.binary(max_size=400), st.data())
def test_cuts_do_not_matter(data, draws):
    cuts = sorted(draws.draw(st.lists(st.integers(0, len(data)), max_size=8)))
    reader = ReplyReader()
    pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    found = [reply for piece in pieces for reply in reader.receive(piece)]
    assert [(r.raw, r.garbled) for r in found] == [(r.raw, r.garbled) for r in whole(data)]


@given(st.binary(max_size=300))
def test_text_of_a_reply_can_be_shown(data):
    for reply in whole(data + b"\r\n250 ok\r\n"):
        assert reply.text.isprintable()
        assert reply.dsn[0] in "245"


@pytest.mark.parametrize("raw", [b"", b"hello", b"250-more", b"25 x"])
def test_reply_needs_a_last_line(raw):
    with pytest.raises(ValueError, match="last line"):
        Reply(raw)


# What the settings and an authentication make of a line


def test_filter_gets_each_line_and_gives_the_one_that_counts():
    seen = []

    def filtered(line):
        seen.append(line)
        return line.replace(b"550", b"450").replace(b"later", b"la\tter\x00gone")

    reader = ReplyReader()
    reader.filter = filtered
    (reply,) = reader.receive(b"550-one\r\n550 \x07later\r\n")
    assert seen == [b"550-one", b"550 ?later"]
    assert (reply.code, reply.text) == (450, "450-one 450 ?la?ter")


def test_filter_cannot_make_a_line_too_long():
    reader = ReplyReader()
    reader.filter = lambda line: line * 10_000
    (reply,) = reader.receive(b"250 ok\r\n")
    assert len(reply.raw) == LINE_LIMIT


def test_secret_is_masked_behind_the_code():
    reader = ReplyReader()
    reader.secrets = (b"pencil", b"250")
    first, second = reader.receive(b"250-pencil 250\r\n250 no pencils\r\n251 fine\r\n")
    assert first.lines == ["250-**** ****", "250 no ****s"]
    assert second.text == "251 fine"
