"""`fastsmtp lookup`: exit status and the lines on standard error."""

from io import BytesIO, TextIOWrapper

import pytest

from fastsmtp.cli.main import main


@pytest.mark.parametrize(
    ("words", "status", "out", "err"),
    [
        (["inline:{Ab=1}", "AB"], 0, "1\n", ""),
        (["-f", "inline:{Ab=1}", "AB"], 1, "", ""),
        (["inline:{a=1}", "b"], 1, "", ""),
        (["fail:x", "b"], 1, "", "fastsmtp lookup: table fail:x: fail:x always fails\n"),
        (["nope:x", "b"], 1, "", "fastsmtp lookup: table nope:x: unsupported dictionary type: nope\n"),
    ],
)
def test_lookup_ends_as_postmap_does(
    capsys: pytest.CaptureFixture[str], words: list[str], status: int, out: str, err: str
) -> None:
    assert main(["lookup", *words]) == status
    assert capsys.readouterr() == (out, err)


def test_empty_result_is_told_and_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lookup", "inline:{ a= }", "a"]) == 0
    done = capsys.readouterr()
    assert done.out == "\n"
    assert "empty result is not allowed" in done.err


def test_keys_come_from_stdin_a_line_each(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(b"B\nx y\na\nlast"), encoding="utf-8"))
    assert main(["lookup", "inline:{a=1, b=2, last=3}", "-"]) == 0
    assert capsys.readouterr().out == "B\t2\na\t1\nlast\t3\n"
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(b"x\n"), encoding="utf-8"))
    assert main(["lookup", "inline:{a=1}", "-"]) == 1


def test_error_ends_the_keys_from_stdin(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(b"a\nb\n"), encoding="utf-8"))
    assert main(["lookup", "pipemap:{inline:{a=b}, fail:x}", "-"]) == 1
    assert "fail:x always fails" in capsys.readouterr().err


def test_table_is_listed_where_it_can_be(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lookup", "-s", "inline:{B=1, a=2}"]) == 0
    assert capsys.readouterr().out == "b\t1\na\t2\n"
    assert main(["lookup", "-s", "static:x"]) == 1
    assert "cannot be listed" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["-s", "static:x", "key"], ["static:x"]])
def test_key_or_list_is_asked_for(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert main(["lookup", *words]) == 2
    assert "expected TYPE:NAME and a KEY, or -s and TYPE:NAME" in capsys.readouterr().err
