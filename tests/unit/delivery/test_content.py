"""One message for several kinds of peer: by DATA or BDAT, converted, broken, or as it is."""

import pytest

from fastsmtp.delivery.content import Content
from fastsmtp.delivery.content_rules import ContentRules
from fastsmtp.delivery.rendering import RowRenderer
from fastsmtp.mail.destination import Destination
from fastsmtp.mail.fields import FieldsFormat
from fastsmtp.mail.recipient import Recipient
from fastsmtp.mail.request import Request
from fastsmtp.render.template import Template
from fastsmtp.wire.transaction import BINARY, Transaction

RULES = ContentRules(
    line_length_limit=20,
    converts=True,
    repairs=False,
    nesting_limit=100,
    boundary_limit=2048,
    header_limit=102400,
    quotes=True,
    smtputf8=True,
    headers_ask=False,
    dsn_mail=b"",
    dsn_rcpt=b"",
)
PLAIN = b"A: b\n\n.dot\n"
LONG = b"A: b\n\n" + b"x" * 25 + b"\n"
EIGHT = b"Content-Transfer-Encoding: 8bit\n\n\xc3\xa9\n"
BOTH = "8BITMIME CHUNKING"
ALL = "8BITMIME CHUNKING BINARYMIME"


def request() -> Request:
    recipient = Recipient(1, "r@x.example", "x.example", 1, "", 0, 0.0)
    return Request(Destination("smtp", "x.example"), [recipient], "ID", 0.0)


def made(message: bytes, offers: str, *, chunked: bool = True, rules: ContentRules = RULES) -> Transaction:
    content = Content(rules, message=message, sender="", renderer=None)
    return content.transaction(request(), dict.fromkeys(offers.split(), ""), chunked=chunked)


@pytest.mark.parametrize(
    ("message", "offers", "content", "encoding"),
    [
        (PLAIN, BOTH, b"A: b\r\n\r\n.dot\r\n", 7),
        (LONG, BOTH, b"A: b\r\n\r\n" + b"x" * 20 + b"\r\n " + b"x" * 5 + b"\r\n", 7),
        (LONG, ALL, b"A: b\r\n\r\n" + b"x" * 25 + b"\r\n", BINARY),
        (EIGHT, BOTH, EIGHT.replace(b"\n", b"\r\n"), 8),
        (EIGHT, ALL, EIGHT.replace(b"\n", b"\r\n"), 8),
        (EIGHT, "CHUNKING", b"=C3=A9\r\n", 8),
        (EIGHT, "CHUNKING BINARYMIME", EIGHT.replace(b"\n", b"\r\n"), BINARY),
        (PLAIN, ALL, b"A: b\r\n\r\n.dot\r\n", 7),
    ],
)
def test_content_for_bdat_suits_the_peer(message: bytes, offers: str, content: bytes, encoding: int) -> None:
    rules = RULES._replace(line_length_limit=20 if message is not EIGHT else 990)
    transaction = made(message, offers, rules=rules)
    assert transaction.chunked
    assert transaction.content.endswith(content)
    assert transaction.encoding == encoding


def test_content_for_data_is_stuffed_and_never_binary() -> None:
    transaction = made(LONG + b".\n", ALL, chunked=False)
    assert not transaction.chunked
    assert transaction.content.endswith(b"\r\n " + b"x" * 5 + b"\r\n..\r\n.\r\n")
    assert transaction.encoding == 7


def test_message_is_encoded_once_for_each_kind_of_peer() -> None:
    content = Content(RULES, message=PLAIN, sender="", renderer=None)
    offers = {"CHUNKING": ""}
    chunked = [content.transaction(request(), offers, chunked=True).content for _ in range(2)]
    stuffed = [content.transaction(request(), offers).content for _ in range(2)]
    assert chunked[0] is chunked[1]
    assert stuffed[0] is stuffed[1]
    assert chunked[0] != stuffed[0]


ROWS = FieldsFormat("columns", ("code", "name"))
FORM = """From: News <news@example.com>
To: {{ email }}
Subject: Letter {{ code }}
%s
Dear {{ name }},
.{{ code }}
..
 %s
"""
PLAIN_FORM = FORM % ("", "x")
EIGHT_FORM = FORM % (
    "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n",
    "é",
)
LONG_FORM = FORM % ("", "x" * 30)


@pytest.mark.parametrize("source", [PLAIN_FORM, EIGHT_FORM, LONG_FORM], ids=["plain", "8bit", "long line"])
@pytest.mark.parametrize("offers", ["", "8BITMIME", BOTH, ALL, "CHUNKING"])
@pytest.mark.parametrize("name", ["Ann", "Zoë", ".", "A B", "x" * 61])
@pytest.mark.parametrize("limit", [70, 30])
def test_message_from_a_form_is_the_encoded_message(source: str, offers: str, name: str, limit: int) -> None:
    template = Template(source.encode())
    recipient = Recipient(1, "ann@x.example", "x.example", 1, f"c-1\x1f{name}", 0, 0.0)
    message = template.render({"email": "ann@x.example", "code": "c-1", "name": name})
    rules = RULES._replace(line_length_limit=limit)
    renderer = RowRenderer(ROWS, template, None)
    contents = [
        Content(rules, message=None, sender="", renderer=renderer),
        Content(rules, message=message, sender="", renderer=None),
    ]
    asked = Request(Destination("smtp", "x.example"), [recipient], "ID", 0.0)
    found, expected = (
        content.transaction(asked, dict.fromkeys(offers.split(), ""), chunked="CHUNKING" in offers)
        for content in contents
    )
    assert found.content == expected.content
    assert (found.size, found.encoding, found.utf8) == (expected.size, expected.encoding, expected.utf8)


class Filling(RowRenderer):
    """Renders nothing."""

    def message(self, recipient: Recipient) -> bytes:
        raise AssertionError("rendered")


def test_ordinary_row_is_filled_in_and_not_encoded() -> None:
    renderer = Filling(ROWS, Template(PLAIN_FORM.encode()), None)
    content = Content(RULES._replace(line_length_limit=990), message=None, sender="", renderer=renderer)
    recipients = [Recipient(n, f"r{n}@x.example", "x.example", n, f"c{n}\x1fAnn", 0, 0.0) for n in (1, 2)]
    first, second = (Request(Destination("smtp", "x.example"), [each], "ID", 0.0) for each in recipients)
    content.transaction(first, {"8BITMIME": ""})
    assert b"To: r2@x.example\r\n" in content.transaction(second, {"8BITMIME": ""}).content
