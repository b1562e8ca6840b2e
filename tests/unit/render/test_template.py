"""A message with fields in it: right for its reader, unchanged where it has none, safe for all values."""

import email
import email.header
import email.policy
from base64 import encodebytes
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastsmtp.errors import JobError, RenderError
from fastsmtp.job import jobfile, rows
from fastsmtp.render.template import Template

EXAMPLE = Path(__file__).parents[3] / "examples" / "newsletter" / "newsletter.toml"
ANN: dict[str, object] = {"name": "Ann", "email": "ann@example.org", "city": "Rome"}


def read(message: bytes) -> EmailMessage:
    return email.message_from_bytes(message, policy=email.policy.default)


def rendered(message: str, **fields: object) -> bytes:
    return Template(message.encode()).render(ANN | fields)


def test_plain_message_is_filled_in() -> None:
    assert rendered(
        "Subject: Hello {{ name }}\nX: 100% {{city}}\n\nDear {{ name }},\n5% for {{ city }}.\n"
    ) == (
        b"Subject: Hello Ann\r\nX: 100% Rome\r\n"
        b'Content-Type: text/plain; charset="utf-8"\r\n'
        b"Content-Transfer-Encoding: 8bit\r\nMIME-Version: 1.0\r\n"
        b"\r\nDear Ann,\r\n5% for Rome.\r\n"
    )


def test_message_without_marks_keeps_every_octet() -> None:
    head = b"Subject: =?utf-8?q?x?=\r\nX-A:\tb\r\n \tc\r\nContent-Type: text/plain; charset=latin-1\r\n"
    message = head + b"\r\n\xe4 } { %\r\n"
    template = Template(message)
    assert template.render({}) == message
    assert template.fields == set()


def test_fields_and_required_fields_are_told() -> None:
    template = Template(
        b"To: {{ name }} <{{ email }}>\nSubject: {% if city is defined %}{{ city }}{% endif %}\n"
        b"Message-ID: <{{ id }}@x.org>\n\n{{ age|default(3) }} {{ name|upper }} "
        b"{% for n in range(2) %}{{ n }}{% endfor %}"
    )
    assert template.fields == {"name", "email", "city", "id", "age"}
    assert template.required_fields == {"name", "email", "id"}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ann", "Ann"),
        ("Doe, J. (x) <y@z>", '"Doe, J. (x) <y@z>"'),
        ('The "Boss" \\', '"The \\"Boss\\" \\\\"'),
        ("Zoë Łuk", "=?utf-8?b?Wm/DqyDFgXVr?="),
        ("Ольга", "=?utf-8?b?0J7Qu9GM0LPQsA==?="),
        ("=?utf-8?q?x?=", "=?utf-8?b?PT91dGYtOD9xP3g/PQ==?="),
        ("", ""),
    ],
)
@pytest.mark.parametrize(
    "form", ["{{ name }} <{{ email }}>", '"{{ name }}" <{{ email }}>', "{{ name|trim }} <{{email}}>"]
)
def test_display_name_is_one_phrase(name: str, shown: str, form: str) -> None:
    message = rendered(f"To: {form}\n\nx\n", name=name)
    assert message.startswith(f"To: {shown} <ann@example.org>\r\n".replace("To:  <", "To: <").encode())
    to = read(message)["To"].addresses
    assert [(address.display_name, address.addr_spec) for address in to] == [(name, "ann@example.org")]


def test_several_mailboxes_stay_several() -> None:
    message = rendered(
        'Cc: "{{ name }}, too" <{{ email }}>, list@example.org, {{ city }}@example.org,\n'
        '\t"\\"Q\\"" <q@example.org>\n\nx\n'
    )
    found = [(each.display_name, each.addr_spec) for each in read(message)["Cc"].addresses]
    assert found == [
        ("Ann, too", "ann@example.org"),
        ("", "list@example.org"),
        ("", "Rome@example.org"),
        ('"Q"', "q@example.org"),
    ]
    assert all(len(line) <= 76 for line in message.split(b"\r\n"))


def test_address_is_brought_to_its_wire_form() -> None:
    assert rendered("To: {{ email }}\n\nx\n", email=" a@bücher.example ").startswith(
        b"To: a@xn--bcher-kva.example\r\n"
    )


def test_address_outside_ascii_is_utf8() -> None:
    assert rendered("To: x <{{ email }}>\n\nx\n", email="zoë@b").startswith("To: x <zoë@b>\r\n".encode())


@pytest.mark.parametrize("value", ["", "ann", "a@b, c@d", "A <a@b>", "zo\xa0e@b", "a@b\r\nBcc: c@d", "a@b\0"])
def test_value_that_is_no_address_is_refused(value: str) -> None:
    with pytest.raises(RenderError, match="To: "):
        rendered("To: x <{{ email }}>\n\nx\n", email=value)


@pytest.mark.parametrize(
    ("city", "line"),
    [
        ("Rome", b"Subject: In Rome, at last"),
        ("São Paulo", b"Subject: In =?utf-8?q?S=C3=A3o?= Paulo, at last"),
        ("Québec Montréal", b"Subject: In =?utf-8?b?UXXDqWJlYyBNb250csOpYWws?= at last"),
        ("=?x?", b"Subject: In =?utf-8?b?PT94Pyw=?= at last"),
    ],
)
def test_subject_is_encoded_word_by_word(city: str, line: bytes) -> None:
    message = rendered("Subject: In {{ city }}, at last\n\nx\n", city=city)
    assert message.split(b"\r\n")[0] == line
    assert read(message)["Subject"] == f"In {city}, at last"


def test_marks_behind_encoded_words_are_found() -> None:
    message = rendered(
        "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe=2C_{{_name_}}?=\n =?utf-8?b?e3sgY2l0eSB9fQ==?=\n\nx\n"
    )
    assert read(message)["Subject"] == "Grüße, AnnRome"


@pytest.mark.parametrize("value", ["x\r\nBcc: a@b", "x\ny", "x\ry", "x\0y", "x\x1by", "\ud800"])
@pytest.mark.parametrize(
    "form", ["Subject: {{ x }}", "To: {{ x }} <a@b>", "Subject: {{ x|trim }}", "List-Id: {{ x }}"]
)
def test_value_with_control_characters_is_refused_in_headers(form: str, value: str) -> None:
    with pytest.raises(RenderError):
        rendered(f"{form}\n\nx\n", x=value)


@pytest.mark.parametrize("value", ["a b", "a>, <mailto:x@y", "<", "ü", "\u00a0"])
@pytest.mark.parametrize("mark", ["{{ x }}", "{{ x|string }}"])
def test_value_cannot_leave_its_angle_brackets(value: str, mark: str) -> None:
    form = f"List-Unsubscribe: <https://x.org/{mark}>\n\nx\n"
    assert rendered(form, x="a,b?c=d").startswith(b"List-Unsubscribe: <https://x.org/a,b?c=d>\r\n")
    with pytest.raises(RenderError, match="List-Unsubscribe: "):
        rendered(form, x=value)


def test_missing_field_is_refused_plain_or_not() -> None:
    for mark in ("{{ age }}", "{{ age + 1 }}", "{{ name.first.second }}"):
        for form in (f"Subject: {mark}\n\nx\n", f"Subject: x\n\n{mark}\n"):
            with pytest.raises(RenderError):
                rendered(form)


def test_sandbox_holds() -> None:
    with pytest.raises(RenderError):
        rendered("Subject: x\n\n{{ name.__class__.__mro__ }}\n")
    with pytest.raises(RenderError):
        rendered("Subject: x\n\n{{ range(10000000)|list }}\n")


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        ("Subject: {{ name\n\nx\n", "m.eml:1: Subject: "),
        ("X: y\nSubject: {{ name|nofilter }}\n\nx\n", "m.eml:2: Subject: No filter named 'nofilter'."),
        ("Subject: x\n\none\n{% if name %}\nthree\n", "m.eml:4: text/plain part: "),
        ("Subject: x\n\none\ntwo {{ 3 3 }}\n", "m.eml:4: text/plain part: "),
        (
            "Content-Type: text/{{ name }}\n\nx\n",
            "m.eml:1: Content-Type: no fields are possible in this header field",
        ),
        ("X: y\nMIME-Version: {{ name }}\n\nx\n", "m.eml:2: MIME-Version: no fields"),
        ("To: Friends: {{ email }};\n\nx\n", "m.eml:1: To: `:` beside fields"),
        ("To: {{ name }} <a@b> <c@d>\n\nx\n", "m.eml:1: To: two addresses"),
        ("To: {{ name }} <a>\n\nx\n", "m.eml:1: To: `a`: address without @"),
        ("To: {{ name }} <a@b\n\nx\n", "m.eml:1: To: `<` beside fields"),
        (
            "Content-Type: text/plain; charset=nonsense\n\n{{ name }}\n",
            "m.eml:3: text/plain part: fields in text that",
        ),
        (
            "Content-Type: text/plain; charset=ascii\n\n\u00e4{{ name }}\n",
            "m.eml:3: text/plain part: fields in text that",
        ),
        (
            "Content-Transfer-Encoding: quoted-printable\n\none=\ntwo\n{% if=20%}\n",
            "m.eml:3: text/plain part: Expected an expression, got 'end of statement block' (line 2 of",
        ),
    ],
)
def test_faults_of_a_template_are_found_at_once_with_their_line(message: str, fault: str) -> None:
    with pytest.raises(JobError) as caught:
        Template(message.encode(), "m.eml")
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].startswith(fault)


def test_all_faults_of_a_template_are_told() -> None:
    with pytest.raises(JobError) as caught:
        Template(b"Subject: {{\nMIME-Version: {{ x }}\n\n{% if %}\n", "m.eml")
    assert [problem[:8] for problem in caught.value.problems] == ["m.eml:4:", "m.eml:1:", "m.eml:2:"]


IMAGE = bytes(range(256)) + b"{{ name }}{% if %}"


def multipart(encoding: str, text: str, html: str) -> bytes:
    message = EmailMessage(policy=email.policy.SMTP)
    message["Subject"] = "x"
    message.set_content(text, cte=encoding)
    message.add_alternative(html, subtype="html", cte=encoding)
    list(message.iter_parts())[1].add_related(IMAGE, "image", "png", cid="<i@x>")
    message.add_attachment("{{ not a field }}", subtype="plain", filename="a.txt")
    return message.as_bytes()


@pytest.mark.parametrize("encoding", ["8bit", "quoted-printable", "base64"])
@pytest.mark.parametrize(
    "mark", ["{{ city }}", "{{ city|trim }}", "{% for c in [city] %}{{ c }}{% endfor %}"]
)
def test_parts_keep_their_encoding_and_their_neighbours(encoding: str, mark: str) -> None:
    text = f"Grüße aus\n{mark}\n.\nFrom here = there \n{'long ' * 40}\n-- \nend\n"
    html = f"<p>Grüße aus <b>{mark}</b> & more\n</p>\n"
    source = multipart(encoding, text, html)
    city = "<São Paulo> & =C3=A3 % --x"
    message = Template(source).render({"city": city})
    parts = [part for part in read(message).walk() if not part.is_multipart()]
    assert [part.get_content_type() for part in parts] == [
        "text/plain",
        "text/html",
        "image/png",
        "text/plain",
    ]
    assert [part["Content-Transfer-Encoding"] for part in parts[:2]] == [encoding] * 2
    assert parts[0].get_content().replace("\r\n", "\n") == text.replace(mark, city)
    assert parts[1].get_content().replace("\r\n", "\n") == html.replace(
        mark, "&lt;São Paulo&gt; &amp; =C3=A3 % --x"
    )
    image_at = source.index(b"Content-Type: image/png")
    assert message[message.index(b"Content-Type: image/png") :] == source[image_at:]
    assert parts[3].get_content().strip() == "{{ not a field }}"
    if encoding != "8bit":
        assert all(len(line) <= 78 for line in message.split(b"\r\n") if not line.startswith(b"Content-Type"))


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ("Content-Type: text/plain; charset=iso-8859-1;\r\n format=flowed\r\n", b"\xe4 {{ name }}\r\n"),
        (
            "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 7bit\r\n",
            b"\xe4 {{ name }}\r\n",
        ),
        ("Content-Transfer-Encoding: 8bit\r\n", b"\xc3\xa4 {{ name }}\r\n"),
        (
            "Content-Type: TEXT/plain\r\nContent-Transfer-Encoding: Base64\r\n",
            encodebytes(b"\xc3\xa4 {{ name }}\r\n"),
        ),
        (
            "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n",
            b"=E4 {{ name=\r\n }}\r\n",
        ),
    ],
)
def test_text_of_any_label_becomes_utf8(headers: str, body: bytes) -> None:
    message = Template(f"Subject: x\r\n{headers}\r\n".encode() + body).render({"name": "Łuk"})
    part = read(message)
    assert not part.defects
    assert part["MIME-Version"] == "1.0"
    assert part.get_content_charset() == "utf-8"
    assert part.get_content() == "ä Łuk\r\n"
    head = message.partition(b"\r\n\r\n")[0]
    assert head.isascii()
    assert head.lower().count(b"content-type:") == 1


def test_line_ends_of_the_source_do_not_matter() -> None:
    source = "Subject: {{ name }}\nX: y\n\none\n{{ name }}\n"
    assert Template(source.encode()).render(ANN) == Template(source.replace("\n", "\r\n").encode()).render(
        ANN
    )


def test_message_of_headers_alone_is_rendered() -> None:
    assert rendered("Subject: {{ name }}") == b"Subject: Ann\r\n"


def test_headers_of_parts_take_no_fields() -> None:
    source = "Content-Type: multipart/mixed; boundary=b\n\n--b\nX: {{ name }}\n\nx\n--b--\n"
    with pytest.raises(JobError, match=":4: X: no fields are possible in the header of a part"):
        Template(source.encode())


def test_attached_message_is_not_looked_at() -> None:
    source = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n{{ preamble }}\r\n"
        b"--b\r\nContent-Type: message/rfc822\r\n\r\n"
        b"Subject: {{ name }}\r\n\r\n{{ name }}\r\n--b--\r\n{{ epilogue }}\r\n"
    )
    template = Template(source)
    assert template.fields == set()
    assert template.render({}) == source


BOUNDARY_SOURCE = (
    "Content-Type: multipart/mixed; boundary=bb\n\n--bb\nContent-Transfer-Encoding: {}\n\n{}\n--bb--\n"
)


@pytest.mark.parametrize("encoding", ["8bit", "quoted-printable"])
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ x }}", "--bb"),
        ("{{ x }}", "--bb--"),
        ("one\n{{ x }} y", "--bb"),
        ("--{{ x }}", "bb"),
        ("-{{ x|trim }}", "-bb\n\ny"),
    ],
)
def test_value_that_makes_a_boundary_line_is_refused(encoding: str, text: str, value: str) -> None:
    template = Template(BOUNDARY_SOURCE.format(encoding, text).encode())
    assert b"--b ok" in template.render({"x": "--b ok"}) or "-{{" in text
    with pytest.raises(RenderError, match="boundary"):
        template.render({"x": value})


VALUE = st.text(alphabet='aé-b=?.,<>@"\\ \t\r\n\0%{}:;ø\u2028\ud800', max_size=12) | st.text(max_size=20)
SOURCE = (
    'From: "{{ a }}" <l@x.org>\nTo: {{ a }} {{ b }} <r@x.org>\nSubject: {{ a }} and {{ b }}\n'
    "X-Id: {{ b|string }}\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=bb\n\n"
    "--bb\nContent-Transfer-Encoding: %s\n\n%s\n"
    "--bb\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: %s\n\n"
    "<p>{{ a }}\n{{ b }}</p>\n--bb--\n"
)
TEMPLATES = [
    Template((SOURCE % (encoding, text, encoding)).encode())
    for encoding in ("8bit", "quoted-printable")
    for text in ("{{ a }}\n{{ b }}", "{{ a|string }}\n{{ b|string }}")
]


@settings(max_examples=300, deadline=None)
@given(VALUE, VALUE, st.sampled_from(TEMPLATES))
def test_no_value_adds_a_header_an_address_or_a_part(a: str, b: str, template: Template) -> None:
    try:
        message = template.render({"a": a, "b": b})
    except RenderError:
        return
    head, _, body = message.partition(b"\r\n\r\n")
    assert head.isascii()
    assert b"\0" not in message
    assert message.count(b"\n") == message.count(b"\r\n") == message.count(b"\r")
    names = [line.partition(b":")[0] for line in head.split(b"\r\n") if line[:1] not in b" \t"]
    assert names == [b"From", b"To", b"Subject", b"X-Id", b"MIME-Version", b"Content-Type"]
    assert all(line.strip() for line in head.split(b"\r\n"))
    assert [line for line in body.split(b"\r\n") if line.startswith(b"--bb")] == [b"--bb", b"--bb", b"--bb--"]
    parsed = read(message)
    assert [each.addr_spec for each in parsed["From"].addresses] == ["l@x.org"]
    assert [each.addr_spec for each in parsed["To"].addresses] == ["r@x.org"]
    assert len(list(parsed.walk())) == 3


def decoded(message: bytes, name: str) -> str:
    """As mail programs show it. (The newer half of the email package puts blanks between encoded words.)"""
    raw = str(email.message_from_bytes(message)[name]).replace("\r\n", "").replace("\n", "")
    return str(email.header.make_header(email.header.decode_header(raw)))


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="aZ9 é=?_.,øЖ字😀-", max_size=300).map(lambda text: " ".join(text.split())))
def test_text_in_a_header_is_read_back_as_it_was(text: str) -> None:
    message = rendered("Subject: {{ x }}\nTo: {{ x }} <a@b.c>\n\nx\n", x=text)
    head = message.partition(b"\r\n\r\n")[0]
    assert all(len(line) <= 76 or b" " not in line.strip() for line in head.split(b"\r\n"))
    assert decoded(message, "Subject").split() == text.split()
    name, _, address = decoded(message, "To").rpartition("<")
    assert name.strip(' "').split() == text.split()
    assert address == "a@b.c>" or not text


def test_example_newsletter_renders_for_every_reader() -> None:
    job = jobfile.load(EXAMPLE)
    assert job.rendering is not None
    assert job.verp is not None
    domains = set()
    count = 0
    for good, bad in rows.read(job.recipients, job.fields_format):
        assert bad == []
        for _, address, domain, _, packed in good:
            count += 1
            domains.add(domain)
            fields = job.fields_format.unpack(address, packed)
            message = job.rendering.render(fields)
            assert job.verp.render(fields) == f"bounces+{address.replace('@', '=')}@garden.example.com"
            if count % 100 == 0:
                parsed = read(message)
                assert parsed["To"].addresses[0].display_name == fields["name"]
                text = parsed.get_body(("plain",))
                html = parsed.get_body(("html",))
                assert text is not None
                assert html is not None
                assert f"spring has come to {fields['city']}," in text.get_content()
                assert f"leave/{fields['token']}" in html.get_content()
                assert [part.get_content_type() for part in parsed.walk()].count("image/png") == 1
    assert count >= 2000
    assert len(domains) == 100
