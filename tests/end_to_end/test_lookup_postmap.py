"""`fastsmtp lookup` against Postfix's postmap -q: the same table, the same key, the same answer."""

import os
import sqlite3
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from fastsmtp.cli.main import main
from tests.support.postfix import age, silent_configuration
from tests.support.postmap import POSTMAP, lookup, postmap_each, types

pytestmark = [pytest.mark.peer, pytest.mark.skipif(POSTMAP is None, reason="postmap is not installed")]

REFERENCES = {
    "static:text": ["x", "X y"],
    "static:{ a  b }": ["x"],
    "static:": ["x"],
    "fail:x": ["x"],
    "nope:x": ["x"],
    "inline:{ x=y, { X1 = v  w } }": ["x", "X", "x1", "y"],
    "inline:{ x = y }": ["x"],
    "inline:{}": ["x"],
    "inline:x=y": ["x"],
    "inline:{ x= }": ["x"],
    "inline:{x=1, x=2}": ["x"],
    "inline:{ {a b = c} }": ["a b"],
    "inline:{ {k c} }": ["k"],
    "inline:{k=$x}": ["k"],
    "unionmap:{static:one,inline:{x=two}}": ["x", "y"],
    "unionmap:{inline:{x=two}}": ["x", "y"],
    "unionmap:{static:a, fail:x}": ["x"],
    "unionmap:{}": ["x"],
    "unionmap:x": ["x"],
    "pipemap:{inline:{x=y},inline:{y=z}}": ["x", "y"],
    "pipemap:{inline:{x=y},fail:z}": ["x", "w"],
    "pipemap:{static:a,inline:{a={b c}}}": ["x"],
    "randmap:{a}": ["x"],
    "randmap:{}": ["x"],
    "randmap:a": ["x"],
    "texthash:/no/such/file": ["x"],
    "regexp:/no/such/file": ["x"],
    "regexp:{ {/fo+/ bar}, {!/x/ not $$x} }": ["foo", "x", "y", "FOO"],
    "regexp:{{/f(o+)/ b$1}}": ["foo", "fx"],
    "regexp:{/foo/ bar}": ["foo"],
    "cidr:{ {1.2.3.0/24 yes}, {0.0.0.0/0 no} }": ["1.2.3.4", "4.3.2.1", "::1"],
}

# fmt: off
FILES: dict[str, tuple[str, list[str]]] = {
    "texthash": (
        'KEY   value  one \n# c\nk2 v2\n  cont\n"a b"@x quoted\nesc\\ aped v3\nnovalue\nalias: a\n'
        'k3\t v\n\t in\nbad"quote v\nmüller umlaut\n  # c\n\nlast l',
        [
            "key", "KEY", "k2", '"a b"@x', "a b@x", "esc\\ aped", "novalue", "alias:", "alias", "k3",
            "nope", "last", "müller", "bad",
        ],
    ),
    "texthash plain": (
        "a 1\nB\t2 3 \n# x\n\nc  3",
        [
            "a", "b", "B", "c", "#", "d",
        ],
    ),
    "texthash indented start": (
        "  a 1\n more\nb 2\n",
        [
            "a", "b", "more",
        ],
    ),
    "texthash empty": (
        "",
        [
            "a",
        ],
    ),
    "regexp": (
        "/^abc$/i CASE\n/^abc$/ nocase\n/^(a+)(b*)x/ $1-$2-${1}-$(2)-$$\n!/^q/i notq $1\nif /^q/\n"
        "/^q1/ one\nif !/^q2/\n/^q3/ three\nendif\n/^q/ qq\nendif\n/bad(/ x\n/^z/k flag\nz\n"
        "|pipe|slash ok\n/[[:digit:]]{3}/ three   digits  \n/(a)(b)?c/ [$2]\n/w$/   $9\n/k/ $name\n"
        "/e\\/f/ esc\n/h/iz y\n",
        [
            "abc", "ABC", "aabbx", "q1", "q2", "q3", "Q", "abd", "z", "pipe", "a123", "ac", "abc1", "w",
            "k", "e/f", "xq", "h", "zz",
        ],
    ),
    "regexp lines": (
        "/a.c/m m\n/a.c/ dot\n/^b/m line\n/d$/ end\n",
        [
            "abc", "a\nc", "x\nb", "d\n", "d", "xd",
        ],
    ),
    "regexp basic": (
        "/^\\(x\\)y/x basic $1\n/^a\\{2\\}b/x two\n/^c|d$/x bar\n/^(e)/x paren\n/^g\\|^h/x alt\n",
        [
            "xy", "XY", "aab", "aaab", "c|d", "c", "(e)", "e", "g", "h",
        ],
    ),
    "regexp brackets": (
        "/^[]a]$/ close\n/^[^]b]1$/ notclose\n/^[a\\]2$/ backslash\n/^[a-]3$/ dash\n"
        "/^[[.x.]-z]4$/ range\n/^[[:alpha:][:digit:]_]5$/ classes\n/^[[:nope:]]6$/ bad\n"
        "/^[+--]7$/ plus\n/^[&&|~]8/ set\n/^[[]9/ open\n",
        [
            "]", "a", "]1", "b1", "c1", "a2", "\\2", "-3", "x4", "y4", "w4", "g5", "_5", "-5", "a6", ",7",
            "+7", "&8", "[9",
        ],
    ),
    "regexp repeats": (
        "/^a*?$/ lazy\n/^(b|c)++$/ twice\n/^d{2}$/ two\n/^e{2,}$/ more\n/^f{,2}$/ upto\n/^*g/ star\n"
        "/^(ab)*\\1h/ ref\n/+i/ plus\n/j**k/ stars\n",
        [
            "", "aa", "bcb", "dd", "ddd", "eee", "e", "ff", "fff", "*g", "g", "ababh", "h", "i", "+i",
            "jjk", "k",
        ],
    ),
    "regexp words": (
        "/\\<one\\>/ word\n/\\bt\\w+o\\b/ two\n/a\\.b/ dot\n/\\$x/ dollar\n",
        [
            "one", "a one b", "none", "two", "a too b", "stwo", "a.b", "axb", "$x",
        ],
    ),
    "pcre": (
        "/^abc$/i CASE\n/^abc$/ nocase\n/^(?<n>a+)x/ $1\n/^b(?:c|d)+e$/ group\n/^f(?=g)/ ahead\n"
        "/^h\\d+$/ digits\n/^i\\Qa.b\\E$/ quoted\n/^[[:alpha:]]1$/ class\n/^[]x]2$/ bracket\n"
        "/^ j k /x verbose\n/l.m/s nodot\n/l.m/ dot\n/^n$/E end\n/o/A anchored\n/^p(?-i)q|^v/ inner\n"
        "/^w((?-i)a|b)c$/ scope\n/^r\\h+s/ blanks\n/bad(/ x\n/u\\z/ z\n!/^[a-z]/ other\n",
        [
            "abc", "ABC", "aax", "bcde", "fg", "h12", "ia.b", "iaxb", "g1", "]2", "jk", "l\nm", "lxm", "n",
            "n\n", "o", "xo", "pq", "r \ts", "u", "u\n", "1", "PQ", "Pq", "V", "v", "WAC", "WaC", "WbC",
            "WBC",
        ],
    ),
    "cidr": (
        "10.0.0.0/8 ten\n10.1.2.3/8 bad\n192.0.2.1 one\n[192.0.2.2] two\n[192.0.2.0/28] br\n"
        "[192.0.3.0]/28 br3\n2001:db8::/32 six\n[2001:db9::]/32 sixb\n::1\t loop\n"
        "!172.16.0.0/12 not private \n",
        [
            "10.2.3.4", "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.3.3", "192.0.3.16", "2001:db8::1",
            "2001:DB8:0::5", "[2001:db8::1]", "2001:db9::1", "::1", "172.16.0.1", "8.8.8.8", "host.example",
            "010.1.1.1", "10.1", "::ffff:10.1.1.1", "fe80::1", "",
        ],
    ),
    "cidr conditions": (
        "if 10.0.0.0/8\n10.1.0.0/16 a\nif !10.2.0.0/16\n10.0.0.0/8 notb\nendif\nendif\n"
        "10.0.0.0/8 rest\n0.0.0.0/0 any4\n::/0 any6\n1.2.3.4\n1.2.3.300 x\n1.2.3.4/33 x\nfoo bar\n"
        "endif\n",
        [
            "10.1.1.1", "10.2.1.1", "10.3.1.1", "8.8.8.8", "::2",
        ],
    ),
}
# fmt: on


@pytest.mark.parametrize("reference", REFERENCES)
def test_lookup_answers_as_postmap(reference: str) -> None:
    keys = REFERENCES[reference]
    assert {key: lookup(reference, key) for key in keys} == postmap_each(reference, keys)


@pytest.mark.parametrize("case", FILES)
def test_lookup_in_a_file_answers_as_postmap(case: str, tmp_path: Path) -> None:
    kind = case.split(maxsplit=1)[0]
    if kind not in types():
        pytest.skip(f"Postfix has no {kind} here")
    text, keys = FILES[case]
    (tmp_path / "table").write_text(text)
    age(tmp_path / "table")
    reference = f"{kind}:{tmp_path}/table"
    assert {key: lookup(reference, key) for key in keys} == postmap_each(reference, keys)


CLIENTS = {
    "whole key": "query = SELECT v FROM t WHERE k = '%s'",
    "local part": "query = SELECT v FROM t WHERE k = '%u'",
    "domain": "query = SELECT v FROM t WHERE k = '%d'",
    "labels": "query = SELECT v FROM t WHERE k = '%1' OR k = '%2'",
    "parts of the key in the result": "query = SELECT v FROM t WHERE k = '%s'\nresult_format = %s %U@%D.%1%%",
    "parts of the value": "query = SELECT v FROM t WHERE k = '%s'\nresult_format = %u at %d",
    "limit": "query = SELECT v FROM t WHERE k = '%s'\nexpansion_limit = 1",
    "domains": "query = SELECT v FROM t WHERE k = '%s'\ndomain = d.example, other",
    "two columns": "query = SELECT v, k FROM t WHERE k = '%s'",
    "dollar": "query = SELECT '$v' FROM t WHERE k = '%s'",
    "bad letter": "query = SELECT v FROM t WHERE k = '%x'",
    "bad SQL": "query = SELECT nothing FROM nowhere WHERE k = '%s'",
}
ROWS = [
    *(("a", "1"), ("a", "2"), ("u@d.example", "x@y.example"), ("u", "local"), ("d.example", "dom")),
    *(("o'k", "quoted"), ("example", "top"), ("empty", ""), ("null", None), ("u@e.example", "plain")),
    *(("@d.example", "at"), ("n", 7)),
]
KEYS = ["a", "A", "u@d.example", "u@e.example", "v@d.example", "u@x", "u", "o'k", "empty", "null", "n", "no"]
KEYS += ["@d.example", "u@d.example.", "u@.example"]


@pytest.mark.skipif("sqlite" not in types(), reason="Postfix has no sqlite here")
@pytest.mark.parametrize("case", CLIENTS)
def test_database_answers_as_postmap(case: str, tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "db")
    database.execute("CREATE TABLE t (k, v)")
    database.executemany("INSERT INTO t VALUES (?, ?)", ROWS)
    database.commit()
    database.close()
    (tmp_path / "table").write_text(f"dbpath = {tmp_path}/db\n{CLIENTS[case]}\n")
    age(tmp_path / "table")
    reference = f"sqlite:{tmp_path}/table"
    assert {key: lookup(reference, key) for key in KEYS} == postmap_each(reference, KEYS)


INDEX = (
    "a 1\nB 2\na 3\nempty@x y\n"
    + f"long {'z' * 9000}\n"
    + 'müller umlaut\n"a b"@x quoted\n'
    + "".join(f"user{number}@example.com alias{number}@out.example\n" for number in range(3000))
)
INDEX_KEYS = ["a", "B", "b", "c", "long", "müller", '"a b"@x', "user0@example.com", "USER2999@example.com"]


@pytest.mark.parametrize("kind", ["hash", "btree", "cdb", "lmdb"])
def test_index_answers_as_postmap_with_its_text_and_without(kind: str, tmp_path: Path) -> None:
    if kind not in types():
        pytest.skip(f"Postfix has no {kind} here")
    assert POSTMAP is not None
    (tmp_path / "table").write_text(INDEX)
    age(tmp_path / "table")
    reference = f"{kind}:{tmp_path}/table"
    build = [POSTMAP, "-c", str(silent_configuration()), reference]
    subprocess.run(build, capture_output=True, check=True)
    expected = postmap_each(reference, INDEX_KEYS)
    assert {key: lookup(reference, key) for key in INDEX_KEYS} == expected
    os.unlink(tmp_path / "table")
    assert {key: lookup(reference, key) for key in INDEX_KEYS} == expected


@pytest.mark.parametrize("kind", ["hash", "btree", "lmdb"])
def test_index_lists_what_postmap_lists(kind: str, tmp_path: Path) -> None:
    assert POSTMAP is not None
    (tmp_path / "table").write_text(INDEX)
    age(tmp_path / "table")
    reference = f"{kind}:{tmp_path}/table"
    command = [POSTMAP, "-c", str(silent_configuration())]
    subprocess.run([*command, reference], capture_output=True, check=True)
    listed = subprocess.run([*command, "-s", reference], capture_output=True, text=True, check=True).stdout
    with redirect_stdout(StringIO()) as stdout:
        assert main(["lookup", "-s", reference]) == 0
    assert sorted(stdout.getvalue().splitlines()) == sorted(listed.splitlines())


def test_keys_from_stdin_answer_as_postmap() -> None:
    assert POSTMAP is not None
    for reference in ("inline:{a=1, b=2}", "inline:{x=1}", "pipemap:{inline:{a=b}, fail:x}"):
        done = [
            subprocess.run(command, input="b\n c\nA\nx y", capture_output=True, text=True, check=False)
            for command in (
                [str(POSTMAP), "-c", str(silent_configuration()), "-q", "-", reference],
                [sys.executable, "-m", "fastsmtp", "lookup", reference, "-"],
            )
        ]
        assert (done[0].returncode, done[0].stdout) == (done[1].returncode, done[1].stdout)
