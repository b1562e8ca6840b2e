"""Mechanisms from elsewhere, such as NTLM and GSSAPI: modules that smtp_sasl_path names.

    load(modules)    Plugins by name, in capitals; SettingError for a module that is none

A module lists its mechanisms in MECHANISMS. Each is a class that is called without arguments, and has

    name          "GSSAPI"
    properties    some of those in fastsmtp.sasl.mechanism
    rank          SCRAM-SHA-512 has 100, each of the weaker ones of passwords 10 less: ..., PLAIN 50, LOGIN 40
    start(service, host, user, password, options)    the initial response in bytes, or None; options: a dict
    step(challenge)                                  the response in bytes
    blocks        False: both are quick. Else they run in a thread of their own
    verified      False as long as the peer has not proved what it must; no such attribute: it need not

Base64, AUTH and limits are done here; security layers there are none. An exception is a failure on our side:
of what it says only its type is told, since the rest might be a secret.
Source: spec: sasl, 8.2; smtp_sasl_path is ours here: Postfix hands it to the Cyrus library.
"""

import importlib
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from fastsmtp.errors import SettingError
from fastsmtp.sasl.choice import Plugin
from fastsmtp.sasl.credentials import Login
from fastsmtp.sasl.mechanism import PROPERTIES, SERVICE, Mechanism, MechanismFailure, Peer


class Foreign(Mechanism):
    """One authentication by a plug-in's mechanism."""

    def __init__(self, made: Any, login: Login, peer: Peer) -> None:
        super().__init__(login, peer)
        self._made = made
        self.name = made.name.upper()
        self.properties = frozenset(made.properties)
        self.verified = getattr(made, "verified", True)
        self._done: list[bytes | None] = []  # by prepare()
        self._fault = ""

    def prepare(self, challenge: bytes | None) -> Callable[[], None] | None:
        return partial(self._call, challenge) if getattr(self._made, "blocks", True) else None

    def start(self) -> bytes | None:
        return self._result(None)

    def step(self, challenge: bytes) -> bytes:
        return self._result(challenge) or b""

    def _result(self, challenge: bytes | None) -> bytes | None:
        if not (self._done or self._fault):
            self._call(challenge)
        if self._fault:
            raise MechanismFailure(f"{self.name}: the plug-in failed: {self._fault}")
        self.verified = getattr(self._made, "verified", True)
        return self._done.pop()

    def _call(self, challenge: bytes | None) -> None:
        login, peer = self.login, self.peer
        try:
            if challenge is None:
                options = {"port": peer.port, "own_name": peer.own_name}
                found = self._made.start(SERVICE, peer.host, login.user, login.password, options)
            else:
                found = self._made.step(challenge)
            if not (found is None or isinstance(found, bytes)):
                raise TypeError
            self._done.append(found)
        except Exception as error:  # whatever a stranger's code comes up with
            self._fault = type(error).__name__


def load(modules: Iterable[str]) -> dict[str, Plugin]:
    found: dict[str, Plugin] = {}
    for module in modules:
        try:
            made = importlib.import_module(module).MECHANISMS
            found.update(_plugin(each) for each in made)
        except (ImportError, AttributeError, TypeError, ValueError) as error:
            raise SettingError(
                f"smtp_sasl_path: {module}: expected a Python module with a list MECHANISMS "
                f"(see fastsmtp.sasl.plugins): {type(error).__name__}: {error}"
            ) from None
    return found


def _plugin(made: Any) -> tuple[str, Plugin]:
    is_whole = callable(made.start) and callable(made.step)
    if not is_whole or not frozenset(made.properties) <= set(PROPERTIES):
        raise ValueError(f"{made!r} is no mechanism")
    name = made.name.upper()

    def make(login: Login, peer: Peer) -> Mechanism:
        return Foreign(made(), login, peer)

    return name, Plugin(make, frozenset(made.properties), int(made.rank))
