"""What the log is told of a peer once it is introduced, in Postfix's words.

    of_session(session, manner)    (is a warning, text) for each line

Source: Postfix smtp_proto(3); spec: session, 4, 5, 7, 8.
"""

from collections.abc import Iterator

from fastsmtp.session.connection import Session
from fastsmtp.session.rules import DELAY_DOT, PIX_WORKAROUNDS, Manner
from fastsmtp.wire import terms

WARNINGS = {
    terms.OWN_NAME: "host {relay} greeted me with my own hostname {subject}",
    terms.BAD_SIZE: 'bad EHLO SIZE limit "{subject}" from {relay}',
}
NO_8BITMIME = "host {name} offers SMTPUTF8 support, but not 8BITMIME"


def of_session(session: Session, manner: Manner, queue_id: str) -> Iterator[tuple[bool, str]]:
    """In the order in which they came up. `queue_id` of the message that the session was opened for."""
    introduction = session.engine.introduction
    if introduction.is_pix:
        done = [
            word
            for word in PIX_WORKAROUNDS
            if word in manner.pix and (word != DELAY_DOT or session.dot_delay > 0)
        ]
        if done:
            yield False, f"{queue_id}: enabling PIX workarounds: {' '.join(done)} for {session.relay}"
    for kind, subject in introduction.notes:
        if kind == terms.NO_8BITMIME:
            yield False, NO_8BITMIME.format(name=session.name)
        else:
            yield True, WARNINGS[kind].format(relay=session.relay, subject=subject)
    if introduction.extended and (discarded := manner.discard_text):
        yield False, f"discarding EHLO keywords: {discarded}"
