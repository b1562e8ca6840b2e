"""The table of all parameters: the tables of the single subjects, put together.

    PARAMETERS           every row by its name
    SECTIONS             the same rows under headings, in the order of the reference page
    find(name)           the row of a name, also of `<transport>_...` for a transport that we never heard of
Source: ours.
"""

from fastsmtp.conf import table_general, table_queue, table_route, table_sasl, table_smtp, table_tls
from fastsmtp.conf.foreign import is_foreign
from fastsmtp.conf.parameter import P

TRANSPORTS = ("smtp", "relay")  # those that exist in every Postfix

SECTIONS: tuple[tuple[str, tuple[P, ...]], ...] = (
    ("Compatibility and content", table_smtp.COMPATIBILITY),
    ("Time limits and sessions", table_smtp.LIMITS),
    ("Our side of a session", table_smtp.ADDRESSES),
    ("Routing", table_route.ROUTE),
    ("Hosts and addresses", table_route.HOSTS),
    ("Lookup tables", table_route.TABLES),
    ("TLS", table_tls.TLS),
    ("TLS policy and engine", table_tls.LEVELS),
    ("SASL authentication", table_sasl.SASL),
    ("Queue and scheduling", table_queue.SCHEDULE),
    ("Notices", table_queue.NOTICES),
    ("Storage and sizes", table_queue.STORE),
    ("Who we are", table_general.IDENTITY),
    ("Logging", table_general.LOGGING),
    ("Processes", table_general.PROCESSES),
    ("One transport alone", tuple(row for name in TRANSPORTS for row in table_queue.per_transport(name))),
)

PARAMETERS: dict[str, P] = {}
for _, _rows in SECTIONS:
    for _row in _rows:
        PARAMETERS.setdefault(_row.name, _row)  # smtp(8) has rows of its own for two limits of smtp


def find(name: str) -> P | None:
    """The row of `name`, or None if there is no such parameter of ours."""
    row = PARAMETERS.get(name)
    if row is None and not is_foreign(name):  # local_recipient_limit is Postfix's own delivery agent's
        row = table_queue.for_transport(name)
    return row
