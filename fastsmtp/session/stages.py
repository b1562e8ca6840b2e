"""What a session was doing when it ended, in the words of Postfix's logs.

Source: Postfix smtp_proto(3), smtp_trouble(3); spec: session, 12.
"""

from fastsmtp.wire import engine
from fastsmtp.wire.transaction import Transaction

STAGES: dict[int, str] = {
    engine.GREETING: "receiving the initial server greeting",
    engine.EHLO: "performing the EHLO handshake",
    engine.HELO: "performing the HELO handshake",
    engine.STARTTLS: "receiving the STARTTLS response",
    engine.AUTH: "performing the EHLO handshake",
    engine.PROBE: "sending RSET",
    engine.RSET: "sending RSET",
    engine.XFORWARD: "sending XFORWARD protocol/helo_name",
    engine.MAIL: "sending MAIL FROM",
    engine.RCPT: "sending RCPT TO",
    engine.DATA: "sending DATA command",
    engine.END: "sending end of data -- message may be sent more than once",
    engine.LONE_END: "sending end of data",
    engine.QUIT: "sending QUIT",
    engine.IDLE: "waiting for work",
}
SENDING_CONTENT = "sending message body"


def of(transaction: Transaction, stage: int, *, in_content: bool) -> str:
    """What was being done to one of the transactions that a session left without an answer at `stage`."""
    if transaction.in_doubt:
        return STAGES[engine.END]
    return SENDING_CONTENT if in_content or stage == engine.END else STAGES[stage]
