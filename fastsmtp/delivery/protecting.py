"""As whom and how protected sessions of one destination are opened, and what follows where TLS fails.

    await protecting.protection(host)           what TLS must achieve there; None: nothing
    await protecting.identity(request, host)    what an idle session must have been opened with, to serve
    protecting.serves(session, request)         whether an open one has the login that its sender needs
    await protecting.falls_back(...)            TLS failed before a session was open: once more without it
    protecting.may_go_clear(session, request)   TLS broke on an open session: the same

Mail goes out in the clear behind a failure of TLS only at level may, only where the message has waited for
minimal_backoff_time and was tried before, and never where there is a login for the host. Such a session
serves no other message of its destination.
Source: Postfix smtp_connect(3), smtp.h (PLAINTEXT_FALLBACK_OK_*); spec: tls, 6, 12, 14; sasl, 3, 11.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from fastsmtp.delivery.desk import Desk
from fastsmtp.errors import AuthenticationFailed, ContentError, Pending, PolicyError, TableError
from fastsmtp.mail.destination import Destination, Host
from fastsmtp.mail.request import Request
from fastsmtp.outcome import status
from fastsmtp.session.cache import Identity
from fastsmtp.session.channel import Protection
from fastsmtp.session.connection import Session

if TYPE_CHECKING:
    from fastsmtp.sasl.credentials import Login

NONE, MAY = "none", "may"  # levels


class Protecting:
    """As whom and how protected sessions of one destination are opened, and what follows where TLS fails."""

    __slots__ = ("_desk", "_destination", "_generation", "by_sender")

    def __init__(self, desk: Desk, destination: Destination) -> None:
        self._desk = desk
        self._destination = destination
        self._generation = desk.generations[destination.transport]
        logins = self._generation.logins
        self.by_sender = logins is not None and logins.by_sender  # who we are depends on the envelope sender

    def _text(self, host: Host) -> str:
        """The destination as configured that the host belongs to: the key of the tables."""
        return self._generation.router.sites(self._destination.nexthop)[host.site].text

    async def protection(self, host: Host) -> Protection | None:
        """PolicyError."""
        policy = self._generation.tls
        if policy is None:
            return None
        text = self._text(host)
        try:
            found = await self._desk.settle(lambda: policy.protection(text, host))
            return found if found.secured is None else await found.secured()
        except TableError as error:
            self._desk.log.warning(str(error))
            raise PolicyError("Temporary lookup error", status.UNAVAILABLE) from None

    async def identity(self, request: Request, host: Host) -> Identity | None:
        """None: it cannot be told, and no idle session will do."""
        try:
            protection = await self.protection(host)
            login = await self._login(request, host)
        except (PolicyError, TableError):
            return None
        who = "" if login is None else login.identity
        return Identity(self._destination.transport, who, "" if protection is None else protection.identity)

    # Who we are

    def sender(self, request: Request) -> str:
        """The envelope sender, where sessions depend on it; else the same for all."""
        if not self.by_sender:
            return ""
        try:
            return self._generation.content.sender(request)
        except ContentError:
            return ""  # its transaction will say so

    def serves(self, session: Session, request: Request) -> bool:
        """An open session has the login that the request's sender needs."""
        logins = self._generation.logins
        assert logins is not None
        host = session.host
        try:
            login = logins.find(self.sender(request), host.name, self._text(host))
        except (TableError, Pending):
            return False
        return session.identity.login == ("" if login is None else login.identity)

    async def _login(self, request: Request, host: Host) -> "Login | None":
        """TableError."""
        logins = self._generation.logins
        if logins is None:
            return None
        sender, text = self.sender(request), self._text(host)
        return await self._desk.settle(lambda: logins.find(sender, host.name, text))

    async def _has_login(self, request: Request, host: Host) -> bool:
        """A table that cannot say leaves it possible."""
        try:
            return await self._login(request, host) is not None
        except TableError:
            return True

    def login_for(
        self, request: Request, protection: Protection | None
    ) -> Callable[[Session], Awaitable[None]] | None:
        """For a session that is opened for it, behind the last EHLO."""
        logins = self._generation.logins
        if logins is None:
            return None

        async def login(session: Session) -> None:
            offered = "AUTH" in session.engine.offers or logins.demands
            try:
                found = await self._login(request, session.host)
                if offered:
                    await logins.authenticate(session, found, self._desk.log.warning)
            except AuthenticationFailed as failure:
                failure.tls = tls_of(session, protection)
                raise
            except TableError:
                if not offered:
                    return
                session.close()
                raise
            if found is not None:
                session.identity = session.identity._replace(login=found.identity)

        return login

    def settle(self, session: Session, protection: Protection | None, *, clear: bool) -> None:
        """`clear`: TLS was had or to be had, and failed."""
        session.tls = tls_of(session, protection)
        asked = protection is not None and bool(session.tls)
        tls = protection.identity if protection is not None and asked and not clear else ""
        session.identity = session.identity._replace(transport=self._destination.transport, tls=tls)
        session.stands_in = asked and clear  # for a better one: without TLS only for this message
        if protection is not None and session.tunnel is not None and not protection.reuses:
            session.messages_limit = 1

    # Where TLS fails

    async def falls_back(self, protection: Protection, request: Request, host: Host) -> bool:
        return (
            not protection.required
            and self._may_be_clear(request)
            and not await self._has_login(request, host)
        )

    async def goes_clear(self, request: Request, host: Host) -> bool:
        """A session inside TLS broke there before."""
        return request.clear == host.address and not await self._has_login(request, host)

    def may_go_clear(self, session: Session, request: Request) -> bool:
        inside = session.tunnel is not None and session.tls == MAY
        return inside and not request.clear and not session.identity.login and self._may_be_clear(request)

    def _may_be_clear(self, request: Request) -> bool:
        """It was tried before, and waited long enough when it came up again."""
        waited = request.active_at - self._desk.arrived_at
        tried = all(recipient.attempts for recipient in request.recipients)
        return tried and waited >= self._generation.rules.clear_after


def tls_of(session: Session, protection: Protection | None) -> str:
    """For the log and the results."""
    if protection is None or protection.level == NONE:
        return ""
    return protection.level if session.tunnel is not None else f"{protection.level}:{NONE}"
