"""Queue ids in Postfix's long form: what ties the lines of a log, the rows of the results and a peer's
records together.

    prefix(created_at)          the job's part: its time of arrival in microseconds
    queue_id(prefix, number)    one message of it

Source: Postfix mail_queue(3), enable_long_queue_ids; spec: queue, 12.5. Where Postfix puts the inode, we put
the number of the recipient (0: the message that a whole job shares); log analysers match the alphabet alone.
"""

ALPHABET = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"


def _digits(number: int, width: int) -> str:
    text = ""
    while number or len(text) < width:
        number, digit = divmod(number, len(ALPHABET))
        text = ALPHABET[digit] + text
    return text


def prefix(created_at: float) -> str:
    """For a job taken in at this Unix time: six characters of seconds, four of microseconds, and `z`."""
    seconds = int(created_at)
    return f"{_digits(seconds, 6)}{_digits(int((created_at - seconds) * 1_000_000), 4)}z"


def queue_id(job_prefix: str, number: int) -> str:
    """The id of message `number` of a job."""
    return f"{job_prefix}{number}"
