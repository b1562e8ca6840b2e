"""`fastsmtp conf` against Postfix's postconf: the same main.cf, the same lines."""

import os
import shutil
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from fastsmtp.cli.main import main

POSTCONF = shutil.which("postconf", path="/usr/sbin:/usr/bin:/sbin:/bin")

pytestmark = [pytest.mark.peer, pytest.mark.skipif(POSTCONF is None, reason="postconf is not installed")]

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
