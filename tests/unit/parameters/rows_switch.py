"""Which way mail goes: transports and the tables that choose them."""

import re
from collections.abc import Mapping
from unittest import mock

from fastsmtp.conf.settings import Settings
from fastsmtp.conf.table import PARAMETERS
from tests.support.memory_peer import Manner
from tests.support.world import BASE, World
from tests.unit.parameters import rows_limits, rows_queue
from tests.unit.parameters.proof import Proof

ABSENT = Manner(absent=True)
NATIVE = {"x.example": ["192.0.2.41"], "y.example": ["192.0.2.42"]}
PLAIN = {"relayhost": "", "disable_dns_lookups": "yes"}
RELAY = "[192.0.2.9]"


def tried(sender: str = "s@x.example", **settings: str) -> list[str]:
    """What was connected to, or what became of it without."""
    seen = World(ABSENT, native=NATIVE).run(sender=sender, **(PLAIN | settings))
    return [host for host, _ in seen.refused] or [seen.status(), seen.outcomes["r@x.example"].reply]


def tried_for_nobody(**settings: str) -> list[str]:
    return tried(sender="", **settings)


NO_TRANSPORT = ["deferred 4.3.0", "mail transport unavailable"]
NULL_SENDER = "inline:{ { <> = [192.0.2.8] }, { nobody = [192.0.2.9] } }"
NULL_WAYS = "inline:{ { <> = smtp:[192.0.2.8] }, { nobody = smtp:[192.0.2.9] } }"

PROOFS = [
    Proof(
        "transport_maps",
        tried,
        {
            "": ["192.0.2.41"],
            "inline:{ { x.example = smtp:[192.0.2.9] } }": ["192.0.2.9"],
            "inline:{ { r@x.example = :[192.0.2.8] } }": ["192.0.2.8"],
            "inline:{ { * = error:5.1.1 closed } }": ["bounced 5.1.1", "closed"],
            "inline:{ { * = retry:later } }": ["deferred 4.0.0", "later"],
            "inline:{ { * = discard:silently } }": ["sent 2.0.0", "silently"],
            "inline:{ { * = uucp:x } }": NO_TRANSPORT,
            "fail:out": [
                "deferred 4.3.0",
                'transport_maps: lookup of "r@x.example" failed: fail:out always fails',
            ],
        },
    ),
    Proof(
        "default_transport",
        tried,
        {"smtp": ["192.0.2.41"], f"relay:{RELAY}": ["192.0.2.9"], "uucp:x": NO_TRANSPORT},
    ),
    Proof(
        "smtp_transports",
        tried,
        {"smtp": NO_TRANSPORT, "bulk": ["192.0.2.9"]},
        also={"default_transport": f"bulk:{RELAY}"},
    ),
    Proof(
        "relay_domains",
        tried,
        {"": ["192.0.2.41"], "x.example": ["192.0.2.9"]},
        also={"relay_transport": f"relay:{RELAY}"},
    ),
    Proof(
        "relay_transport",
        tried,
        {"relay": ["192.0.2.41"], f"smtp:{RELAY}": ["192.0.2.9"]},
        also={"relay_domains": "x.example"},
    ),
    Proof(
        "parent_domain_matches_subdomains",
        tried,
        {"": ["192.0.2.41"], "relay_domains": ["192.0.2.9"], "!relay_domains, static:all": ["192.0.2.41"]},
        also={"relay_domains": "example", "relay_transport": f"relay:{RELAY}"},
    ),
    Proof(
        "sender_dependent_relayhost_maps",
        tried,
        {"": ["192.0.2.41"], f"inline:{{ @x.example={RELAY} }}": ["192.0.2.9"]},
    ),
    Proof(
        "sender_dependent_default_transport_maps",
        tried,
        {"": ["192.0.2.41"], f"inline:{{ {{ s@x.example = relay:{RELAY} }} }}": ["192.0.2.9"]},
    ),
    Proof(
        "empty_address_relayhost_maps_lookup_key",
        tried_for_nobody,
        {"<>": ["192.0.2.8"], "nobody": ["192.0.2.9"]},
        also={"sender_dependent_relayhost_maps": NULL_SENDER},
    ),
    Proof(
        "empty_address_default_transport_maps_lookup_key",
        tried_for_nobody,
        {"<>": ["192.0.2.8"], "nobody": ["192.0.2.9"]},
        also={"sender_dependent_default_transport_maps": NULL_WAYS},
    ),
]


def over_relay(proof: Proof) -> Proof:
    """What holds for smtp_destination_... and so on holds for the transport relay by its own names."""

    def observe(**settings: str) -> object:
        renamed = {name.replace("relay_", "smtp_", 1): value for name, value in settings.items()}
        with mock.patch("tests.support.world.load", as_relay):
            return proof.observe(**renamed)

    return proof._replace(name=proof.name.replace("smtp_", "relay_", 1), observe=observe)


def as_relay(settings: Mapping[str, str]) -> Settings:
    """The limits of smtp are those of relay, over which all mail goes."""
    own = {name for name in PARAMETERS if name.startswith("relay_")}
    renamed = {
        name.replace("smtp_", "relay_", 1)
        if name.startswith("smtp_") and name.replace("smtp_", "relay_", 1) in own
        else name: value
        for name, value in (BASE | dict(settings)).items()
    }
    return Settings.load(
        None, [f"{name}={value}" for name, value in renamed.items()] + ["default_transport=relay"]
    )


LIMITS = [*rows_queue.PROOFS, *rows_limits.PROOFS]
PROOFS += [
    over_relay(proof)
    for proof in LIMITS
    if re.fullmatch(r"smtp_(initial_)?destination_(?!rate).*", proof.name)
]
