"""Peak memory of `fastsmtp send` with 2,000,000 recipients against 100,000: one text, to smtp-sink."""

from benchmarks import rounds
from benchmarks.contenders import Fastsmtp, Workplace
from benchmarks.data import Case
from benchmarks.figure import Promise, round_count, state
from tests.support.smtp_sink import SmtpSink

PROMISE = Promise("peak memory, 2,000,000 recipients as a multiple of 100,000's", 1.1, at_least=False)
SHORT = Case("100,000 recipients", 100_000, 1024)
LONG = Case("2,000,000 recipients", 2_000_000, 1024)


def memory(sender: Fastsmtp, case: Case) -> int:
    with Workplace() as work, SmtpSink() as sink:
        cost = sender.run(case, sink.port, work)
    rate = case.messages / cost.seconds
    rounds.say(f"{case.name}: {cost.memory / 2**20:.1f} MiB, {rate:,.0f} recipients a second")
    return cost.memory


if __name__ == "__main__":
    sender = Fastsmtp("group", template="none")
    state(PROMISE, [memory(sender, LONG) / memory(sender, SHORT) for _ in range(round_count(1))])
