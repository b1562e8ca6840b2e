"""Which recipients the sink refuses: the address decides, nothing else."""

from fastsmtp.sink.behaviour import Behaviour

ADDRESSES = [f"user{number}@example{number % 7}.com" for number in range(10_000)]


def test_verdict_takes_all_by_default() -> None:
    assert {Behaviour().verdict(address) for address in ADDRESSES} == {"take"}


def test_verdict_is_the_same_for_text_bytes_and_either_case() -> None:
    behaviour = Behaviour(defer=40, reject=40)
    for address in ADDRESSES[:100]:
        assert behaviour.verdict(address) == behaviour.verdict(address.upper().encode())


def test_shares_are_near_the_percentages() -> None:
    behaviour = Behaviour(defer=10, reject=5)
    verdicts = [behaviour.verdict(address) for address in ADDRESSES]
    assert 900 < verdicts.count("defer") < 1100
    assert 420 < verdicts.count("reject") < 580


def test_raising_the_share_of_one_kind_keeps_who_was_refused_before() -> None:
    few = {address for address in ADDRESSES if Behaviour(reject=5).verdict(address) == "reject"}
    more = {address for address in ADDRESSES if Behaviour(reject=9).verdict(address) == "reject"}
    assert few < more


def test_hundred_per_cent_is_everyone() -> None:
    assert {Behaviour(reject=100).verdict(address) for address in ADDRESSES} == {"reject"}
    assert {Behaviour(defer=100).verdict(address) for address in ADDRESSES} == {"defer"}
