"""What a user may say of tables that ask a server.

Source: ours; lookup_cache_time, lookup_cache_limit, lookup_time_limit, lookup_connection_limit.
"""

from typing import NamedTuple


class AnswerRules(NamedTuple):
    """Spans in seconds."""

    kept_for: float
    limit: int  # answers of one table
    time_limit: float  # for one question, once it is on its way
    connections: int  # open to the servers of one table at once
