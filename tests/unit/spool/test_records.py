"""The books of several shards make the books of a job."""

from fastsmtp.spool.records import Books


def test_books_of_shards_add_up_field_by_field() -> None:
    one, other = Books(*range(10)), Books(*range(100, 110))
    assert Books.total([one, other]) == Books(*range(100, 120, 2))
    assert Books.total([one]) == one
    assert Books.total([]) == Books(*[0] * 10)
