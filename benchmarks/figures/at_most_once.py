"""What delivery_guarantee = at_most_once costs: messages/s as a part of at_least_once's, the same job and
sink.
"""

from benchmarks import data, rounds
from benchmarks.contenders import Fastsmtp
from benchmarks.figure import Promise, against

PROMISE = Promise("messages/s with at_most_once as a part of at_least_once's", 0.5, at_least=True)

if __name__ == "__main__":
    against(PROMISE, Fastsmtp("group", guarantee="at_most_once"), Fastsmtp("group"), data.SMALL, rounds.speed)
