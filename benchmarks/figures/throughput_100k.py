"""Messages a second against Postfix: 2,000 distinct messages of 100 KB, job file to last acknowledgement."""

from benchmarks import data, rounds
from benchmarks.contenders import Fastsmtp, Postfix
from benchmarks.figure import Promise, against

PROMISE = Promise("messages/s, 100 KB, as a multiple of Postfix's", 10.0, at_least=True)

if __name__ == "__main__":
    against(PROMISE, Fastsmtp("group"), Postfix(), data.LARGE, rounds.speed)
