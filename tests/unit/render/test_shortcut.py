"""The short way gives what the long way gives, octet by octet, for every value that it takes."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fastsmtp.errors import RenderError
from fastsmtp.render.template import Template
from tests.reference.form import fill

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


def long_way(template: Template, values: dict[str, object]) -> bytes | str:
    try:
        return template.render(values)
    except RenderError as error:
        return str(error)


def short_way(template: Template, values: dict[str, object]) -> bytes | None:
    """As fastsmtp.wire.form fills it in."""
    shortcut = template.shortcut
    assert shortcut is not None
    names = ["email", *sorted(shortcut.rooms.keys() - {"email"})]
    holes = [names.index(field) for field in shortcut.fields]
    rooms = [shortcut.rooms.get(name, -1) for name in names]
    return fill(shortcut.literals, holes, rooms, [values.get(name) for name in names])


@pytest.mark.parametrize("source", TEMPLATES.values(), ids=TEMPLATES)
def test_both_ways_agree(source: str) -> None:
    template = Template(source.encode())

    @given(emails, anything, anything)
    @example("a@b.example", "--", "-")
    @example("a..b@b.example", "x" * 60, "x" * 61)
    @example("o'neil@b.example", "<b>", "=?utf-8?q?x?=")
    def agree(email: str, name: str, code: str) -> None:
        values: dict[str, object] = {"email": email, "name": name, "code": code}
        short = short_way(template, values)
        assert short is None or short == long_way(template, values)

    agree()


def test_ordinary_row_takes_the_short_way():
    template = Template(TEXT.encode())
    values = {"email": "ann@example.com", "name": "Ann", "code": "0123456789abcdef"}
    assert short_way(template, values) == long_way(template, values)


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
    assert short_way(Template(TEXT.encode()), values) is None


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
    assert Template(source.encode()).shortcut is None


def test_missing_field_is_told_by_the_long_way():
    with pytest.raises(RenderError, match="no field `code`"):
        Template(TEXT.encode()).render({"email": "ann@example.com", "name": "Ann"})
