"""The short way gives what the long way gives, octet by octet, for every value that it takes."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fastsmtp.errors import RenderError
from fastsmtp.render.template import Template

HEADERS = """From: News <news@example.com>
To: {{ name }} <{{ email }}>
Subject: {{ name }}, letter {{ code }}
Message-ID: <{{ code }}@news.example.com>
List-Unsubscribe: <https://news.example.com/leave/{{ code }}>
"""
TEXT = HEADERS + "\nDear {{ name }},\n{{ code }}: 100%\n"
HTML = HEADERS + "Content-Type: text/html\n\n<p title='{{ name }}'>{{ code }}</p>\n"
QUOTED = HEADERS + (
    "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"
    "caf=C3=A9 {{ name }}, = {{ code }}\n"
)
TEMPLATES = {"text": TEXT, "html": HTML, "quoted-printable": QUOTED}

harmless = st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=70)
anything = st.one_of(harmless, st.text(max_size=30), st.text(string.printable, max_size=30))
emails = st.one_of(
    st.just("ann@example.com"),
    st.from_regex(r"[a-z.+'&-]{1,30}@[a-z-]{1,20}\.example", fullmatch=True),
)


def way(template, values, *, short):
    taken = template._short
    template._short = taken if short else None
    try:
        return template.render(values)
    except RenderError as error:
        return str(error)
    finally:
        template._short = taken


@pytest.mark.parametrize("source", TEMPLATES.values(), ids=TEMPLATES)
def test_both_ways_agree(source):
    template = Template(source.encode())
    assert template._short is not None

    @given(emails, anything, anything)
    @example("a@b.example", "--", "-")
    @example("a..b@b.example", "x" * 60, "x" * 61)
    @example("o'neil@b.example", "<b>", "=?utf-8?q?x?=")
    def agree(email, name, code):
        values = {"email": email, "name": name, "code": code}
        assert way(template, values, short=True) == way(template, values, short=False)

    agree()


def test_ordinary_row_takes_the_short_way():
    template = Template(TEXT.encode())
    values = {"email": "ann@example.com", "name": "Ann", "code": "0123456789abcdef"}
    assert template._short is not None
    assert template._short.fill(values) == way(template, values, short=False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "Zoë"),
        ("name", "A B"),
        ("code", "x" * 61),
        ("code", 7),
        ("code", ""),
        ("email", '"a b"@x.example'),
    ],
)
def test_other_values_take_the_long_way(name, value):
    values = {"email": "ann@example.com", "name": "Ann", "code": "1", name: value}
    short = Template(TEXT.encode())._short
    assert short is not None
    assert short.fill(values) is None


@pytest.mark.parametrize(
    "source",
    [
        "Subject: x\n\n{% if name %}{{ name }}{% endif %}\n",
        "Subject: x\n\n{{ name|upper }}\n",
        "Subject: x\nContent-Transfer-Encoding: base64\n\ne3sgbmFtZSB9fQo=\n",
        "Subject: x\n\n--{{ name }}\n",
    ],
    ids=["block", "filter", "base64", "boundary-like"],
)
def test_message_that_moves_with_its_values_has_no_short_way(source):
    assert Template(source.encode())._short is None


def test_missing_field_is_told_by_the_long_way():
    with pytest.raises(RenderError, match="no field `code`"):
        Template(TEXT.encode()).render({"email": "ann@example.com", "name": "Ann"})
