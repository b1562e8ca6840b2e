"""ldap: searches in a directory, by libldap as bonsai gives it out (pip install 'fastsmtp[ldap]').

Each connection is used by one thread at a time: bonsai's own way of waiting in a loop keeps that loop busy.
A search that is given up ends with its thread, at the latest when the table's `timeout` is over.
Source: ldap_table(5), dict_ldap(3).
"""

import asyncio
from collections.abc import Sequence
from threading import Lock

import bonsai

from fastsmtp.errors import TableError
from fastsmtp.lookup.ldap import LDAP, Entry, Search
from fastsmtp.lookup.remote import Remote
from fastsmtp.remote.connection import Lost

SCOPES = {
    "base": bonsai.LDAPSearchScope.BASE,
    "one": bonsai.LDAPSearchScope.ONELEVEL,
    "sub": bonsai.LDAPSearchScope.SUBTREE,
}
LOST = (bonsai.ConnectionError, bonsai.ClosedConnection, bonsai.TimeoutError, bonsai.AuthenticationError)


class LDAPConnection:
    """One session of one server."""

    def __init__(self, table: LDAP, connection: bonsai.LDAPConnection) -> None:
        self._table = table
        self._connection = connection
        self._in_use = Lock()  # libldap's: two threads at once, or a close beside a search, would crash it
        self._closed = False

    async def ask(self, key: str) -> str | None:
        searches = self._table.searches(key)
        try:
            search = next(searches)
            while True:
                search = searches.send(await asyncio.to_thread(self._search, search))
        except StopIteration as end:
            answer: str | None = end.value
            return answer

    def _search(self, search: Search) -> Sequence[Entry]:
        """In a thread."""
        with self._in_use:
            try:
                return self._found(search)
            finally:
                if self._closed:
                    self._connection.close()

    def _found(self, search: Search) -> Sequence[Entry]:
        """No such entry: none."""
        table = self._table
        try:
            found = self._connection.search(
                search.base,
                SCOPES[search.scope],
                search.filter,
                attrlist=list(table.attributes),
                timeout=table.manners.time_limit,
                sizelimit=table.size_limit,
            )
        except bonsai.NoSuchObjectError:
            return ()
        except LOST as error:
            raise Lost(str(error)) from None
        except bonsai.LDAPError as error:
            raise TableError(f"{table.name}: {error}") from None
        return [
            {name: [str(value) for value in values] for name, values in entry.items() if name != "dn"}
            for entry in found
            if isinstance(entry, bonsai.LDAPEntry)
        ]

    def close(self) -> None:
        """At once, or when a search that was given up ends in its thread."""
        self._closed = True
        if self._in_use.acquire(blocking=False):
            self._connection.close()
            self._in_use.release()


async def connect(table: Remote, host: str) -> LDAPConnection:
    assert isinstance(table, LDAP)
    try:
        return LDAPConnection(table, await asyncio.to_thread(_open, table, host))
    except bonsai.LDAPError as error:
        raise Lost(str(error)) from None


def _open(table: LDAP, host: str) -> bonsai.LDAPConnection:
    text = table.text
    client = bonsai.LDAPClient(host, tls=text("start_tls", "no").lower() == "yes")
    client.set_server_chase_referrals(text("chase_referrals", "no").lower() == "yes")
    client.set_ignore_referrals(True)
    client.set_cert_policy("demand" if text("tls_require_cert", "no").lower() == "yes" else "never")
    for name, set_value in (
        ("tls_ca_cert_file", client.set_ca_cert),
        ("tls_ca_cert_dir", client.set_ca_cert_dir),
        ("tls_cert", client.set_client_cert),
        ("tls_key", client.set_client_key),
    ):
        if text(name):
            set_value(text(name))
    if text("bind", "yes").lower() == "yes" and (text("bind_dn") or text("bind_pw")):
        client.set_credentials("SIMPLE", user=text("bind_dn"), password=text("bind_pw"))
    return client.connect(timeout=table.manners.time_limit)
