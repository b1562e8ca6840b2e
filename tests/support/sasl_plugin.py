"""Mechanisms as a site might add them by smtp_sasl_path: tests.support.sasl_plugin.

TOKEN     shows one text, made of all that it is told
ENDLESS   answers whatever it is asked, without end
"""


class Token:
    name = "TOKEN"
    properties = frozenset({"noplaintext", "noanonymous"})
    rank = 200

    def start(self, service: str, host: str, user: str, password: str, options: dict[str, object]) -> bytes:
        return f"{service}/{host}:{options['port']} {user} {password}".encode()

    def step(self, challenge: bytes) -> bytes:
        raise RuntimeError("one step is enough")


class Endless:
    name = "ENDLESS"
    properties = frozenset({"noplaintext", "noanonymous"})
    rank = 200
    blocks = False

    def start(self, service: str, host: str, user: str, password: str, options: dict[str, object]) -> None:
        return None

    def step(self, challenge: bytes) -> bytes:
        return b""


MECHANISMS = [Token, Endless]
