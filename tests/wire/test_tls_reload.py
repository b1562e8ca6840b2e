"""TLS over a reload: what is open stays as it is, what is opened next goes by the new settings."""

from tests.support.certificates import authority
from tests.support.memory_peer import TLS, Manner
from tests.support.world import World

CA = authority()
PEER = Manner(leaf=CA.issue("192.0.2.1", ["192.0.2.1"]), delay=1.0)
SINGLY = {"smtp_destination_recipient_limit": "1"}
MANY = [f"r{number}@x.example" for number in range(3)]


def test_stricter_level_ends_sessions_in_the_clear():
    seen = World(PEER).run(MANY, **SINGLY, changes=[(2.5, {"smtp_tls_security_level": "encrypt"})])
    assert {outcome.status for outcome in seen.outcomes.values()} == {"sent"}
    clear, inside = seen.conversations
    assert TLS not in clear.commands
    assert inside.commands[1:3] == ["STARTTLS", TLS]
    assert len(clear.contents) + len(inside.contents) == len(MANY)
    assert inside.opened_at > seen.began_at + 2.5


def test_same_settings_keep_the_session():
    level = {"smtp_tls_security_level": "encrypt"}
    seen = World(PEER).run(MANY, **SINGLY, **level, changes=[(2.5, {})])
    assert len(seen.conversations) == 1
    assert len(seen.contents) == len(MANY)


def test_authorities_are_those_of_the_last_reload(tmp_path):
    stranger = authority("Other CA").write_certificate(tmp_path, "other.pem")
    ours = CA.write_certificate(tmp_path)
    seen = World(PEER).run(
        once=False,
        smtp_tls_security_level="verify",
        smtp_tls_CAfile=str(stranger),
        changes=[(60, {"smtp_tls_CAfile": str(ours)})],
    )
    assert [(outcome.status, outcome.dsn) for outcome in seen.history] == [
        ("deferred", "4.7.5"),
        ("sent", "2.0.0"),
    ]


def test_authorities_that_cannot_be_read_hold_mail_back_until_a_reload_finds_them(tmp_path):
    seen = World(PEER).run(
        once=False,
        smtp_tls_security_level="verify",
        smtp_tls_CAfile="/nonexistent/ca.pem",
        changes=[(60, {"smtp_tls_CAfile": str(CA.write_certificate(tmp_path))})],
    )
    first, last = seen.history
    assert first.reply == "TLS is required, but our TLS engine is unavailable"
    assert last.status == "sent"
    assert "TLS cannot be used: /nonexistent/ca.pem: cannot be read" in seen.log
