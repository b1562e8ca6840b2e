"""`fastsmtp lookup`: exit status and the lines on standard error."""

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
