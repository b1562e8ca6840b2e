"""The settings that choose transport and next-hop, as plain values: read by routing.py, heeded by switch.py.

Source: Postfix trivial-rewrite(8); spec: config, 9.2.
"""

from typing import NamedTuple


class SwitchRules(NamedTuple):
    """What chooses transport and next-hop, where more than default_transport and relayhost does."""

    transport_maps: tuple[str, ...]
    relay_domains: tuple[str, ...]
    sender_relayhost_maps: tuple[str, ...]
    sender_transport_maps: tuple[str, ...]
    default_transport: tuple[str, str]  # transport and next-hop, "" where none is named
    relay_transport: tuple[str, str]
    relayhost: str
    null_relayhost_key: str
    null_transport_key: str
    delimiter: str
    origin: str
    local_domains: tuple[str, ...]
    bare_transport_parents: bool  # transport_maps is in parent_domain_matches_subdomains
    bare_relay_parents: bool  # relay_domains is
