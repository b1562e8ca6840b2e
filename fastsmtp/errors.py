"""Every exception that fastsmtp raises.

    FastsmtpError
      UsageError             before the first connection; exit status 2; may hold several
        SettingError         a parameter: name, value, what was expected, file and line
        JobError             a job file, message or list: file, line, key, what was expected
      SessionError           ends one session, never the worker
        RemoteProtocolError  the peer broke SMTP
        SessionTimeout       a stage's time limit ran out
        SessionLost          the stream ended
        HandshakeFailed      TLS did not come about
        TlsBroken            what came is not what TLS allows
      PolicyError            what TLS must achieve with a host cannot be told: status and reason
      AuthenticationFailed   a peer does not take our credentials, or we cannot give them: status and reason
      RenderError            one recipient's message or sender cannot be made from its fields; others can
      ContentError           one recipient's message cannot be put on the wire: status and reason
      MimeError              a message that cannot be converted for this peer: its recipients bounce
      TableError             a lookup table has no answer now: what hangs on it is deferred, never decided
      Pending                the same, but only for now: who may wait has the answer fetched and asks again
      LocalProtocolError     we asked for the impossible: a bug of ours, never turned into a bounce
      SpoolError             stops the worker: what cannot be recorded must not be sent
      ReportError            a file for the user cannot be written; what it was to say stands in the spool

A refusal (4xx, 5xx) is not an exception: it is a reply, and becomes an outcome.
"""

from collections.abc import Sequence


class FastsmtpError(Exception):
    """Root of the tree."""


class UsageError(FastsmtpError):
    """What the user gave cannot be used; nothing was sent. `problems` holds one line for each fault."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems: tuple[str, ...] = problems

    @classmethod
    def gather(cls, errors: Sequence["UsageError"]) -> "UsageError":
        """One error that carries the faults of all of `errors`."""
        return cls(*(problem for error in errors for problem in error.problems))


class SettingError(UsageError):
    """A parameter's value, or the syntax of main.cf around it."""


class JobError(UsageError):
    """A job file, its message, its template or its list."""


class SessionError(FastsmtpError):
    """Ends one session; `stage` is the engine's, what the session was doing."""

    def __init__(self, reason: str, stage: int = 0) -> None:
        super().__init__(reason)
        self.stage = stage
        self.inside_tls = False  # TLS stood when it came about


class RemoteProtocolError(SessionError):
    """The peer broke the rules of SMTP."""


class SessionTimeout(SessionError):
    """A stage's time limit ran out."""


class SessionLost(SessionError):
    """The stream ended."""


class HandshakeFailed(SessionError):
    """TLS did not come about: nothing that is left of the connection can be used.

    `lines` and `warnings` are for the log.
    """

    def __init__(self, reason: str, lines: Sequence[str] = (), warnings: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.lines = tuple(lines)
        self.warnings = tuple(warnings)


class TlsBroken(SessionError):
    """An established TLS session cannot be read or written any more."""


class AuthenticationFailed(FastsmtpError):
    """Nothing is sent to this host as long as that is so. Neither text nor digest gives a secret away."""

    def __init__(self, dsn: str, text: str, *, code: int = 0, digest: str = "") -> None:
        """`code` of the peer's refusal, 0: we gave up; `digest` of the password that was refused."""
        super().__init__(text)
        self.dsn = dsn
        self.text = text
        self.code = code
        self.digest = digest
        self.tls = ""  # for the log and the results


class RenderError(FastsmtpError):
    """A row's fields do not make a message: its recipient bounces, and nothing of it reaches a server."""


class MimeError(FastsmtpError):
    """A message that cannot be converted for this peer: its recipients bounce with `dsn` and the text."""

    def __init__(self, reason: str, dsn: str) -> None:
        super().__init__(reason)
        self.dsn = dsn


class PolicyError(FastsmtpError):
    """What TLS must achieve with a host cannot be told: the settings, a table or the DNS are at fault, and
    nothing is sent there.
    """

    def __init__(self, text: str, dsn: str) -> None:
        super().__init__(text)
        self.text = text
        self.dsn = dsn


class TableError(FastsmtpError):
    """A lookup table cannot be opened or asked, or gave an answer that is none; says which table and why."""


class Pending(FastsmtpError):
    """A table that asks a server has no answer for `key` at hand (fastsmtp.remote fetches it)."""

    def __init__(self, table: object, key: str) -> None:
        super().__init__(f"{table}: {key}")
        self.table = table
        self.key = key


class ContentError(FastsmtpError):
    """A message that cannot be made for its recipient: enhanced status code and reason."""

    def __init__(self, dsn: str, reason: str) -> None:
        super().__init__(reason)
        self.dsn = dsn
        self.reason = reason

    @property
    def soft(self) -> bool:
        """It may be possible later: the recipient is deferred."""
        return self.dsn.startswith("4")


class LocalProtocolError(FastsmtpError):
    """A call that the state does not allow."""


class SpoolError(FastsmtpError):
    """The spool cannot be opened, read or written. What was recorded before stands.

    `after_sending` is set by the worker once mail may have reached a peer: the exit status is 75 then, not 2.
    """

    after_sending = False


class ReportError(FastsmtpError):
    """The results cannot be written where they shall be. Nothing is lost: they can be asked for again."""
