"""`fastsmtp wire`: bytes on stdout, changes on request, problems in one line."""

import io
import sys
from pathlib import Path

import pytest

from fastsmtp.cli.main import main
from fastsmtp.wire.encoder import encode

EIGHT = "Content-Transfer-Encoding: 8bit\n\né\n.\n".encode()


@pytest.fixture
def message(tmp_path: Path) -> Path:
    path = tmp_path / "message.eml"
    path.write_bytes(EIGHT)
    return path


def test_bytes_for_an_8bit_peer_are_the_default(
    message: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["wire", str(message)]) == 0
    assert capfdbinary.readouterr().out == encode(EIGHT)


def test_7bit_peer_gets_quoted_printable(message: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["wire", "--peer-7bit", str(message)]) == 0
    assert capfdbinary.readouterr().out == encode(EIGHT, downgrade=True)


def test_settings_count(message: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    words = ["-o", "disable_mime_output_conversion=yes", "-o", "smtp_line_length_limit=20"]
    assert main(["wire", "--peer-7bit", *words, str(message)]) == 0
    assert capfdbinary.readouterr().out == encode(EIGHT, line_length_limit=20)


def test_message_that_is_7bit_is_never_converted(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    path = tmp_path / "plain.eml"
    path.write_bytes(b"A : b\n\nx\n")
    assert main(["wire", "--peer-7bit", str(path)]) == 0
    assert capfdbinary.readouterr().out == b"A : b\r\n\r\nx\r\n.\r\n"


def test_explain_tells_each_change_with_its_line(message: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["wire", "--peer-7bit", "--explain", str(message)]) == 0
    verdict, *changes = capsys.readouterr().out.splitlines()
    assert verdict.endswith("for a peer without 8BITMIME: what is labelled 8bit or binary is converted")
    assert changes == [
        f"{message}:1: text/plain labelled 8bit or binary: now quoted-printable",
        f"{message}:4: starts with a dot: another one added",
    ]


@pytest.mark.parametrize(
    ("content", "words", "told"),
    [
        (b"a\n", ["--peer-7bit"], ["a 7bit message"]),
        (EIGHT, [], ["not converted", "starts with a dot"]),
        (EIGHT, ["--peer-7bit", "-o", "disable_mime_output_conversion=yes"], ["keeps it as it is", "dot"]),
        ("é\n".encode(), ["--peer-7bit"], ["is converted", "keeps its bytes above 127"]),
    ],
)
def test_explain_tells_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, words: list[str], told: list[str]
) -> None:
    path = tmp_path / "message.eml"
    path.write_bytes(content)
    assert main(["wire", "--explain", *words, str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(told)
    assert all(part in line for part, line in zip(told, lines, strict=True))


def test_standard_input_is_a_dash(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a")))
    assert main(["wire", "-"]) == 0
    assert capfdbinary.readouterr().out == b"a\r\n.\r\n"


def test_message_that_cannot_be_converted_is_status_1(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    path = tmp_path / "deep.eml"
    level = b"Content-Type: multipart/mixed; boundary=%d-\n\n--%d-\n"
    path.write_bytes(b"".join(level % (n, n) for n in range(4)) + EIGHT)
    assert main(["wire", "--peer-7bit", "-o", "mime_nesting_limit=1", str(path)]) == 1
    output, errors = capfdbinary.readouterr()
    assert not output.endswith(b".\r\n")
    assert errors.decode() == f"fastsmtp wire: {path}: 5.6.0 MIME nesting exceeds safety limit\n"


def test_unreadable_file_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["wire", str(tmp_path / "none")]) == 2
    assert "No such file" in capsys.readouterr().err


def test_generic_maps_rewrite_headers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "message.eml"
    path.write_bytes(b"To: a@b\n\na@b\n")
    setting = ["-o", "smtp_generic_maps=inline:{a@b=c@d}"]
    assert main(["wire", *setting, str(path)]) == 0
    assert capsys.readouterr().out == "To: c@d\r\n\r\na@b\r\n.\r\n"
    assert main(["wire", "--explain", *setting, str(path)]) == 0
    assert "headers rewritten (smtp_generic_maps)" in capsys.readouterr().out


def test_lookup_without_an_answer_is_told(message: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message.write_bytes(b"To: a@b\n\n")
    assert main(["wire", "-o", "smtp_generic_maps=fail:x", str(message)]) == 1
    assert "4.3.0 smtp_generic_maps: lookup of" in capsys.readouterr().err


def test_repair_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "message.eml"
    path.write_bytes("Subject: é\n\né\n".encode())
    words = ["wire", "--peer-7bit", "--explain", "-o", "force_mime_output_conversion=yes", str(path)]
    assert main(words) == 0
    verdict, *changes = capsys.readouterr().out.splitlines()
    assert verdict.endswith("whatever is above 127 is converted")
    assert changes == [
        f"{path}:1: Subject: bytes above 127, now in ASCII",
        f"{path}:2: text/plain not labelled for bytes above 127: now quoted-printable",
    ]
