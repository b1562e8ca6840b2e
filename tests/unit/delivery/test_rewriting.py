"""smtp_generic_maps on one message's headers (spec: content, section 6)."""

import pytest

from fastsmtp.delivery.rewriting import HEADERS, Rewriting
from fastsmtp.errors import ContentError
from fastsmtp.lookup.generic import Generic, GenericRules

TABLE = "inline:{joe@int.test=joe.out@pub.example, @swap.test=@pub.example}"


def rewriting(table: str = TABLE, header_limit: int = 102400) -> Rewriting:
    return Rewriting(Generic(GenericRules((table,), "", False, "o.test", ()), pytest.fail), header_limit)


def head(content: bytes) -> bytes:
    return rewriting().message(content)


@pytest.mark.parametrize("name", [*sorted(HEADERS), b"TO", b"resent-to"])
def test_address_header_is_rewritten_in_its_own_spelling(name: bytes) -> None:
    assert (
        head(name + b":  joe@int.test\n\njoe@int.test\n") == name + b": joe.out@pub.example\n\njoe@int.test\n"
    )


@pytest.mark.parametrize(
    "name", [b"X-Custom", b"Message-ID", b"Delivered-To", b"Received", b"List-Post", b"DKIM-Signature"]
)
def test_other_header_is_not(name: bytes) -> None:
    content = name + b":  <joe@int.test>\n\n"
    assert head(content) == content


def test_headers_of_parts_and_embedded_messages_stay() -> None:
    content = b"Content-Type: message/rfc822\n\nFrom: joe@int.test\nTo: joe@int.test\n\nx\n"
    assert head(content) == content


def test_header_without_a_hit_is_the_same_to_the_byte() -> None:
    content = b'To:a@b  ,\t"c" <d@e>\r\n  ,f@g\r\nCc: (broken joe@int.test\r\n\r\nx'
    assert head(content) == content


def test_header_with_a_hit_is_folded_with_tabs() -> None:
    value = b"user0@example.net, joe@int.test, user2@example.net, joe@int.test"
    folded = (
        b"To: user0@example.net, joe.out@pub.example, user2@example.net,\r\n\tjoe.out@pub.example\r\n\r\n"
    )
    assert head(b"To: " + value + b"\r\n\r\n") == folded
    assert head(b"To: " + value + b"\n\n") == folded.replace(b"\r\n", b"\n")
    assert head(b"To:\r\n " + value.replace(b", ", b",\r\n  ") + b"\r\n\r\n") == folded


def test_8bit_text_passes() -> None:
    assert (
        head("To: Jö <joe@int.test>\n\n".encode() + b"\xff")
        == "To: Jö <joe.out@pub.example>\n\n".encode() + b"\xff"
    )
    assert head(b"To: J\xff <joe@int.test>\n\n") == b"To: J\xff <joe.out@pub.example>\n\n"


@pytest.mark.parametrize(
    ("content", "sent"),
    [
        (b"A \t: b\nTo : joe@int.test\n\n", b"A: b\nTo: joe.out@pub.example\n\n"),
        (b"A: b\ngarbage\nTo: joe@int.test\n", b"A: b\n\ngarbage\nTo: joe@int.test\n"),
        (b"A: b\r\ngarbage\r\n", b"A: b\r\n\r\ngarbage\r\n"),
        (b"garbage\n", b"\ngarbage\n"),
        (b" garbage\n", b"\n garbage\n"),
        (b"\nTo: joe@int.test\n", b"\nTo: joe@int.test\n"),
        (b"To: joe@int.test", b"To: joe.out@pub.example\n"),
        (b"A: b", b"A: b"),
        (b"", b""),
    ],
)
def test_header_block_is_put_in_order(content: bytes, sent: bytes) -> None:
    assert head(content) == sent


def test_header_over_the_limit_is_cut_by_segments() -> None:
    content = b"X: " + b"a" * 5000 + b"\n b\n\nx\n"
    assert rewriting(header_limit=3000).message(content) == b"X: " + b"a" * 4095 + b"\n\nx\n"
    assert (
        rewriting(header_limit=10).message(b"To: joe@int.test,\n b@c\n\n") == b"To: joe.out@pub.example, \n\n"
    )


def test_envelope_address_is_replaced_and_null_sender_never() -> None:
    assert rewriting().address("joe@int.test") == "joe.out@pub.example"
    assert rewriting().address("u+tag@swap.test") == "u+tag@pub.example"
    assert rewriting().address("a@b") == "a@b"
    assert rewriting("inline:{@=x@y, <>=x@y}").address("") == ""
    assert rewriting("static:x@y").address("") == ""


def test_failed_lookup_defers() -> None:
    for attempt in (lambda each: each.address("a@b"), lambda each: each.message(b"To: a@b\n\n")):
        with pytest.raises(ContentError) as caught:
            attempt(rewriting("fail:x"))
        assert caught.value.dsn == "4.3.0"
        assert caught.value.soft
