"""8bit entities to quoted-printable: the reference and the compiled machine keep one contract."""

import re
from collections.abc import Callable

import pytest

from fastsmtp.errors import MimeError
from fastsmtp.wire.encoder import Encoder, encode
from tests.reference import mime as reference

Convert = Callable[..., bytes]


def plain(
    content: bytes,
    *,
    line_length_limit: int = 990,
    nesting_limit: int = 100,
    boundary_limit: int = 2048,
    header_limit: int = 102400,
) -> bytes:
    return reference.downgrade(
        content,
        line_length_limit,
        nesting_limit=nesting_limit,
        boundary_limit=boundary_limit,
        header_limit=header_limit,
    )


def whole(content: bytes, **limits: int) -> bytes:
    return encode(content, downgrade=True, **limits)


def a_byte_at_a_time(content: bytes, **limits: int) -> bytes:
    encoder = Encoder(downgrade=True, **limits)
    return b"".join(encoder.feed(content[at : at + 1]) for at in range(len(content))) + encoder.finish()


@pytest.fixture(params=[plain, whole, a_byte_at_a_time], ids=["reference", "whole", "bytewise"])
def convert(request: pytest.FixtureRequest) -> Convert:
    function: Convert = request.param
    return function


def text(*lines: str) -> bytes:
    return "".join(line + "\n" for line in lines).encode()


def sent(*lines: str) -> bytes:
    return "".join(line + "\r\n" for line in (*lines, ".")).encode()


QP = "Content-Transfer-Encoding: quoted-printable"
EIGHT = "Content-Transfer-Encoding: 8bit"
SEVEN = "Content-Transfer-Encoding: 7bit"


class TestWorkedExample:
    def test_it_is_reproduced_byte_for_byte(self, convert: Convert) -> None:
        content = text(
            'Content-Type: multipart/mixed; boundary="b 1"',
            EIGHT,
            "",
            "pre é",
            "--b 1",
            "Content-Type: text/plain",
            EIGHT,
            "",
            "part é",
            "--b 1",
            "",
            "no header é",
            "--b 1 cruft",
            EIGHT,
            "",
            "xé",
            "--b 1--cruft",
            "epi é",
        )
        assert convert(content) == sent(
            'Content-Type: multipart/mixed; boundary="b 1"',
            SEVEN,
            "",
            "pre é",
            "--b 1",
            "Content-Type: text/plain",
            QP,
            "",
            "part =C3=A9",
            "--b 1",
            "",
            "no header é",
            "--b 1 cruft",
            QP,
            "",
            "x=C3=A9",
            "--b 1--cruft",
            "epi é",
        )


class TestQuotedPrintable:
    @pytest.mark.parametrize(
        ("line", "lines"),
        [
            ("café = 1", ["caf=C3=A9 =3D 1"]),
            ("trail ", ["trail=20"]),
            ("   ", ["  =20"]),
            (" ", ["=20"]),
            ("tab\there\t", ["tab\there=09"]),
            ("\x7f\x00?~\x0c", ["=7F=00?~=0C"]),
            ("a" * 73, ["a" * 73]),
            ("a" * 74, ["a" * 73 + "=", "a"]),
            ("a" * 72 + " ", ["a" * 72 + "=20"]),
            ("a" * 73 + " ", ["a" * 73 + "=", "=20"]),
            ("a" * 72 + "é", ["a" * 72 + "=C3=", "=A9"]),
            ("a" * 73 + "é", ["a" * 73 + "=", "=C3=A9"]),
            ("", [""]),
            (".", [".."]),
            ("..a", ["...a"]),
            ("a" * 73 + ".b", ["a" * 73 + "=", "..b"]),
            ("x = y", ["x =3D y"]),
            ("From me", ["From me"]),
            ("é" * 30, ["=C3=A9" * 12 + "=C3=", "=A9" + "=C3=A9" * 12 + "=", "=C3=A9" * 5]),
        ],
    )
    @pytest.mark.parametrize("ending", ["\n", "\r\n", ""])
    def test_line(self, convert: Convert, line: str, lines: list[str], ending: str) -> None:
        content = f"{EIGHT}\n\n{line}{ending}".encode()
        if not line and not ending:
            lines = []
        assert convert(content) == sent(QP, "", *lines)

    def test_soft_breaks_do_not_depend_on_segments(self, convert: Convert) -> None:
        body = convert(text(EIGHT, "", "a" * 5000)).split(b"\r\n")[2:-2]
        assert [len(line) for line in body] == [74] * 68 + [36]
        assert b"".join(line.removesuffix(b"=") for line in body) == b"a" * 5000

    def test_limit_below_76_breaks_encoded_text_too(self, convert: Convert) -> None:
        assert convert(text(EIGHT, "", "a" * 80), line_length_limit=60) == sent(
            QP, "", "a" * 60, " " + "a" * 13 + "=", "a" * 7
        )

    def test_stray_cr_is_a_space_before_it_is_encoded(self, convert: Convert) -> None:
        assert convert(text(EIGHT, "", "a\rb\r\r")) == sent(QP, "", "a b=20")


class TestDashes:
    HEAD = ('Content-Type: multipart/mixed; boundary="bb"', "", "--bb", EIGHT, "")

    def test_soft_break_never_makes_a_boundary(self, convert: Convert) -> None:
        body = convert(text(*self.HEAD, "a" * 73 + "--bb", "b" * 73 + "-bb", "--bc", "--bb--"))
        assert body == sent(
            'Content-Type: multipart/mixed; boundary="bb"', "", "--bb", QP, "",
            "a" * 73 + "=", "=2D-bb", "b" * 73 + "=", "-bb", "--bc", "--bb--",
        )  # fmt: skip

    def test_encoding_never_makes_a_boundary(self, convert: Convert) -> None:
        head = ('Content-Type: multipart/mixed; boundary="x=3Dy"', "", "--x=3Dy", EIGHT, "")
        assert convert(text(*head, "--x=y", "--x=z", "--x=3Dy--"))[-50:].split(b"\r\n")[-5:] == [
            b"=2D-x=3Dy", b"--x=3Dz", b"--x=3Dy--", b".", b"",
        ]  # fmt: skip

    def test_dashes_stay_where_no_boundary_is_open(self, convert: Convert) -> None:
        assert convert(text(EIGHT, "", "a" * 73 + "--bb")) == sent(QP, "", "a" * 73 + "=", "--bb")


class TestLabels:
    @pytest.mark.parametrize(
        "value", ["8bit", "BINARY", "(x) 8Bit (y)", "8bit; a=b", "8bit.", "\n 8bit", "\t8bit"]
    )
    def test_8bit_label_is_replaced_at_the_end_of_its_block(self, convert: Convert, value: str) -> None:
        content = text(f"Content-Transfer-Encoding: {value}", "A: b", "", "é=")
        assert convert(content) == sent("A: b", QP, "", "=C3=A9=3D")

    def test_blanks_before_the_colon_do_not_hide_a_label(self, convert: Convert) -> None:
        assert convert(text("CONTENT-Transfer-Encoding \t : 8bit", "A\t: b", "", "é")) == sent(
            "A: b", QP, "", "=C3=A9"
        )

    @pytest.mark.parametrize("value", ['"8bit"', "8bit/x", "x-foo", "", ";8bit", "(8bit)", "base64", "7bit"])
    def test_other_labels_are_kept_and_the_body_is_raw(self, convert: Convert, value: str) -> None:
        label = f"Content-Transfer-Encoding: {value}"
        assert convert(text(label, "A: b", "", "é=")) == sent(label, "A: b", "", "é=")

    def test_no_label_means_raw(self, convert: Convert) -> None:
        assert convert(text("Subject: é", "", "é")) == sent("Subject: é", "", "é")

    def test_8bit_then_unknown_withholds_both(self, convert: Convert) -> None:
        assert convert(text(EIGHT, "Content-Transfer-Encoding: x-foo", "", "é")) == sent(QP, "", "=C3=A9")

    def test_8bit_then_7bit_keeps_the_second(self, convert: Convert) -> None:
        assert convert(text(EIGHT, SEVEN, "", "é")) == sent(SEVEN, "", "é")

    def test_7bit_then_8bit_drops_the_first(self, convert: Convert) -> None:
        assert convert(text("A: b", SEVEN, "C: d", EIGHT, "E: f", "", "é")) == sent(
            "A: b", "C: d", "E: f", QP, "", "=C3=A9"
        )

    def test_first_label_stays_where_too_much_would_have_to_wait(self, convert: Convert) -> None:
        long = ["X: " + "y" * 60_000] * 18
        assert convert(text(SEVEN, *long[:17], EIGHT, ""), line_length_limit=0) == sent(*long[:17], QP, "")
        assert convert(text(SEVEN, *long, EIGHT, ""), line_length_limit=0) == sent(SEVEN, *long, QP, "")

    def test_label_is_emitted_for_an_ascii_or_empty_body(self, convert: Convert) -> None:
        assert convert(text(EIGHT, "", "a")) == sent(QP, "", "a")
        assert convert(text(EIGHT, "")) == sent(QP, "")
        assert convert(text(EIGHT)) == convert(EIGHT.encode()) == sent(QP)

    def test_multipart_and_message_labels_become_7bit(self, convert: Convert) -> None:
        for kind in ("multipart/mixed", "message/rfc822", "MULTIPART / x (y)"):
            assert convert(text(f"Content-Type: {kind}", EIGHT, "", "")).startswith(
                f"Content-Type: {kind}\r\n{SEVEN}\r\n\r\n".encode()
            )

    @pytest.mark.parametrize("kind", ["message/delivery-status", "message/partial", "message/x", "message"])
    def test_other_message_types_are_leaves_whose_label_tells_the_truth(
        self, convert: Convert, kind: str
    ) -> None:
        assert convert(text(f"Content-Type: {kind}", EIGHT, "", "é")) == sent(
            f"Content-Type: {kind}", QP, "", "=C3=A9"
        )

    def test_message_global_is_a_leaf_when_8bit_and_a_message_when_not(self, convert: Convert) -> None:
        kind = "Content-Type: message/global"
        assert convert(text(kind, EIGHT, "", EIGHT, "", "é")) == sent(kind, QP, "", EIGHT, "", "=C3=A9")
        assert convert(text(kind, "", EIGHT, "", "é")) == sent(kind, "", QP, "", "=C3=A9")


class TestBlocks:
    def test_primary_block_ended_by_garbage_gets_an_empty_line(self, convert: Convert) -> None:
        assert convert(text("A: b", "garbage é", "x")) == sent("A: b", "", "garbage é", "x")
        assert convert(text(EIGHT, "garbage é", "")) == sent(QP, "", "garbage =C3=A9", "")

    def test_part_block_ended_by_garbage_gets_none(self, convert: Convert) -> None:
        head = ("Content-Type: multipart/mixed; boundary=bb", "", "--bb")
        assert convert(text(*head, EIGHT, "garbage é")) == sent(*head, QP, "garbage =C3=A9")

    def test_part_block_may_end_with_a_boundary(self, convert: Convert) -> None:
        head = ("Content-Type: multipart/mixed; boundary=bb", "", "--bb")
        assert convert(text(*head, EIGHT, "--bb", EIGHT, "", "é")) == sent(
            *head, QP, "--bb", QP, "", "=C3=A9"
        )

    def test_multipart_block_ended_by_garbage_encodes_its_preamble(self, convert: Convert) -> None:
        kind = "Content-Type: multipart/mixed; boundary=bb"
        assert convert(text(kind, EIGHT, "né", "--bb", "", "é")) == sent(
            kind, SEVEN, "", "n=C3=A9", "--bb", "", "é"
        )

    @pytest.mark.parametrize("line", ["é: x", ": x", "a b: x", " folded: x", "\x01: x", "a\x7f: x", "\t"])
    def test_line_that_is_no_header_ends_the_block(self, convert: Convert, line: str) -> None:
        assert convert(text(line, EIGHT, "", "é")) == sent("", line, EIGHT, "", "é")

    def test_name_longer_than_a_segment_is_no_header(self, convert: Convert) -> None:
        assert convert(b"a" * 2047 + b":\n" + text(EIGHT), line_length_limit=0).endswith(sent(QP))
        assert b"\r\n\r\n" not in convert(b"a" * 2047 + b":\n", line_length_limit=0)
        assert convert(b"a" * 2048 + b":\n", line_length_limit=0).startswith(b"\r\naaa")

    def test_folding_is_kept(self, convert: Convert) -> None:
        assert convert(text("A: b", "  c", "\td", "E: f", "", "x")) == sent(
            "A: b", "  c", "\td", "E: f", "", "x"
        )

    def test_long_header_is_broken_at_the_limit(self, convert: Convert) -> None:
        lines = convert(b"A: " + b"x" * 2000 + b"\n  y\n\nz\n").split(b"\r\n")
        assert [len(line) for line in lines] == [990, 990, 25, 3, 0, 1, 1, 0]

    def test_header_text_over_its_limit_is_dropped_by_segments(self, convert: Convert) -> None:
        content = text("A: b", " " + "c" * 30, " d", "E: f", "", "x")
        assert convert(content, header_limit=20) == sent("A: b", " " + "c" * 30, "E: f", "", "x")
        long = convert(b"A: " + b"x" * 9000 + b"\n y\n\nz\n", header_limit=3000, line_length_limit=0)
        assert [len(line) for line in long.split(b"\r\n")] == [4096, 0, 1, 1, 0]


class TestMessages:
    INNER = (EIGHT, "Subject: s", "", "é")

    def test_embedded_message_is_converted_on_its_own(self, convert: Convert) -> None:
        kind = "Content-Type: message/rfc822"
        assert convert(text(kind, EIGHT, "", *self.INNER)) == sent(
            kind, SEVEN, "", "Subject: s", QP, "", "=C3=A9"
        )

    def test_embedded_message_without_label_is_raw(self, convert: Convert) -> None:
        kind = "Content-Type: message/rfc822"
        assert convert(text(kind, EIGHT, "", "Subject: s", "", "é")) == sent(
            kind, SEVEN, "", "Subject: s", "", "é"
        )

    def test_digest_part_is_a_message_by_default(self, convert: Convert) -> None:
        head = ("Content-Type: multipart/digest; boundary=bb", "", "--bb")
        assert convert(text(*head, EIGHT, "", *self.INNER, "--bb--")) == sent(
            *head, SEVEN, "", "Subject: s", QP, "", "=C3=A9", "--bb--"
        )

    def test_digest_part_of_another_type_is_a_leaf(self, convert: Convert) -> None:
        head = ("Content-Type: multipart/digest; boundary=bb", "", "--bb", "Content-Type: application/x")
        assert convert(text(*head, EIGHT, "", "A: é")) == sent(*head, QP, "", "A: =C3=A9")

    def test_image_after_multipart_is_a_leaf(self, convert: Convert) -> None:
        head = ("Content-Type: multipart/mixed; boundary=bb", "Content-Type: image/png")
        assert convert(text(*head, EIGHT, "", "é", "--bb", EIGHT, "", "é")) == sent(
            *head, QP, "", "=C3=A9", "--bb", QP, "", "=C3=A9"
        )


class TestBoundaries:
    @pytest.mark.parametrize(
        ("parameters", "line"),
        [
            ('boundary="a b"', "a b"),
            (r'boundary="a\"b"', 'a"b'),
            ("BOUNDARY = x", "x"),
            ("a=b;(;) boundary (;) = (;) x (;)", "x"),
            ('a="; boundary=y"; boundary=x', "x"),
            ("boundary=a/b:c=d", "a/b:c=d"),
            ("boundary=x; boundary=y", "x"),
            ("boundary=x; boundary=y", "y"),
            ('boundary=""', "anything"),
            ('\n boundary="a \n b"', "a b"),
            ("boundary=é", "é"),
            ("x y z; boundary=x", "x"),
            ("boundary=aa", "aabb"),
            ("boundary==_x", "=_x"),
            ("boundary=/abc", "/q"),
        ],
    )
    def test_boundary_is_recognised(self, convert: Convert, parameters: str, line: str) -> None:
        content = text(f"Content-Type: multipart/mixed; {parameters}", "", f"--{line}", EIGHT, "", "é")
        assert convert(content).endswith(sent(f"--{line}", QP, "", "=C3=A9"))

    @pytest.mark.parametrize(
        "parameters",
        [
            "boundary*0=x",
            "boundary*=x",
            "a=(boundary=x)",
            "boundary x",
            "boundary=X",
            "boundary=/x",
            "boundary=",
            "",
        ],
    )
    def test_boundary_is_not_recognised(self, convert: Convert, parameters: str) -> None:
        content = text(f"Content-Type: multipart/mixed; {parameters}", "", "--x", EIGHT, "", "é")
        assert convert(content).endswith(sent("--x", EIGHT, "", "é"))

    def test_boundary_of_a_text_counts_for_nothing(self, convert: Convert) -> None:
        content = text("Content-Type: text/plain; boundary=x", "", "--x", EIGHT, "", "é")
        assert convert(content).endswith(sent("--x", EIGHT, "", "é"))

    def test_boundary_like_line_in_headers_is_a_header(self, convert: Convert) -> None:
        head = ("Content-Type: multipart/mixed; boundary=bb", "", "--bb", "--bb: x")
        assert convert(text(*head, EIGHT, "", "é")) == sent(*head, QP, "", "=C3=A9")

    def test_missing_inner_terminator_heals_at_the_outer_boundary(self, convert: Convert) -> None:
        head = ("Content-Type: multipart/mixed; boundary=oo", "", "--oo",
                "Content-Type: multipart/mixed; boundary=ii", "", "--ii", "", "x", "--oo")  # fmt: skip
        assert convert(text(*head, EIGHT, "", "é", "--ii", "é", "--oo--", "é")) == sent(
            *head, QP, "", "=C3=A9", "--ii", "=C3=A9", "--oo--", "é"
        )

    def test_shorter_inner_boundary_shadows_the_outer_one(self, convert: Convert) -> None:
        head = ("Content-Type: multipart/mixed; boundary=zzzz", "", "--zzzz",
                "Content-Type: multipart/digest; boundary=zz", "", "--zzzz")  # fmt: skip
        assert convert(text(*head, EIGHT, "", EIGHT, "", "é")) == sent(*head, SEVEN, "", QP, "", "=C3=A9")

    def test_preamble_and_epilogue_are_never_encoded(self, convert: Convert) -> None:
        head = ("Content-Type: multipart/mixed; boundary=bb", SEVEN, "", "pré", "--bb--", "épi")
        assert convert(text(head[0], EIGHT, *head[2:])) == sent(*head)

    def test_cut_boundary_matches_by_prefix_and_never_closes(self, convert: Convert) -> None:
        head = ("Content-Type: multipart/mixed; boundary=abcdef", "", "--abcxyz")
        assert convert(text(*head, EIGHT, "", "é", "--abcdef--", EIGHT, "", "é"), boundary_limit=3) == sent(
            *head, QP, "", "=C3=A9", "--abcdef--", QP, "", "=C3=A9"
        )

    def test_longest_boundary_is_recognised_in_any_cut(self, convert: Convert) -> None:
        long = "x" * 2040
        content = text(f'Content-Type: multipart/mixed; boundary="{long}"', "", f"--{long}", EIGHT, "", "é")
        assert convert(content).endswith(sent(QP, "", "=C3=A9"))

    def test_line_of_two_dashes_is_no_boundary(self, convert: Convert) -> None:
        content = text('Content-Type: multipart/mixed; boundary=""', "", "--", EIGHT, "", "é")
        assert convert(content).endswith(sent("--", EIGHT, "", "é"))

    def test_boundary_in_last_line_without_end(self, convert: Convert) -> None:
        head = ("Content-Type: multipart/mixed; boundary=bb", "", "--bb")
        assert convert(text(*head)[:-1]) == sent(*head)

    def test_long_boundary_line_is_passed_on(self, convert: Convert) -> None:
        head = ("Content-Type: multipart/mixed; boundary=bb", "", "--bb")
        content = text(*head) + b"--bb" + b"x" * 3000 + b"\ry\n" + text(EIGHT, "", "é")
        assert convert(content, line_length_limit=0) == sent(
            *head, "--bb" + "x" * 3000 + " y", QP, "", "=C3=A9"
        )


class TestNesting:
    @staticmethod
    def nested(levels: int) -> bytes:
        lines: list[str] = []
        for level in range(levels):
            lines += [f"Content-Type: multipart/mixed; boundary=b{level}x", "", f"--b{level}x"]
        return text(*lines, EIGHT, "", "é")

    @pytest.mark.parametrize("limit", [1, 100])
    def test_two_more_than_the_limit_are_accepted(self, convert: Convert, limit: int) -> None:
        assert convert(self.nested(limit + 2), nesting_limit=limit).endswith(sent(QP, "", "=C3=A9"))

    @pytest.mark.parametrize("limit", [1, 100])
    def test_three_more_are_refused_with_a_status(self, convert: Convert, limit: int) -> None:
        with pytest.raises(MimeError, match=r"^MIME nesting exceeds safety limit$") as caught:
            convert(self.nested(limit + 3), nesting_limit=limit)
        assert caught.value.dsn == "5.6.0"

    def test_no_limit_holds_without_conversion(self) -> None:
        assert encode(self.nested(200), nesting_limit=1).endswith(sent(EIGHT, "", "é"))


def test_8bit_peer_gets_the_content_as_it_is() -> None:
    content = text("A\t: b", EIGHT, "", "é =", ".")
    assert encode(content) == sent("A\t: b", EIGHT, "", "é =", "..")


def test_no_encoded_line_is_too_long_or_ends_in_a_blank() -> None:
    body = bytes(range(256)) * 40 + b" \t \n" + b"x " * 300 + b"\n"
    lines = encode(EIGHT.encode() + b"\n\n" + body, downgrade=True).split(b"\r\n")[2:-2]
    assert max(map(len, lines)) <= 77  # a stuffed dot is not part of the line
    assert not any(re.search(rb"[ \t]$|[^\t -~]", line) for line in lines)
