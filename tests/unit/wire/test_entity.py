"""What a header block says of its entity, seen in what becomes of an 8bit body behind it."""

import pytest

from fastsmtp.wire.encoder import encode

LABEL = b"Content-Transfer-Encoding: "


def became(*headers: bytes) -> bytes:
    """The new label, or the old one."""
    sent = encode(b"".join(header + b"\n" for header in headers) + b"\n\xe9\n", downgrade=True)
    return sent.partition(b"\r\n\r\n")[0].rpartition(LABEL)[2]


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        (b"text/plain", b"quoted-printable"), (b"image/png", b"quoted-printable"), (b"", b"quoted-printable"),
        (b"multipart/mixed", b"7bit"), (b"MULTIPART / x", b"7bit"), (b"message/rfc822", b"7bit"),
        (b"message/global", b"quoted-printable"), (b"message/partial", b"quoted-printable"),
        (b'"multipart"/mixed', b"quoted-printable"),
    ],
)  # fmt: skip
def test_shape_decides_on_the_label(kind: bytes, label: bytes) -> None:
    assert became(b"Content-Type: " + kind, LABEL + b"8bit") == label


@pytest.mark.parametrize(
    ("labels", "label"),
    [
        ([b"8bit"], b"quoted-printable"), ([b"BINARY"], b"quoted-printable"),
        ([b"(x) 8Bit (y)"], b"quoted-printable"),
        ([b'"8bit"'], b'"8bit"'), ([b"8bit/x"], b"8bit/x"), ([b"x-foo"], b"x-foo"),
        ([b"8bit", b"x-foo"], b"quoted-printable"),
        ([b"8bit", b"7bit"], b"7bit"), ([b"7bit", b"8bit"], b"quoted-printable"), ([b"base64"], b"base64"),
    ],
)  # fmt: skip
def test_last_label_that_says_something_counts(labels: list[bytes], label: bytes) -> None:
    assert became(*(LABEL + each for each in labels)) == label


def test_last_type_that_is_known_counts() -> None:
    assert (
        became(b"Content-Type: multipart/mixed", b"Content-Type: image/png", LABEL + b"8bit")
        == b"quoted-printable"
    )
    assert became(b"Content-Type: text/plain", b"Content-Type: message/rfc822", LABEL + b"8bit") == b"7bit"
