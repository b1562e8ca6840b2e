"""The log, in the words and the line format of Postfix, so that tools that read a Postfix log read this one.

    Log.open(target, name, facility)       target: None nobody, "-" stderr, "syslog" the system's, else a file
    .outcomes(batch)                       `QID: to=<R>, relay=…, delay=…, delays=…, dsn=…, status=… (TEXT)`
    .active(queue_id, sender, size, count) `QID: from=<S>, size=N, nrcpt=N (queue active)`
    .removed(queue_id)                     `QID: removed`
    .info(text)  .warning(text)            a line of their own
    .statistics(text, ...)                 `statistics: TEXT`, of idle sessions
    .flush()                               writes what active() and removed() left; once a turn of the loop
    .become(log)                           goes on as `log` would, which is given up: a reload, a rotation
    .reopen()  .close()                    after a rotation; at the end

Lines about a delivery come from `NAME/smtp[PID]`, those about a message from `NAME/qmgr[PID]`, those about
idle sessions from `NAME/scache[PID]`. An expired
recipient has two: its last deferral, then `status=expired, returned to sender`. A character that does not
print becomes `?`, so that no address and no reply can begin a line. Nothing is formatted when nobody listens.

Does not decide what happened, nor word it: TEXT is the outcome's reply as it stands.

Source: queue.md 12; Postfix smtp(8), qmgr(8), syslog_name, delay_logging_resolution_limit.
"""

from collections.abc import Sequence
from typing import Self

from fastsmtp.outcome.outcome import DEFERRED, EXPIRED, Outcome
from fastsmtp.report.delay_text import delay_text
from fastsmtp.report.log_output import FileOutput, Output, Severity, SyslogOutput

STDERR = "-"
SYSLOG = "syslog"
DELAY_RESOLUTION = 2  # Postfix's default for delay_logging_resolution_limit

CLIENT = "smtp"
QUEUE_MANAGER = "qmgr"
CACHE = "scache"

PENDING_LIMIT = 1024  # lines that wait for the end of the turn; a bound, hardly ever met


class Log:
    """Formats lines and hands them on a batch at a time. `output` None: nobody listens."""

    __slots__ = ("_delay", "_output", "_pending", "_tells_tls")

    def __init__(
        self, output: Output | None, resolution: int = DELAY_RESOLUTION, *, tells_tls: bool = True
    ) -> None:
        self._output = output
        self._delay = delay_text(resolution)
        self._tells_tls = tells_tls
        self._pending: list[str] = []

    @classmethod
    def open(
        cls,
        target: str | None,
        name: str = "postfix",
        facility: str = "mail",
        resolution: int = DELAY_RESOLUTION,
        *,
        tells_tls: bool = True,
    ) -> Self:
        """`name`, `facility`, `resolution`: syslog_name, syslog_facility, delay_logging_resolution_limit;
        `tells_tls`: smtp_log_tls_feature_status.

        Raises UsageError if a file cannot be opened. A system without a log daemon gets no log, in silence.
        """
        if target is None:
            return cls(None)
        if target == SYSLOG:
            return cls(SyslogOutput.open(name, facility), resolution, tells_tls=tells_tls)
        output = FileOutput.open(None if target == STDERR else target, name)
        return cls(output, resolution, tells_tls=tells_tls)

    @property
    def listening(self) -> bool:
        return self._output is not None

    def outcomes(self, batch: Sequence[Outcome]) -> None:
        """Log what became of these recipients, in one write together with what waits."""
        output = self._output
        if output is None:
            return
        prefix = output.prefix(CLIENT, Severity.INFO)
        delay, tells_tls = self._delay, self._tells_tls
        shared = None
        relay_seen = relay_text = spans = ""
        for outcome in batch:
            recipient, status, dsn, reply, relay, _, _, _, delays, tls, queue_id, _, sender, conn_use = (
                outcome
            )
            if delays is not shared:  # the recipients of one transaction have the same
                shared = delays
                a, b, c, d = delays
                spans = f"delay={delay(a + b + c + d)}, delays={delay(a)}/{delay(b)}/{delay(c)}/{delay(d)}"
            if relay is not relay_seen:
                relay_seen, relay_text = relay, printable(relay)
            address = recipient[1]
            # Looking at the whole line for what does not print would cost more than making it.
            self._pending.append(
                f"{prefix}{queue_id}: to=<{address if address.isprintable() else printable(address)}>"
                f", relay={relay_text}{f', conn_use={conn_use}' if conn_use > 1 else ''}, {spans}"
                f"{f', tls={word(tls)}' if tls and tells_tls else ''}, dsn={dsn}"
                f", status={DEFERRED if status == EXPIRED else status}"
                f" ({reply if reply.isprintable() else printable(reply)})"
            )
            if status == EXPIRED:
                self._add(QUEUE_MANAGER, f"{queue_id}: from=<{sender}>, status=expired, returned to sender")
        self.flush()

    def active(self, queue_id: str, sender: str, size: int, count: int) -> None:
        """A message of `size` bytes to `count` recipients is being sent now."""
        if self._output is not None:
            self._add(
                QUEUE_MANAGER, f"{queue_id}: from=<{sender}>, size={size}, nrcpt={count} (queue active)"
            )

    def removed(self, queue_id: str) -> None:
        """A message has no recipient left that waits."""
        if self._output is not None:
            self._add(QUEUE_MANAGER, f"{queue_id}: removed")

    def info(self, text: str) -> None:
        if self._output is not None:
            self._add(CLIENT, text)
            self.flush()

    def warning(self, text: str) -> None:
        if self._output is not None:
            self._add(CLIENT, f"warning: {text}", Severity.WARNING)
            self.flush()

    def statistics(self, *texts: str) -> None:
        if self._output is not None:
            for text in texts:
                self._add(CACHE, f"statistics: {text}")
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if self._output is not None and self._pending:
            lines, self._pending = self._pending, []
            self._output.write(lines)

    def reopen(self) -> None:
        """Go on in a new file of the same name: the old one was rotated away."""
        if self._output is not None:
            self.flush()
            self._output.reopen()

    def become(self, other: "Log") -> None:
        """What comes now goes where `other` would have written it, in its form."""
        self.close()
        self._output, self._delay, self._tells_tls = other._output, other._delay, other._tells_tls
        other._output = None

    def close(self) -> None:
        """Write what waits and let go. Later lines go nowhere."""
        if self._output is not None:
            self.flush()
            self._output.close()
            self._output = None

    def _add(self, program: str, text: str, severity: Severity = Severity.INFO) -> None:
        assert self._output is not None
        self._pending.append(self._output.prefix(program, severity) + printable(text))
        if len(self._pending) >= PENDING_LIMIT:
            self.flush()


def word(text: str) -> str:
    """The first word: analysers split lines at blanks."""
    return text.split(" ", 1)[0]


def printable(text: str) -> str:
    """`text` with `?` for each character that does not print."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "?" for character in text)
