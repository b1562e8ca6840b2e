"""A delivery to make: recipients of one message and one destination that can share a transaction.

A request keeps what its servers left undecided (`recipients`), and where in the destination's host list it
stands, so that it can wait in the queue between two hosts. Times are Unix times in seconds.

Source: Postfix deliver_request(3); spec: session, 3; routing, 4.4.
"""

from fastsmtp.mail.destination import Destination, Host
from fastsmtp.mail.recipient import Recipient


class Request:
    """Mutable on purpose: it lives from queue to outcome, and is the only record of the attempt under way."""

    def __init__(
        self, destination: Destination, recipients: list[Recipient], queue_id: str, active_at: float
    ) -> None:
        self.destination = destination
        self.recipients = recipients  # not decided yet
        self.queue_id = queue_id
        self.sender = ""  # envelope sender of the transaction
        self.active_at = active_at  # entered the queue
        self.handed_at = active_at  # taken from it
        self.ready_at = active_at  # a session stood ready
        self.sites = 0  # of the next-hop, the fallback relay's included; 0: not looked up yet
        self.site = -1  # the one that is tried
        self.hosts: list[Host] = []  # of this site, in the order to try
        self.host_index = 0  # the host to try next
        self.addresses_tried = 0  # smtp_mx_address_limit counts these,
        self.sessions_tried = 0  # and smtp_mx_session_limit these
        self.transacted = False  # a transaction of it ran to its end: its site is not dead
        self.ahead = False  # its recipients are on record as unknown: the end of data may have left
        self.fresh = False  # the next host is connected to, idle session or not
        self.renewed = False  # that has happened
        self.clear = ""  # the address that is met without TLS, since a session inside TLS broke there
        self.softly_failed = False  # a host or site did: then a site that does not exist bounces nothing
        self.spared = 0  # times it came back from a session that closed before touching it
        self.postponed = 0  # times it waited for the answer of a table's server
        self.failure_dsn = "4.3.0"  # the last failure of a site, for those left when all hosts are used up
        self.failure_text = "server unavailable or unable to receive mail"
        self.failure_relay = "none"
        self.failure_tls = ""
        self.excused = False  # that failure says nothing against its destination

    def start_over(self) -> None:
        """It came back untouched: its hosts are looked up and tried from the first again, with whatever
        session is at hand.
        """
        self.sites = 0
        self.site = -1
        self.hosts = []
        self.host_index = 0
