"""Text with fields: plain marks as a format string, all else through Jinja, both to the same effect."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastsmtp.errors import JobError, RenderError
from fastsmtp.render.expression import Mode, Place, Values, compile_text, has_marks, is_plain

PLACE = Place("letter.eml", 3, "Subject")


@pytest.mark.parametrize("text", ["a {{ b", "{%", "{#"])
def test_marks_are_what_jinja_takes_for_marks(text: str) -> None:
    assert has_marks(text)
    assert not has_marks(text[:1] + " " + text[-1:])


@pytest.mark.parametrize("source", ["{{ a }}", "{{a}}x{{ b_1 }}", "100% {{ a }} %s"])
def test_plain_marks_are_plain(source: str) -> None:
    assert is_plain(source)


@pytest.mark.parametrize(
    "source", ["{{ a.b }}", "{{ a|b }}", "{{ none }}", "{{ true }}", "{% if a %}", "{{ a }}{#", "{{- a }}"]
)
def test_all_else_is_not_plain(source: str) -> None:
    assert not is_plain(source)


@given(st.text(alphabet="a% {}<>&\"'é", max_size=10), st.text(alphabet="a%<>&\"'é\t", max_size=10))
def test_plain_text_comes_out_as_from_jinja(literal: str, value: str) -> None:
    if has_marks(literal) or literal.endswith("{"):
        return
    modes: tuple[Mode, ...] = ("text", "html")
    for mode in modes:
        plain = compile_text(f"{literal}{{{{ a }}}}", mode, PLACE)
        jinja = compile_text(f"{literal}{{{{ a|string }}}}", mode, PLACE)
        assert plain.render(Values(a=value)) == jinja.render(Values(a=value))


def test_value_is_made_ready_once_a_message() -> None:
    seen: list[str] = []

    def encode(text: str) -> str:
        seen.append(text)
        return text.upper()

    one = compile_text("x {{ a }}", "text", PLACE, encode)
    other = compile_text("y {{ a }}", "text", PLACE, encode)
    values = Values(a="value")
    assert (one.render(values), other.render(values)) == ("X VALUE", "Y VALUE")
    assert seen.count("value") == 1


@pytest.mark.parametrize("mode", ["text", "html", "angle"])
@pytest.mark.parametrize("source", ["{{ a }}", "{{ a|string }}"])
def test_missing_field_is_named(mode: Mode, source: str) -> None:
    with pytest.raises(RenderError, match=r"Subject: .*a"):
        compile_text(source, mode, PLACE).render(Values(b=1))


def test_fault_is_on_its_own_line() -> None:
    with pytest.raises(JobError, match=r"letter\.eml:5: Subject: "):
        compile_text("one\r\ntwo\r\n{{ a b }}", "text", PLACE)
    with pytest.raises(JobError, match=r"letter\.eml:3: Subject: .* \(line 2 of the decoded text\)"):
        compile_text("one\r\n{{ a b }}", "text", PLACE._replace(is_decoded=True))


def test_jinja_is_not_loaded_for_plain_marks() -> None:
    script = (
        "import sys\nfrom fastsmtp.render.template import Template\n"
        "assert Template(b'Subject: {{ a }}\\n\\n{{ a }}\\n').render({'a': 1}).endswith(b'1\\r\\n')\n"
        "sys.exit('jinja2' in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
