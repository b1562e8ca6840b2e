"""At maximum verbosity nothing that is written down holds a secret (spec: sasl, 12, 13.25).

Everything that a run says is searched: log, notices (their contents, as a peer gets them), results, and every
row of the outcomes, for the password, the token, what was said in base64, and proofs.
"""

import base64

import pytest

from fastsmtp.sasl.credentials import Login
from fastsmtp.sasl.mechanism import Peer
from fastsmtp.sasl.scram import SaltedKeys, ScramSha256
from tests.support.memory_peer import Manner
from tests.support.world import ADDRESS, World

PASSWORD = "correct.horse.battery"
LOUD = {
    "smtp_sasl_auth_enable": "yes",
    "smtp_sasl_security_options": "",
    "smtp_sasl_password_maps": f"static:tim:{PASSWORD}",
    "debug_peer_list": ADDRESS,
    "debug_peer_level": "9",
    "notify_classes": "protocol",
}


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def parrot(offer: str, *said: str, **answers: str) -> Manner:
    """A peer that repeats what it was told in confidence, and takes nothing."""
    repeats = " ".join(said)
    return Manner(
        offers=(offer,),
        answers={
            "AUTH": f"535-5.7.8 {repeats}\r\n535 5.7.8 {repeats} no",
            "MAIL": f"503 5.5.1 {repeats} what?",
            "QUIT": f"221 {repeats}",
            **answers,
        },
    )


def written(seen) -> str:
    """All that anybody but the peer gets to see."""
    notices = [content.decode() for content in seen.contents]
    return "\n".join([seen.log, repr(seen.history), *notices])


def secret_free(seen, *others: str) -> None:
    text = written(seen)
    unfolded = text.replace("\r\n     ", "")
    for secret in (PASSWORD, b64(PASSWORD), b64(f"\0tim\0{PASSWORD}"), *others):
        assert secret not in text
        assert secret not in unfolded
    assert "****" in text


@pytest.mark.parametrize("taken", [False, True])
def test_plain_leaves_no_trace(taken: bool) -> None:
    said = (PASSWORD, b64(PASSWORD), b64(f"\0tim\0{PASSWORD}"))
    answers = {"AUTH": f"235 {' '.join(said)} hello"} if taken else {}
    seen = World(parrot("AUTH PLAIN", *said, **answers)).run(**LOUD)
    secret_free(seen)
    assert "AUTH PLAIN ****" in seen.log
    assert seen.status().startswith("bounced 5.5.1" if taken else "deferred 4.7.8")


@pytest.mark.parametrize("taken", [False, True])
def test_login_leaves_no_trace(taken: bool) -> None:
    said = (PASSWORD, b64(PASSWORD))
    end = f"235 {' '.join(said)}" if taken else f"535 5.7.8 {' '.join(said)} no"
    answers = {"AUTH": "334 VXNlcm5hbWU6", "DGLT": "334 UGFzc3dvcmQ6", b64(PASSWORD).upper(): end}
    seen = World(parrot("AUTH LOGIN", *said, **answers)).run(**LOUD)
    secret_free(seen, "VXNlcm5hbWU6", "UGFzc3dvcmQ6")
    assert "334 ****" in seen.log


def test_token_leaves_no_trace() -> None:
    token = "ya29.a0AfH6SMsecret"
    response = b64(f"user=tim\x01auth=Bearer {token}\x01\x01")
    refusal = b64('{"status":"401","scope":"https://mail.example/"}')
    answers = {"AUTH": f"334 {refusal}", "": f"535 5.7.8 {token} {response} no"}
    seen = World(parrot("AUTH XOAUTH2", **answers)).run(
        **{**LOUD, "smtp_sasl_password_maps": f"static:{{tim:Bearer {token}}}"}
    )
    secret_free(seen, token, b64(token), response, refusal, "https://mail.example/")


def test_scram_proof_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    """The nonce is fixed, so that the test knows the proof."""
    monkeypatch.setattr("fastsmtp.sasl.scram.secrets.token_bytes", lambda size: b"\1" * size)
    nonce = base64.b64encode(b"\1" * 24)
    first = b"r=" + nonce + b"xyz,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    twin = ScramSha256(Login("tim", PASSWORD), Peer(ADDRESS, 25, "me"), keys=SaltedKeys(), nonce=nonce)
    twin.start()
    final = twin.step(first).decode()
    proof = final.partition("p=")[2]
    answers = {
        "AUTH": f"334 {base64.b64encode(first).decode()}",
        b64(final).upper(): f"535 5.7.8 {proof} {final} no",
    }
    seen = World(parrot("AUTH SCRAM-SHA-256", **answers)).run(**LOUD)
    assert b64(final) in seen.commands
    secret_free(seen, proof, final, b64(final), base64.b64encode(first).decode(), nonce.decode())


def test_settings_that_are_printed_hide_the_password() -> None:
    seen = World(Manner(offers=("AUTH",))).run(**{**LOUD, "smtp_sasl_password_maps": f"unknown:{PASSWORD}"})
    assert PASSWORD not in written(seen)
    assert seen.status() == "deferred 4.3.0"
