"""`fastsmtp conf` against Postfix's postconf: the same main.cf, the same lines."""

import os
import re
import shutil
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fastsmtp.cli.main import main

POSTCONF = shutil.which("postconf", path="/usr/sbin:/usr/bin:/sbin:/bin")

pytestmark = [pytest.mark.peer, pytest.mark.skipif(POSTCONF is None, reason="postconf is not installed")]

FILES = sorted((Path(__file__).parents[1] / "data" / "main.cf").glob("*.cf"))
LONG = "a.example.com, b.example.com  c.example.com d.example.com,e.example.com f.example.com g.example.com"

AGREED = {
    "empty file": "",
    "comments alone": "# nothing\n\n   # here\n",
    "plain": "relayhost = [mx.example]:25\n",
    "no blanks": "relayhost=[mx.example]:25\n",
    "outer blanks": "relayhost   =\t [mx.example]:25  \t\n",
    "inner blanks": "relay_domains = a   b\t\tc\n",
    "empty value": "relayhost =\n",
    "no final newline": "relayhost = x",
    "continuation": "relay_domains = a\n  b\n\tc\n",
    "comment in a continuation": "relay_domains = a\n # indented\n  b\n\n# column one\n\tc\nrelayhost = x\n",
    "blank line in a continuation": "relay_domains = a\n   \n  b\n",
    "carriage returns": "relayhost = x\r\nrelay_domains = a\r\n  b\r\n",
    "second equals sign": "smtp_tls_policy_maps = inline:{ a=b }\n",
    "hash is no comment": "smtp_helo_name = x # y\n",
    "twice": "relayhost = a\nrelayhost = b\n",
    "twice the same": "relayhost = a\nrelayhost = a\n",
    "later definition": "relayhost = $mine\nmine = later\n",
    "indented first line": "  relayhost = a\n  more\nrelay_domains = b\n",
    "nested names": "a = $b\nb = ${c}\nc = $(d)\nd = end\nrelayhost = $a\n",
    "dollar": "relayhost = a$$b $$c\n",
    "unused": "relayhost = a\nnobody_asks = b\n",
    "name next to text": "x = 1\nrelayhost = ${x}a$x-b$x.c\n",
    "blanks in a reference": "x = 1\nrelayhost = ${ x }|$( x )\n",
    "if set": "x = 1\nrelayhost = ${x?yes}|${nope?yes}\n",
    "if unset": "x = 1\nrelayhost = ${x:no}|${nope:no}\n",
    "empty counts as unset": "x =\nrelayhost = ${x?yes}${x:no}\n",
    "text that comes to nothing counts as set": "x = $nope\nrelayhost = ${x?yes}${x:no}\n",
    "no ternary without braces": "x = 1\nrelayhost = ${x?a:b}|${nope?a:b}\n",
    "ternary": "x = 1\nrelayhost = ${x?{a}:{b}}|${nope?{a}:{b}}\n",
    "ternary with blanks": "x = 1\nrelayhost = |${ x ? { a } : { b } }|${nope ? {a} : {b c} }|\n",
    "ternary with a bare end": "x = 1\nrelayhost = |${nope?{a}: b}|\n",
    "empty operands": "x = 1\nrelayhost = |${x?{}:{b}}|${x?}|${nope:}|\n",
    "nested ternary": "x = 1\nrelayhost = ${x?{${nope?{a}:{${x?{in{n}er}}}}}:{c}}\n",
    "brace ends early": "x = 1\nrelayhost = ${x?a}b}\n",
    "numbers": "relayhost = ${{10} > {9}?{n}:{s}}|${{10} > {9a}?{n}:{s}}|${{01} == {1}?{n}:{s}}\n",
    "comparison alone": "relayhost = |${{a} == {a}}|${{a} != {a}}|\n",
    "comparison of names": "x = 1\nrelayhost = ${{$x} == {1}?{same}:{other}}\n",
    "blanks in a comparison count": "relayhost = |${{ a } == {a}?{same}:{other}}|\n",
    "every operator": "relayhost = |${{a} < {b}}|${{a} <= {b}}|${{a} >= {b}}|${{a} > {b}}|${{a}!={b}}|\n",
    "levels": "relayhost = ${{3.6} <level {3.10}?{l}:{n}}|${{3.6} < {3.10}?{l}:{n}}|${{3}==level{3.0}?l}\n",
    "compatibility level": "compatibility_level = 3.6\nrelayhost = ${{$compatibility_level} >=level {3}?n}\n",
    "default of a parameter": "smtp_sasl_tls_security_options = $smtp_sasl_security_options\n",
    "host name": "myhostname = mail.example.com\nsmtp_helo_name = $myhostname $mydomain\n",
    "host name without a dot": "myhostname = mail\nsmtp_helo_name = $mydomain\n",
    "domain": "mydomain = example.com\nmyhostname = mail.$mydomain\nsmtp_helo_name = $myhostname\n",
    "config_directory": "smtp_tls_CAfile = $config_directory/ca.pem\n",
    "folding": f"relay_domains = {LONG}\n",
    "folding to the column": f"relayhost = {'x' * 60} aaaaaaa b\nrelay_domains = {'x' * 57} aaaaaaa b\n",
    "folding long words": f"relayhost = {'x' * 90} y {'z' * 80} b\n",
    "inline table": "smtp_tls_policy_maps = inline:{ {a  b = c}, d=e }\n",
    "utf-8": "smtp_helo_name = müller\n",
    "unset by hand": "smtp_tls_CAfile =\nsmtp_use_tls = yes\nrelayhost = ${smtp_use_tls?on}\n",
}

REFUSED = {
    "no equals sign": "relayhost x\n",
    "dollar at the end": "relayhost = a$\n",
    "dollar before a blank": "relayhost = a$ b\n",
    "unclosed": "relayhost = ${a\n",
    "closed by the other kind": "relayhost = $(a}\n",
    "bad name": "relayhost = ${a-b}\n",
    "blank in a name": "relayhost = ${a b}\n",
    "text after a ternary": "relayhost = ${a?{x}:{y}z}\n",
    "text after an operand": "x = 1\nrelayhost = ${x?{x}y}\n",
    "second operand of a test for unset": "relayhost = ${a:{x}:{y}}\n",
    "unknown operator": "relayhost = ${{1} ~ {2}}\n",
    "no operator": "relayhost = ${{1}}\n",
    "text after a comparison": "relayhost = ${{1} == {2}x}\n",
    "bad level": "relayhost = ${{3.6} <level {x}}\n",
    "itself": "relayhost = $relayhost\n",
    "circle": "relayhost = $x\nx = $y\ny = $x\n",
}


def postconf(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    assert POSTCONF is not None
    return subprocess.run(
        [POSTCONF, "-c", str(directory), *arguments], capture_output=True, text=True, check=False
    )


def conf(directory: Path, *arguments: str) -> tuple[int, str]:
    with redirect_stdout(StringIO()) as stdout, redirect_stderr(StringIO()):
        status = main(["conf", "-c", str(directory), *arguments])
    return status, stdout.getvalue()


def write(directory: Path, text: str) -> None:
    """A main.cf that is not new: postconf waits until a file that was just saved is a second old."""
    (directory / "main.cf").write_text(text)
    os.utime(directory / "main.cf", (1_000_000_000, 1_000_000_000))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "master.cf").touch()
    return tmp_path


@pytest.mark.parametrize("options", ["-n", "-nx", "-nf"])
@pytest.mark.parametrize("text", AGREED.values(), ids=AGREED)
def test_conf_prints_what_postconf_prints(directory: Path, text: str, options: str) -> None:
    write(directory, text)
    assert conf(directory, options) == (0, postconf(directory, options).stdout)


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_conf_refuses_what_postconf_refuses(directory: Path, text: str) -> None:
    write(directory, text)
    assert postconf(directory, "-nx").returncode != 0
    assert conf(directory, "-nx")[0] == 2


@pytest.mark.parametrize("text", AGREED.values(), ids=AGREED)
def test_what_conf_prints_reads_back_the_same(directory: Path, text: str) -> None:
    write(directory, text)
    printed = conf(directory, "-n")[1]
    (directory / "main.cf").write_text(
        "".join(line for line in printed.splitlines(keepends=True) if not line.startswith("config_directory"))
    )
    assert conf(directory, "-n")[1] == printed


def test_named_parameters_come_in_the_order_asked_for(directory: Path) -> None:
    write(directory, "relayhost = b\nmyhostname = a.example\n")
    names = ["smtp_helo_name", "relayhost", "smtp_helo_timeout", "no_such_name", "mydomain"]
    assert conf(directory, "-x", *names)[1] == postconf(directory, "-x", *names).stdout
    assert (
        conf(directory, "-d", *names)[1].splitlines()[:3]
        == postconf(directory, "-d", *names).stdout.splitlines()[:3]
    )


@pytest.mark.parametrize("options", ["-nh", "-nH", "-nxf", "-nhf"])
def test_columns_are_left_out_alike(directory: Path, options: str) -> None:
    write(directory, f"relay_domains = {LONG}\nmine = 1\nrelayhost = ${{mine}}x\n")
    assert conf(directory, options) == (0, postconf(directory, options).stdout)


def test_override_is_printed_as_set(directory: Path) -> None:
    write(directory, "relayhost = b\n")
    options = ["-n", "-o", "relayhost= c", "-o", "smtp_use_tls=yes"]
    assert conf(directory, *options)[1] == postconf(directory, *options).stdout


# What 3.7 does not know: transports that its master.cf does not have, names of 2.2 that are gone.
NEWER_OR_OLDER = {
    "list_sender.cf": {
        *("bulk_destination_concurrency_limit", "bulk_destination_recipient_limit"),
        *("slow_destination_concurrency_limit", "slow_destination_rate_delay"),
        *("slow_destination_recipient_limit", "slow_initial_destination_concurrency"),
        *("yahoo_destination_concurrency_limit", "yahoo_transport_rate_delay"),
        "gmail_destination_concurrency_failed_cohort_limit",
    },
    "postfix_2_2.cf": {
        *("smtp_connection_cache_reuse_limit", "smtp_skip_4xx_greeting"),
        *("smtp_destination_concurrency_limit", "smtp_destination_recipient_limit"),
    },
}


# Ours stand for all versions; and what the program sets itself.
OWN_DEFAULTS = {
    *(
        "smtputf8_enable",
        "relay_domains",
        "smtp_tls_fingerprint_digest",
    ),  # 3.x asks compatibility_level itself
    "smtp_per_request_deadline",  # an alias here, a reference there
    "smtp_tls_dane_insecure_mx_policy",
    "smtp_tls_connection_reuse",  # Postfix has no process that could keep them
    *("compatibility_level", "config_directory", "process_name", "process_id", "service_name"),
}


def test_defaults_are_those_of_postfix(directory: Path) -> None:
    """Of every parameter that both know, at the level of the version that is installed."""
    write(directory, "")
    version = re.match(r"\d+\.\d+", postconf(directory, "-dh", "mail_version").stdout)
    assert version is not None
    theirs = dict(line.partition(" =")[::2] for line in postconf(directory, "-d").stdout.splitlines())
    ours = dict(
        line.partition(" =")[::2]
        for line in conf(directory, "-d", "-o", f"compatibility_level={version[0]}")[1].splitlines()
    )
    both = (ours.keys() & theirs.keys()) - OWN_DEFAULTS
    assert len(both) > 180
    assert {name: re.split(r"[\s,]+", ours[name].strip()) for name in both} == {
        name: re.split(r"[\s,]+", theirs[name].strip()) for name in both
    }


def remarks(stderr: str) -> set[str]:
    """What is said about names: their kind and text, without the place."""
    kinds = ("unused parameter", "undefined parameter", "overriding earlier entry")
    found = re.findall(rf"(?:{'|'.join(kinds)}): .*", stderr)
    return {re.sub(r" \(\S+:\d+\)$", "", remark) for remark in found}


REMARKED = {
    "unused": "relayhost = a\nnobody_asks = b  c\n",
    "undefined": "relayhost = $nope ${set?x} $(other) ${x:y}\n",
    "undefined in what nobody asks": "odd = $nope\n",
    "overriding": "relayhost = a\nmine = 1\nrelayhost = b\nmine = 2\nsmtp_helo_name = $mine\n",
    "overriding the same": "relayhost = a\nrelayhost = a\n",
    "used by an operand": "mine = 1\nrelayhost = ${nope?$mine}\n",
    "used by a comparison": "mine = 1\nrelayhost = ${{$mine} == {2}?{$other}:{}}\n",
    "used by another that is used": "a = 1\nb = $a\nrelayhost = $b\n",
    "a default refers to it": "smtp_sasl_security_options = noanonymous\n",
    "reference in a dollar": "mine = 1\nrelayhost = $$mine\n",
    "indented first line": "  relayhost = a\nsmtp_helo_name = x\n",
}


@pytest.mark.parametrize("text", REMARKED.values(), ids=REMARKED)
def test_conf_remarks_what_postconf_remarks(directory: Path, text: str) -> None:
    write(directory, text)
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()) as stderr:
        main(["conf", "-c", str(directory), "-n"])
    assert remarks(stderr.getvalue()) == remarks(postconf(directory, "-n").stderr)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
@pytest.mark.parametrize("options", ["-n", "-nf"])
def test_existing_main_cf_prints_as_with_postconf(directory: Path, file: Path, options: str) -> None:
    """What is not about sending has a list of its own, in the same form."""
    write(directory, file.read_text())
    printed = conf(directory, options)[1] + conf(directory, options, "--foreign")[1]
    ours, theirs = entries(printed), entries(postconf(directory, options).stdout)
    assert theirs - ours == set()
    assert {entry.partition(" ")[0] for entry in ours - theirs} == NEWER_OR_OLDER.get(file.name, set())


def entries(printed: str) -> set[str]:
    """Each with its folded lines."""
    return set(re.split(r"\n(?! )", printed.rstrip("\n")))


# relay_domains is none of them: its default asks compatibility_level there, and is empty here
names = st.sampled_from(["relayhost", "smtp_sasl_path", "mine", "other", "x9"])
blanks = st.sampled_from(["", " ", "  ", "\t"])
words = st.sampled_from(["a", "b.example", "[c]:25", "10", "9", "1e", "x=y", "é", "#", "!d,e", "{f}", "-"])


def references(inner: "st.SearchStrategy[str]") -> "st.SearchStrategy[str]":
    operand = inner.map(lambda text: f"{{{text}}}")
    test = st.tuples(names, blanks, st.sampled_from("?:"), inner).map(
        lambda p: f"${{{p[0]}{p[1]}{p[2]}{p[3]}}}"
    )
    choice = st.tuples(names, operand, blanks, operand).map(lambda p: f"${{{p[0]}?{p[1]}{p[2]}:{p[3]}}}")
    sign = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
    order = st.tuples(operand, blanks, sign, operand, operand, operand).map(
        lambda p: f"${{{p[0]}{p[1]}{p[2]}{p[3]}?{p[4]}:{p[5]}}}"
    )
    plain = names.flatmap(lambda name: st.sampled_from([f"${name}", f"${{{name}}}", f"$({name})", "$$"]))
    broken = st.sampled_from(["$", "${", "${mine", "${a-b}", "$(mine}", "${mine?{a}b}"])
    return st.one_of(plain, plain, test, choice, order, inner, broken)


values = st.lists(st.recursive(words, references, max_leaves=6), max_size=3).map(" ".join)
lines = st.one_of(
    st.tuples(names, blanks, blanks, values, blanks).map(lambda p: f"{p[0]}{p[1]}={p[2]}{p[3]}{p[4]}"),
    st.tuples(st.sampled_from([" ", "\t"]), values).map("".join),
    st.sampled_from(["", "  ", "# comment", "  # indented", "mine"]),
)


UNREADABLE = (
    "macro",
    "attribute",
    "expected at",
    "unexpected input",
)  # postconf of a reference it cannot read


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(lines, max_size=8).map("\n".join))
@example("relayhost = ${mine?{$other}:{}}\nmine = $other\nother = $x9")
@example("mine = ${{${}=={a}?{a}:{$(mine}}}")
def test_any_main_cf_prints_or_is_refused_alike(directory: Path, text: str) -> None:
    write(directory, f"compatibility_level = 3.7\nx9 = 1\n{text}")
    theirs = postconf(directory, "-nx")
    status, ours = conf(directory, "-nx")
    if theirs.returncode:
        assert status == 2
    elif any(word in theirs.stderr for word in UNREADABLE):
        assert status in (0, 2)  # in a value that nothing asks for: theirs is not printed
    else:
        assert (status, ours) == (0, theirs.stdout)
