"""Lists for tests: written to a folder, read whole."""

from pathlib import Path

from fastsmtp.job import rows

Rows = tuple[list[rows.Row], list[rows.Rejected]]


def write(folder: Path, name: str, content: str | bytes) -> Path:
    """A list's file."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(path: Path, *needed: str) -> Rows:
    """All rows of a list, for a job that uses the fields `needed`: (good, bad)."""
    good: list[rows.Row] = []
    bad: list[rows.Rejected] = []
    for chunk_good, chunk_bad in rows.read(path, rows.fields_format(path, set(needed))):
        good += chunk_good
        bad += chunk_bad
    return good, bad
