"""A recipient as the spool hands it out: one row of the list, checked, in destination order.

Source: ours. The order (domain, then address, byte-wise) is that of Postfix's queue manager (spec: queue,
3.3).
"""

from typing import NamedTuple


class Recipient(NamedTuple):
    """One recipient that is still to be delivered to.

    `fields` is the row as its list format packs it (see fastsmtp.job.rows.FieldsFormat); "" where the job
    needs none.
    """

    id: int  # its place in the spool: ascending, in destination order, from 1
    address: str  # as the list gave it, outer blanks trimmed
    domain: str  # lower case, A-labels: the next-hop where no relay is configured
    line: int  # in the list, from 1
    fields: str
    attempts: int  # made so far
    first_attempt_at: float  # Unix time; 0.0 before the first
