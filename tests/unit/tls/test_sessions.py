"""Sessions kept for resumption: how long, how many, and what ends one."""

from OpenSSL import SSL

from fastsmtp.tls.sessions import Sessions
from fastsmtp.tls.verdict import TRUSTED, Verdict
from tests.support.certificates import authority
from tests.support.tls_peer import TlsServer, protection, settled
from tests.support.tls_policies import NAME, meet, policy_of

CA = authority()
LEAF = CA.issue(NAME)
VERDICT = Verdict(True, TRUSTED)


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def a_session():
    channel = protection().channel()
    server = TlsServer(LEAF, versions=(0, SSL.TLS1_2_VERSION))
    assert settled(channel, server) == ""
    return channel._connection.get_session()


def test_session_is_kept_for_its_time():
    clock = Clock()
    sessions = Sessions(100.0, clock)
    session = a_session()
    sessions.keep("k", session, VERDICT)
    clock.now = 99.9
    assert sessions.take("k") == (session, VERDICT)
    clock.now = 100.0
    assert sessions.take("k") is None
    assert len(sessions) == 0


def test_newest_session_of_a_key_stands_and_a_failed_handshake_ends_it():
    sessions = Sessions(100.0, Clock())
    old, new = a_session(), a_session()
    sessions.keep("k", old, VERDICT)
    sessions.keep("k", new, VERDICT)
    assert sessions.take("k") == (new, VERDICT)
    sessions.forget("k")
    sessions.forget("k")
    assert sessions.take("k") is None


def test_least_used_session_makes_room():
    sessions = Sessions(100.0, Clock(), limit=2)
    session = a_session()
    sessions.keep("a", session, VERDICT)
    sessions.keep("b", session, VERDICT)
    assert sessions.take("a")
    sessions.keep("c", session, VERDICT)
    assert [bool(sessions.take(key)) for key in "abc"] == [True, False, True]


def test_no_lifetime_keeps_nothing():
    sessions = Sessions(0.0, Clock())
    sessions.keep("k", a_session(), VERDICT)
    assert sessions.take("k") is None


def left(policy, **server):
    met = meet(policy, LEAF, **server)
    met.channel.close()
    return met


def test_both_versions_of_the_protocol_resume():
    for version in (SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION):
        policy = policy_of(smtp_tls_security_level="may", smtp_tls_loglevel="cache")
        first = left(policy, versions=(version, version))
        again = left(policy, context=first.server.context)
        assert not first.channel.resumed
        assert again.channel.resumed
        assert again.lines == f"{NAME}[192.0.2.1]:25: re-using old session"
        assert left(policy, context=first.server.context).channel.resumed


def test_untrusted_session_is_pointed_out_when_it_is_resumed():
    policy = policy_of(smtp_tls_security_level="encrypt", smtp_tls_loglevel="untrusted")
    first = left(policy)
    assert left(policy, context=first.server.context).lines == (
        f"{NAME}[192.0.2.1]:25: re-using session with untrusted peer credential, "
        "look for details earlier in the log"
    )


def test_server_that_forgot_the_session_is_judged_anew():
    policy = policy_of(smtp_tls_security_level="may")
    left(policy)
    again = left(policy)
    assert not again.channel.resumed
    assert again.word == "Untrusted"


def test_failed_handshake_forgets_the_session():
    policy = policy_of(smtp_tls_security_level="may")
    first = left(policy)
    assert len(policy._engine.sessions) == 1
    channel = first.protection.channel()
    channel.start()
    channel.failed("timed out")
    assert len(policy._engine.sessions) == 0


def test_session_whose_certificate_did_not_match_is_not_resumed(tmp_path):
    trusted = {"smtp_tls_security_level": "verify", "smtp_tls_CAfile": str(CA.write_certificate(tmp_path))}
    policy = policy_of(**trusted)
    first = meet(policy, CA.issue("other.test"))
    first.channel.close()
    assert not first.matched
    assert len(policy._engine.sessions) == 0
    renewed = meet(policy, LEAF)
    assert renewed.matched


def test_session_of_another_host_is_not_offered():
    policy = policy_of(smtp_tls_security_level="may")
    first = left(policy)
    other = first.protection.handshake.session_key.replace("192.0.2.1", "192.0.2.2")
    assert policy._engine.sessions.take(other) is None
