"""A job file without fault becomes a Job; one with faults names every one, with its line."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fastsmtp.errors import JobError
from fastsmtp.job import jobfile
from fastsmtp.mail.fields import FieldsFormat

GOOD = """\
sender = "bounces@news.example.com"
message = "letter.eml"
recipients = "list.csv"
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a job file next to a message and a list."""
    (tmp_path / "letter.eml").write_text("From: a@b.c\nSubject: Hello\n\nHello\n")
    (tmp_path / "list.csv").write_text("email,name\nann@example.org,Ann\n")

    def write_job(text: str) -> Path:
        path = tmp_path / "november.toml"
        path.write_text(text)
        return path

    return write_job


def problems(path: Path) -> list[str]:
    with pytest.raises(JobError) as caught:
        jobfile.load(path)
    return [problem.replace(f"{path.parent}/", "") for problem in caught.value.problems]


def test_job_has_the_defaults_of_the_design(write: Write, tmp_path: Path) -> None:
    job = jobfile.load(write(GOOD))
    assert job.name == "november"
    assert job.sender == "bounces@news.example.com"
    assert job.message == tmp_path / "letter.eml"
    assert job.content == (tmp_path / "letter.eml").read_bytes()
    assert job.recipients == tmp_path / "list.csv"
    assert (job.template, job.duplicates, job.priority) == ("none", "skip", 0)
    assert (job.start, job.max_age, job.verp) == (None, None, None)
    assert job.settings == {}
    assert job.fields_format == FieldsFormat()


def test_job_has_what_its_file_says(write: Write) -> None:
    job = jobfile.load(
        write(
            GOOD
            + """
name = "a.b-c_1"
duplicates = "allow"
priority = -3
start = 2026-12-01T09:00:00Z
max_age = "2d"
[settings]
relayhost = "[relay.example.com]:587"
smtp_destination_concurrency_limit = 40
smtp_use_tls = true
smtp_skip_5xx_greeting = false
feedback = 0.5
"""
        )
    )
    assert (job.name, job.duplicates, job.priority) == ("a.b-c_1", "allow", -3)
    assert job.start == datetime(2026, 12, 1, 9, tzinfo=UTC)
    assert job.max_age == 2 * 86400
    assert job.settings == {
        "relayhost": "[relay.example.com]:587",
        "smtp_destination_concurrency_limit": "40",
        "smtp_use_tls": "yes",
        "smtp_skip_5xx_greeting": "no",
        "feedback": "0.5",
    }


@pytest.mark.parametrize(
    ("text", "sender"),
    [("", ""), ("a..b@example.org", '"a..b"@example.org'), ("a@bücher.example", "a@xn--bcher-kva.example")],
)
def test_sender_is_kept_in_wire_form(write: Write, text: str, sender: str) -> None:
    assert jobfile.load(write(GOOD.replace("bounces@news.example.com", text))).sender == sender


def test_sender_with_fields_has_them_packed(write: Write) -> None:
    job = jobfile.load(write(GOOD.replace("bounces@", "b+{{ name }}-{{email}}@")))
    assert job.verp is not None
    assert job.verp.fields == {"name", "email"}
    assert job.fields_format == FieldsFormat("columns", ("name",))


def test_template_is_compiled_and_its_fields_are_packed(write: Write, tmp_path: Path) -> None:
    (tmp_path / "letter.eml").write_text("To: {{ name }} <{{ email }}>\n\n{{ city|default('x') }}\n")
    (tmp_path / "list.csv").write_text("age,name,city,email\n")
    job = jobfile.load(write(f'{GOOD}template = "jinja"\n'))
    assert job.fields_format == FieldsFormat("columns", ("name", "city"))
    assert job.rendering is not None
    assert job.rendering.render({"name": "Ann", "email": "a@b"}).startswith(b"To: Ann <a@b>\r\n")
    assert jobfile.load(write(GOOD)).rendering is None


def test_field_that_the_list_lacks_is_named_unless_it_may_be_missing(write: Write, tmp_path: Path) -> None:
    (tmp_path / "letter.eml").write_text("Subject: {{ city }}\n\n{{ name }} {{ age|default(3) }}\n")
    assert problems(write(f'{GOOD}template = "jinja"\n')) == [
        "november.toml:2: message: asks for the field `city`; expected one of the list's: `email`, `name`"
    ]
    (tmp_path / "list.jsonl").write_text('{"email": "a@b"}\n')
    job = jobfile.load(write(GOOD.replace("list.csv", "list.jsonl") + 'template = "jinja"\n'))
    assert job.fields_format == FieldsFormat("json")


def test_fault_in_the_template_is_named_with_its_line(write: Write, tmp_path: Path) -> None:
    (tmp_path / "letter.eml").write_text("Subject: x\n\none\n{% if %}\n")
    found = problems(write(f'{GOOD}template = "jinja"\n'))
    assert len(found) == 1
    assert found[0].startswith("letter.eml:4: text/plain part: Expected an expression")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("name = 3", "name: 3; expected letters, digits"),
        ('name = "../x"', 'name: "../x"; expected letters, digits'),
        ('name = ".hidden"', 'name: ".hidden"; expected letters, digits'),
        (f'name = "{"x" * 101}"', "name: "),
        ('sendr = "x"', "sendr: unknown key; is `sender` meant?"),
        ("zzz = 1", "zzz: unknown key; expected one of name, sender, message"),
        ('template = "mustache"', 'template: "mustache"; expected "none" or "jinja"'),
        ("duplicates = true", 'duplicates: true; expected "skip" or "allow"'),
        ("priority = true", "priority: true; expected a whole number from -1000 to 1000"),
        ("priority = 1.5", "priority: 1.5; expected a whole number"),
        ("priority = 1001", "priority: 1001; expected a whole number"),
        ("start = 2026-12-01T09:00:00", "start: 2026-12-01 09:00:00; expected a moment with its offset"),
        ("start = 2026-12-01", "start: 2026-12-01; expected a moment"),
        ('start = "tomorrow"', 'start: "tomorrow"; expected a moment'),
        ("max_age = 2", "max_age: 2; expected a time with its unit"),
        ('max_age = "2"', 'max_age: "2"; expected a time with its unit'),
        ('max_age = "0d"', 'max_age: "0d"; expected a time'),
        ('max_age = "2 years"', 'max_age: "2 years"; expected a time'),
        ("settings = 1", "settings: 1; expected a table"),
        ('settings = { "a b" = 1 }', "a b: no parameter's name"),
        ("settings = { a = [1] }", "a: a list; expected text, a number, true or false"),
        ("settings = { a = nan }", "a: nan; expected text"),
        ("settings = { a = { b = 1 } }", "a: a table; expected text"),
        ('settings = { a = "x\\ny" }', "a: text of several lines; expected text"),
        ("[setings]", "setings: unknown key; is `settings` meant?"),
    ],
)
def test_wrong_key_or_value_is_named_with_its_line(write: Write, line: str, problem: str) -> None:
    found = problems(write(f"{GOOD}\n# a comment\n{line}\n"))
    assert len(found) == 1
    assert found[0].startswith(f"november.toml:6: {problem}")


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("sender", "3", 'sender: 3; expected an address, ""'),
        ("sender", '"bounces"', "sender: `bounces`: address without @; expected an address"),
        ("sender", '"{{ a|b }}@c"', "sender: `{{ a|b }}@c`: only plain fields"),
        ("sender", '"{{ name }}"', "sender: `{{ name }}` makes no address"),
        (
            "sender",
            '"{{ age }}@c"',
            "sender: asks for the field `age`; expected one of the list's: `email`, `name`",
        ),
        ("message", '""', 'message: ""; expected the path'),
        ("message", "true", "message: true; expected the path"),
        (
            "message",
            '"none.eml"',
            "message: none.eml cannot be read (No such file or directory); expected",
        ),
        ("message", '"."', "message: "),
        ("recipients", "[]", "recipients: a list; expected the path"),
        (
            "recipients",
            '"list.xls"',
            "recipients: list.xls; expected a name in .csv, .jsonl or .txt",
        ),
        (
            "recipients",
            '"none.csv"',
            "recipients: none.csv cannot be read (No such file or directory); expected a .csv",
        ),
    ],
)
def test_wrong_sender_message_or_list_is_named(write: Write, key: str, value: str, problem: str) -> None:
    lines = [f"{key} = {value}" if line.startswith(key) else line for line in GOOD.splitlines()]
    found = problems(write("\n".join(lines)))
    assert len(found) == 1
    assert found[0].startswith(
        f"november.toml:{['sender', 'message', 'recipients'].index(key) + 1}: {problem}"
    )


def test_every_fault_is_reported_at_once_in_order(write: Write, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("mail,name\n")
    (tmp_path / "letter.eml").write_text("Hello Ann,\n\nHello\n")
    text = GOOD.replace("bounces@news.example.com", "x")
    found = problems(write(f"prority = 1\n{text}start = 1\n[settings]\na = []\n"))
    assert [problem.partition(" ")[0] for problem in found] == [
        "november.toml:1:",
        "november.toml:2:",
        "november.toml:5:",
        "november.toml:7:",
        "letter.eml:1:",
        "list.csv:1:",
    ]


def test_missing_keys_are_named(write: Write) -> None:
    found = problems(write("priority = 1\n"))
    assert [problem.split("; ")[0] for problem in found] == [
        "november.toml:1: sender: missing",
        "november.toml:1: message: missing",
        "november.toml:1: recipients: missing",
    ]


def test_file_whose_stem_is_no_name_asks_for_one(write: Write, tmp_path: Path) -> None:
    path = write(GOOD).rename(tmp_path / "my job.toml")
    assert problems(path)[0].startswith(
        "my job.toml:1: name: missing, and the file's own `my job` will not do"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("sender = \n", "november.toml:1: not TOML: Invalid value"),
        (f"{GOOD}sender = 1\n", "november.toml:4: not TOML: Cannot overwrite a value"),
        ('a = 1\nb = """x', "november.toml:2: not TOML: "),
        ("a = 1\nb", "november.toml:2: not TOML: "),
    ],
)
def test_broken_toml_is_named_with_its_line(write: Write, text: str, problem: str) -> None:
    found = problems(write(text))
    assert len(found) == 1
    assert found[0].startswith(problem)


def test_job_file_that_cannot_be_read_is_named(write: Write, tmp_path: Path) -> None:
    assert problems(tmp_path / "none.toml") == ["none.toml: cannot be read: No such file or directory"]
    path = write("")
    path.write_bytes(b'name = "\xff"')
    assert problems(path) == ["november.toml: not UTF-8 at octet 9; expected TOML, which is"]


@pytest.mark.parametrize(
    "content", [b"", b"\n\nHello", b"From a@b.c Mon\n", b"Hello: x".replace(b"llo", b"l lo"), b"\xffa: b\n"]
)
def test_message_without_headers_is_refused(write: Write, tmp_path: Path, content: bytes) -> None:
    path = write(GOOD)
    (tmp_path / "letter.eml").write_bytes(content)
    assert problems(path) == [
        "letter.eml:1: no header; expected an RFC 5322 message, which begins with headers"
    ]
