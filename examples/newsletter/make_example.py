"""Writes this example's list.csv and newsletter.eml anew: `python examples/newsletter/make_example.py`.

Both are kept beside it, so that the example can be read and sent without it. All addresses are below
example.com, example.net and example.org, which no mail server answers for (RFC 2606). The choices are seeded:
each run writes the same files.
"""

import csv
import random
import struct
import zlib
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

FOLDER = Path(__file__).parent
RECIPIENTS = 2_500
TOPS = ("com", "net", "org")
DOMAINS = [f"{'mail' if number % 2 else 'post'}{number}.example.{TOPS[number % 3]}" for number in range(100)]

FIRST_NAMES = """
    Anna Zoë Jürgen François José Łukasz Søren Ðorđe Chloé Małgorzata Björn Siân Renée Iñigo Gülşen Tomáš
    Ольга Дмитрий Ελένη Γιώργος 美咲 伟 민준 أمل דוד Ada Grace Alan Edsger Barbara Donald Frances Ken Émile
"""
LAST_NAMES = """
    Müller García Nowak Sørensen Dvořák Lefèvre O'Brien Åkerström Yılmaz Nguyễn Schmidt-Großmann Петрова
    Παπαδόπουλος 佐藤 王 김 Lovelace Hopper Turing Dijkstra Liskov Knuth Allen Thompson Perlman Venema
"""
CITIES = "Köln, São Paulo, Łódź, Malmö, Québec, Zürich, Αθήνα, Київ, 東京, Reykjavík, Trois-Rivières, London"

TEXT = """\
Dear {{ name }},

spring has come to {{ city }}, and with it the eleventh issue of our letter.

Your seat for the garden walk is number {{ seat }}. Bring good shoes – and your
neighbours, if there are any in {{ city }} who like old roses.

What is new
  * The rose "Königin von Dänemark" is back, grafted on wild stock.
  * Seeds of 37 tomatoes, among them „Ochsenherz“ and « Noire de Crimée ».
  * Tea at four, as ever, at the cost of a story.

Until then,
  Élise and the gardeners

You get this letter as {{ email }}. To leave the list:
https://garden.example.com/leave/{{ token }}
"""

HTML = """\
<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>The garden letter</title></head>
<body style="font-family: Georgia, serif; max-width: 38em; margin: auto">
<p><img src="cid:sun@garden.example.com" alt="A sun" width="96" height="96"></p>
<p>Dear {{ name }},</p>
<p>spring has come to <b>{{ city }}</b>, and with it the eleventh issue of our letter.</p>
<p>Your seat for the garden walk is number <b>{{ seat }}</b>. Bring good shoes – and your
neighbours, if there are any in {{ city }} who like old roses.</p>
<h2>What is new</h2>
<ul>
<li>The rose “Königin von Dänemark” is back, grafted on wild stock.</li>
<li>Seeds of 37 tomatoes, among them „Ochsenherz“ and « Noire de Crimée ».</li>
<li>Tea at four, as ever, at the cost of a story.</li>
</ul>
<p>Until then,<br>Élise and the gardeners</p>
<p style="font-size: small; color: #666">You get this letter as {{ email }}.
<a href="https://garden.example.com/leave/{{ token }}">Leave the list</a></p>
</body>
</html>
"""


def write_list(path: Path) -> None:
    """RECIPIENTS rows in DOMAINS, in no order."""
    seeded = random.Random(1)
    first_names, last_names, cities = FIRST_NAMES.split(), LAST_NAMES.split(), CITIES.split(", ")
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["email", "name", "city", "seat", "token"])
        for number in range(RECIPIENTS):
            name = f"{seeded.choice(first_names)} {seeded.choice(last_names)}"
            address = f"reader{number + 1}@{seeded.choice(DOMAINS)}"
            token = f"{seeded.getrandbits(64):016x}"
            rows.writerow([address, name, seeded.choice(cities), number % 400 + 1, token])


def png(size: int = 96) -> bytes:
    """A sun: a disk that fades into the sky."""
    rows = []
    for y in range(size):
        row = bytearray([0])
        for x in range(size):
            distance = ((x - size / 2) ** 2 + (y - size / 2) ** 2) ** 0.5 / (size / 2)
            glow = max(0.0, 1.0 - distance)
            row += bytes((int(120 + 135 * glow), int(170 + 50 * glow), int(230 - 180 * glow)))
        rows.append(bytes(row))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def message() -> bytes:
    """multipart/alternative: text, and HTML with its image (multipart/related)."""
    letter = EmailMessage(policy=SMTP)
    letter["From"] = "Élise Gärtner <letter@garden.example.com>"
    letter["To"] = "{{ name }} <{{ email }}>"
    letter["Subject"] = "{{ name }}, spring has come to {{ city }}"
    letter["Date"] = "Sun, 01 Nov 2026 09:00:00 +0100"
    letter["Message-ID"] = "<issue-11.TOKEN@garden.example.com>"
    letter["List-Unsubscribe"] = "<https://garden.example.com/leave/{{ token }}>"
    letter["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    letter.set_content(TEXT, cte="quoted-printable")
    letter.add_alternative(HTML, subtype="html", cte="quoted-printable")
    html = list(letter.iter_parts())[1]
    html.add_related(
        png(), maintype="image", subtype="png", cid="<sun@garden.example.com>", filename="sun.png"
    )
    letter.set_boundary("=_garden_letter_11")
    html.set_boundary("=_garden_letter_11_html")
    return letter.as_bytes().replace(
        b"TOKEN", b"{{ token }}"
    )  # the library would fold a blank in a Message-ID


if __name__ == "__main__":
    write_list(FOLDER / "list.csv")
    (FOLDER / "newsletter.eml").write_bytes(message())
