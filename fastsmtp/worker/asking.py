"""Tables that ask a server, as a run uses them.

    answer_rules(settings)        for fastsmtp.remote
Source: ours.
"""

from fastsmtp.conf.settings import Settings
from fastsmtp.remote.rules import AnswerRules


def answer_rules(settings: Settings) -> AnswerRules:
    return AnswerRules(
        kept_for=settings.seconds("lookup_cache_time"),
        limit=settings.number("lookup_cache_limit"),
        time_limit=settings.seconds("lookup_time_limit"),
        connections=settings.number("lookup_connection_limit"),
    )
