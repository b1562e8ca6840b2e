"""The table of all parameters: the tables of the single subjects, put together.

    PARAMETERS           every row by its name
    SECTIONS             the same rows under headings, in the order of the reference page
    find(name)           the row of a name, also of `<transport>_...` for a transport that we never heard of
    find_for(transports, name)       the same of `NAME_rest`, for a transport of smtp_transports
    entries_for(transport, entries)  what was set, as the client of one transport sees it

For the client of the transport NAME, NAME_rest stands in the place of smtp_rest wherever it is read or
referred to, as it does with `-o smtp_rest=...` in master.cf and as Postfix has lmtp_rest. Every parameter of
the client can be set so. ONE_FOR_ALL cannot, and the limits of table_queue.PER_TRANSPORT have rows of
that form already, whose default is not the one of smtp.
Source: postconf(5), master(5) -o; ours for the names, since there is no master.cf here.
"""

from collections.abc import Collection, Mapping

from fastsmtp.conf import table_general, table_queue, table_route, table_sasl, table_smtp, table_tls
from fastsmtp.conf.foreign import is_foreign
from fastsmtp.conf.maincf import Entry
from fastsmtp.conf.parameter import P

SMTP = "smtp"
TRANSPORT_LIST = "smtp_transports"  # which transports there are
ONE_FOR_ALL = (TRANSPORT_LIST, "smtp_log_tls_feature_status")  # there is one log
TRANSPORTS = (SMTP, "relay")  # those that exist in every Postfix

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

CLIENT: dict[str, P] = {
    name.removeprefix(f"{SMTP}_"): row
    for name, row in PARAMETERS.items()
    if name.startswith(f"{SMTP}_") and name not in ONE_FOR_ALL
}
for _suffix in table_queue.PER_TRANSPORT:
    del CLIENT[_suffix]


def find(name: str) -> P | None:
    """The row of `name`, or None if there is no such parameter of ours."""
    row = PARAMETERS.get(name)
    if row is None and not is_foreign(name):  # local_recipient_limit is Postfix's own delivery agent's
        row = table_queue.for_transport(name)
    return row


def find_for(transports: Collection[str], name: str) -> P | None:
    """The row of `NAME_rest`, what `smtp_rest` is for one of these transports alone."""
    for transport in transports:
        rest = name.removeprefix(f"{transport}_")
        if rest != name and rest in CLIENT and transport != SMTP:
            return _row_for(transport, CLIENT[rest])
    return None


def _row_for(transport: str, usual: P) -> P:
    def own(name: str) -> str:
        return f"{transport}_{name.removeprefix(f'{SMTP}_')}"

    return P(
        own(usual.name),
        usual.kind,
        f"${usual.name}",
        f"{usual.name}, for the transport {transport} alone.",
        source="ours: Postfix has -o in master.cf",
        aliases=tuple(map(own, usual.aliases)),
        reload=usual.reload,
        accepted=usual.accepted,
        successor=own(usual.successor) if usual.successor else "",
        secret=usual.secret,
    )


def entries_for(transport: str, entries: Mapping[str, Entry]) -> Mapping[str, Entry]:
    """`entries` themselves if nothing is set for this transport alone."""
    if transport == SMTP:
        return entries
    own = {
        f"{SMTP}_{rest}": Entry(f"{SMTP}_{rest}", entry.value, f"{entry.origin}: {entry.name}")
        for entry in entries.values()
        if (rest := entry.name.removeprefix(f"{transport}_")) != entry.name and rest in CLIENT
    }
    if not own:
        return entries
    # What is set for one transport under an older name is stronger than what all have under the newer one
    older = {row.name for row in CLIENT.values() if not own.keys().isdisjoint(row.aliases)}
    return {name: entry for name, entry in entries.items() if name not in older} | own
