"""Our own certificates: pairs, chain files, what is wrong with them; trust anchors."""

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from OpenSSL import SSL

from fastsmtp.tls.contexts import Authorities, ContextRules, Contexts, Manner, read_anchors
from fastsmtp.tls.own import UnusableFile, read_chain_files, read_pairs
from fastsmtp.tls.protocols import Versions
from tests.support.certificates import authority, deep, rsa_key
from tests.support.tls_peer import TlsServer, make_context, protection, shake

CA = authority()
ELLIPTIC = deep(CA, 1, "client.example")
RSA = CA.issue("client.example", key=rsa_key())


def shown_to(chains, **server):
    """The common names of what a server that asks for our certificate is shown, leaf first."""
    context = make_context(CA.issue("mx.example"), **server)
    context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
    contexts = Contexts(ContextRules(Authorities(), tuple(chains)))
    channel = protection(context=contexts.of(Manner(Versions(0), b"ALL:@SECLEVEL=0"))).channel()
    server_side = TlsServer(None, context=context)
    channel.start()
    shake(channel, server_side)
    chain = server_side.connection.get_peer_cert_chain() or []
    leaf = server_side.connection.get_peer_certificate()
    return [leaf and leaf.to_cryptography().public_bytes(Encoding.DER)] + [
        one.to_cryptography().public_bytes(Encoding.DER) for one in chain
    ]


def test_certificate_and_key_in_one_file_with_its_issuers(tmp_path):
    file = str(ELLIPTIC.write(tmp_path))
    (chain,) = read_pairs([(file, file)])
    shown = shown_to([chain])
    assert shown[0] == ELLIPTIC.der
    assert ELLIPTIC.above[0].public_bytes(Encoding.DER) in shown


def test_key_in_a_file_of_its_own(tmp_path):
    (tmp_path / "cert.pem").write_bytes(RSA.chain_pem)
    (tmp_path / "key.pem").write_bytes(RSA.key_pem)
    chains = read_pairs([(str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))])
    assert shown_to(chains)[0] == RSA.der


def test_without_a_certificate_none_is_shown():
    assert shown_to([]) == [None]


def test_chain_files_hold_several_algorithms_and_the_peer_decides(tmp_path):
    (tmp_path / "one.pem").write_bytes(ELLIPTIC.key_pem + ELLIPTIC.chain_pem + RSA.key_pem)
    (tmp_path / "two.pem").write_bytes(RSA.chain_pem)
    chains = read_chain_files([str(tmp_path / "one.pem"), str(tmp_path / "two.pem")])
    assert len(chains) == 2
    assert shown_to(chains)[0] in (ELLIPTIC.der, RSA.der)
    assert {shown_to([chain])[0] for chain in chains} == {ELLIPTIC.der, RSA.der}


def encrypted(certified):
    return certified.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (ELLIPTIC.chain_pem, "no private key in it"),
        (ELLIPTIC.key_pem, "no certificate in it"),
        (encrypted(ELLIPTIC) + ELLIPTIC.chain_pem, "the private key is encrypted"),
        (ELLIPTIC.key_pem + RSA.chain_pem, "its certificate is for another key"),
        (ELLIPTIC.key_pem.replace(b"M", b"-") + ELLIPTIC.chain_pem, "no usable private key"),
        (
            ELLIPTIC.key_pem + b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "no usable certificate",
        ),
        (b"", "no private key in it"),
    ],
)
def test_file_that_cannot_be_used_says_why_and_which(tmp_path, text, reason):
    file = tmp_path / "own.pem"
    file.write_bytes(text)
    with pytest.raises(UnusableFile, match=reason) as caught:
        read_pairs([(str(file), str(file))])
    assert str(caught.value).startswith(str(file))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (ELLIPTIC.chain_pem + ELLIPTIC.key_pem, "a certificate stands before any key"),
        (b"", "no private key in it"),
        (2 * (ELLIPTIC.key_pem + ELLIPTIC.chain_pem), "more than one key of an algorithm"),
    ],
)
def test_chain_file_in_another_order_is_refused(tmp_path, text, reason):
    file = tmp_path / "chain.pem"
    file.write_bytes(text)
    with pytest.raises(UnusableFile, match=reason):
        read_chain_files([str(file)])


def test_file_that_is_not_there_is_named():
    with pytest.raises(UnusableFile, match="cannot be read: No such file or directory"):
        read_pairs([("/nonexistent.pem", "/nonexistent.pem")])


@pytest.mark.parametrize("text", [b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_file_of_anchors_without_one_is_refused(tmp_path, text):
    (tmp_path / "anchors.pem").write_bytes(text)
    with pytest.raises(UnusableFile, match="no usable trust anchor"):
        read_anchors(str(tmp_path / "anchors.pem"))


@pytest.mark.parametrize(
    "text", ["nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_authorities_that_the_library_does_not_take_are_refused(tmp_path, text):
    (tmp_path / "ca.pem").write_text(text)
    with pytest.raises(UnusableFile):
        Contexts(ContextRules(Authorities.read(str(tmp_path / "ca.pem"), "", system=False)))


def test_contexts_are_shared_and_bounded(monkeypatch):
    contexts = Contexts(ContextRules(Authorities()))
    manner = Manner(Versions(0), b"HIGH")
    assert contexts.of(manner) is contexts.of(manner)
    monkeypatch.setattr("fastsmtp.tls.contexts.CONTEXTS_LIMIT", 2)
    kept = [
        contexts.of(
            Manner(
                Versions(0),
                b"HIGH",
                (),
            )
        )
        for _ in range(3)
    ]
    assert len({id(context) for context in kept}) == 1
    for number in range(5):
        contexts.of(Manner(Versions(0, 0, 0), f"HIGH:!DES{':!RC4' * number}".encode()))
    assert len(contexts._made) <= 2


def test_cipher_list_that_names_nothing_is_refused():
    with pytest.raises(ValueError, match="invalid cipher list NOSUCH: no cipher match"):
        Contexts(ContextRules(Authorities())).of(Manner(Versions(0), b"NOSUCH"))
