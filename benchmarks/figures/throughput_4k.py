"""Messages a second against Postfix: 20,000 distinct messages of 4 KiB, job file to last acknowledgement."""

from benchmarks import data, rounds
from benchmarks.contenders import Fastsmtp, Postfix
from benchmarks.figure import Promise, against

PROMISE = Promise("messages/s, 4 KiB, as a multiple of Postfix's", 20.0, at_least=True)

if __name__ == "__main__":
    against(PROMISE, Fastsmtp("group"), Postfix(), data.SMALL, rounds.speed)
