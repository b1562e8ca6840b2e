"""The benchmarks' mail: seeded, of the size it says, distinct."""

from pathlib import Path

import pytest

from benchmarks import data
from benchmarks.data import Case
from tests.support.jobs import filled_in


@pytest.mark.parametrize("case", [data.SMALL, data.LARGE], ids=lambda case: case.name)
def test_message_on_the_wire_has_the_size_of_its_case(case: Case) -> None:
    row = next(data.rows(1))
    message = filled_in(data.text(case), row._asdict())
    assert abs(len(message) - case.size) < case.size * 0.05
    assert max(map(len, message.splitlines())) < 100
    assert message.isascii()


def test_text_and_list_are_the_same_each_time() -> None:
    assert list(data.rows(50)) == list(data.rows(50))
    assert data.text(data.SMALL) == data.text(data.SMALL)


def test_messages_are_distinct_and_go_to_many_domains() -> None:
    rows = list(data.rows(1000))
    text = data.text(data.SMALL)
    assert len({filled_in(text, row._asdict()) for row in rows}) == len(rows)
    assert len({row.email.partition("@")[2] for row in rows}) == data.DOMAINS


def test_job_names_its_files(tmp_path: Path) -> None:
    job = data.write_job(tmp_path / "job", Case("few", 3, 2048))
    assert {path.name for path in job.parent.iterdir()} == {"job.toml", "message.eml", "list.csv"}
    assert len((job.parent / "list.csv").read_text(encoding="utf-8").splitlines()) == 1 + 3
