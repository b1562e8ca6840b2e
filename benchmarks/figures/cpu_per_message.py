"""CPU of the sender a message, start-up included, against smtp-source -d: 20,000 messages of 4 KiB."""

from benchmarks import data, rounds
from benchmarks.contenders import Fastsmtp, SmtpSource
from benchmarks.figure import Promise, against

PROMISE = Promise("CPU a message, 4 KiB, as a multiple of smtp-source -d's", 1.0, at_least=False)

if __name__ == "__main__":
    against(PROMISE, Fastsmtp("group"), SmtpSource(), data.SMALL, rounds.cpu)
