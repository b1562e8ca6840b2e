"""What is whose where several workers share a job: its recipients, and its limits.

    Share(number, of)         part `number`, from 0, of so many; WHOLE is all of it
    keep(chunks, share)       of the list's rows, those of the share
    portion(limit, share)     of a limit, what the share may use: all portions add up to it exactly
    narrowest(settings)         the limit that the number of workers must not pass
    most(workers, ...)        how many workers the limits leave work for

An address always falls to the same share, whatever its case: so duplicates meet inside one shard, and no two
workers ever ask about a recipient. Rejected rows have no address that could tell; their line decides. No
limit is shared while workers run: hence no lock between them, and none is ever exceeded.

Pure: reads no file, knows no process.
Source: ours (design page, section 4).
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple
from zlib import crc32

from fastsmtp.conf.settings import Settings
from fastsmtp.spool.records import Chunk


class Share(NamedTuple):
    """Part `number` (from 0) of so many."""

    number: int
    of: int


WHOLE = Share(0, 1)


def narrowest(settings: Settings) -> int:
    """The least of the transports' limits for one destination; 0: none has one."""
    limits = [
        settings.number(f"{name}_destination_concurrency_limit") for name in settings.words("smtp_transports")
    ]
    return min(filter(None, limits), default=0)


def most(workers: int, concurrency_limit: int, sessions: int) -> int:
    """Each worker needs a session of its own at every destination; a limit of 0 is none."""
    return min(workers, concurrency_limit or workers, sessions)


def keep(chunks: Iterable[Chunk], share: Share) -> Iterator[Chunk]:
    """The rows of `share`, chunk by chunk."""
    number, of = share
    for good, bad in chunks:
        yield (
            [
                row for row in good if crc32(row[3].encode()) % of == number
            ],  # row[3]: the address, lower-cased
            [row for row in bad if row[0] % of == number],
        )


def portion(limit: int, share: Share) -> int:
    """The portions of all shares add up to `limit`; they differ by one at most. 0, for none, stays 0."""
    number, of = share
    return limit // of + (number < limit % of)
