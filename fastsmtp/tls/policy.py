"""Which protection a host needs: the global level, what the tables say of the next-hop and the host, and the
parameters that belong to the level.

    policy = Policy(rules, engine, tables, dane, warn=warn)
    policy.protection(nexthop, host) -> Protection
    await protection.secured()       where it is not None: at level dane, what TLSA records make of it

`nexthop` is the destination as configured, brackets and port included: the key of the tables. Raises
PolicyError where the settings for it cannot be used (a warning has said why; no connection is made, and the
global level never stands in), TableError and Pending where a table has no answer.

Does not connect, does not look at certificates: that is the Examiner's.
Source: Postfix smtp_tls_policy(3), smtp_connect(3); spec: tls, 2 to 5, 13.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import NamedTuple, Protocol

from fastsmtp.errors import PolicyError
from fastsmtp.mail.destination import Host
from fastsmtp.tls import ciphers, fingerprints, loglevel, per_site, policy_text, protocols
from fastsmtp.tls.channel import Handshake
from fastsmtp.tls.contexts import Contexts, Manner, read_anchors
from fastsmtp.tls.dane import Dane, Plan
from fastsmtp.tls.examiner import Demand, Examiner
from fastsmtp.tls.level import Level
from fastsmtp.tls.names import References, as_address, domain_of
from fastsmtp.tls.own import UnusableFile
from fastsmtp.tls.policy_text import Entry
from fastsmtp.tls.protection import Protection
from fastsmtp.tls.sessions import Sessions
from fastsmtp.tls.tlsa import Matcher

MAIN = "smtp_tls_security_level"  # where no table is asked
CONFIGURATION = "client TLS configuration problem"
UNREACHABLE = ("server unavailable or unable to receive mail", "4.3.0")
SERVERNAME_LIMIT = 255  # RFC 6066 3; beyond, TLS is not started
WARNINGS_LIMIT = 1000  # that are remembered, so that each is said once
BY_TLSA = (Level.DANE, Level.DANE_ONLY)
UNSETTLED = "TLSA records were not looked up"
UNUSABLE = (policy_text.EntryError, per_site.SiteError, UnusableFile)
CHECKED = (Level.VERIFY, Level.SECURE)

Find = Callable[[str], str | None]  # TableError, Pending


class Tables(Protocol):
    """Those of the user; all raise TableError and Pending."""

    per_site: Find | None
    policies: Find | None
    log_levels: Find | None


class Strength(NamedTuple):
    """Versions and ciphers: at level may, or above it."""

    protocols: str
    cipher_base: str  # in OpenSSL's notation
    excluded: tuple[str, ...]


class PolicyRules(NamedTuple):
    """What main.cf says for all."""

    level: Level
    may: Strength
    above: Strength
    grades: Mapping[str, str]  # what the grades of `ciphers=` stand for
    verify_match: tuple[str, ...] = ("hostname",)
    secure_match: tuple[str, ...] = ("nexthop", "dot-nexthop")
    fingerprints: tuple[str, ...] = ()
    algorithm: str = "sha256"
    anchor_file: str = ""  # smtp_tls_trust_anchor_file
    servername: str = ""
    chain_limit: int = 5
    reuses: bool = True
    wrapper: bool = False
    log: int = 0
    enforces_mx: bool = True  # smtp_tls_enforce_sts_mx_patterns
    certified: bool = False  # we have certificates of our own


class Engine(NamedTuple):
    """What the library was given."""

    contexts: Contexts
    sessions: Sessions


class Policy:
    """Of one transport, for the life of its settings."""

    def __init__(
        self,
        rules: PolicyRules,
        engine: Engine | None,
        tables: Tables,
        dane: Dane,
        *,
        warn: Callable[[str], None],
        signature: str = "",
    ) -> None:
        """`engine` None: our settings could not be loaded, which was said. `signature`: of all settings."""
        self._rules = rules
        self._engine = engine
        self._tables = tables
        self._dane = dane
        self._warn = warn
        self._said: set[str] = set()
        self._signature = signature
        self._anchors: dict[str, tuple[bytes, ...]] = {}

    def __eq__(self, other: object) -> bool:
        """A session that was opened by the one would be opened the same way by the other."""
        return isinstance(other, Policy) and self._signature == other._signature

    def __hash__(self) -> int:
        return hash(self._signature)

    def protection(self, nexthop: str, host: Host) -> Protection:
        """PolicyError, TableError, Pending."""
        try:
            entry = self._entry(nexthop, host)
            return self._made(entry, nexthop, host, self._log_mask(host))
        except UNUSABLE as error:
            raise self._problem(nexthop, str(error)) from None

    # The level

    def _entry(self, nexthop: str, host: Host) -> Entry:
        """Of the table that is set, or of main.cf alone."""
        tables, level = self._tables, self._rules.level
        if tables.policies is not None:
            found = self._policy_of(tables.policies, nexthop)
            return Entry(level) if found is None else policy_text.parse(found)
        if tables.per_site is not None:
            same = host.name.lower() == nexthop.lower()
            by_host = None if same else tables.per_site(host.name)
            return Entry(per_site.combined(tables.per_site(nexthop), by_host, level))
        return Entry(level)

    def _policy_of(self, find: Find, nexthop: str) -> str | None:
        found = find(nexthop)
        if found is not None or not is_plain_name(nexthop):
            return found
        _, dot, parent = nexthop.partition(".")
        while dot:
            if (found := find(f".{parent}")) is not None:
                return found
            _, dot, parent = parent.partition(".")
        return None

    # The rest

    async def _secured(self, entry: Entry, nexthop: str, host: Host, log: int) -> Protection:
        """At level dane: what its TLSA records, which are looked up now, make of it. PolicyError alone: no
        table is asked here.
        """
        plan = await self._dane.plan(entry.level, nexthop, host)
        became = replace(entry, level=plan.level, servername=plan.base or None)
        try:
            return self._made(became, nexthop, host, log, plan)
        except UNUSABLE as error:
            raise self._problem(nexthop, str(error)) from None

    def _made(self, entry: Entry, nexthop: str, host: Host, log: int, plan: Plan | None = None) -> Protection:
        rules = self._rules
        for warning in entry.warnings:
            self._say(f"{self._where(nexthop)}: {warning}")
        if rules.wrapper and entry.level < Level.ENCRYPT:
            self._say('smtp_tls_wrappermode requires "smtp_tls_security_level = encrypt" (or stronger)')
            raise PolicyError(*UNREACHABLE)
        if entry.level is Level.NONE:
            return Protection(security=Level.NONE, handshake=Handshake(relay=host.relay))
        if self._engine is None or (entry.level in BY_TLSA and plan is None):
            secured = partial(self._secured, entry, nexthop, host, log)
            return Protection(
                security=entry.level,
                handshake=Handshake(relay=host.relay, problem=UNSETTLED),
                available=self._engine is not None,
                wrapper=rules.wrapper,
                identity=entry.level.word,
                secured=secured if self._engine is not None else None,
            )
        self._require_mx(entry, nexthop, host)
        demand = self._demand(entry, nexthop, host)
        if plan is not None and plan.records:
            names = References.of((plan.base, *plan.domains), "", "")
            demand = demand._replace(tlsa=Matcher(plan.records, names))
        servername = self._servername(entry, nexthop, host)
        anchors = self._anchors_of(entry)
        reuses = rules.reuses if entry.reuses is None else entry.reuses
        context, problem, manner = None, "", None
        try:
            manner = self._manner(entry, anchors)
            context = self._engine.contexts.of(manner)
        except ValueError as error:
            problem = str(error)
        if len(servername) > SERVERNAME_LIMIT:
            context, problem = None, f"server name too long: {len(servername)} bytes"
        bound = nexthop if demand.must_match else ""
        material = repr((demand._replace(tlsa=None), plan, servername, manner, bound, rules.wrapper, problem))
        identity = f"{entry.level.word}:{hashlib.sha256(material.encode()).hexdigest()[:32]}"
        examiner = Examiner(demand, host.relay, log)
        handshake = Handshake(
            relay=host.relay,
            context=context,
            problem=problem,
            servername=servername,
            judge=examiner,
            judge_resumed=examiner.resumed,
            chain_limit=rules.chain_limit,
            resumption=self._engine.sessions,
            session_key=f"{identity}|{host.relay}",
        )
        return Protection(
            security=entry.level, handshake=handshake, wrapper=rules.wrapper, reuses=reuses, identity=identity
        )

    def _manner(self, entry: Entry, anchors: tuple[bytes, ...]) -> Manner:
        """Versions and ciphers of the level; ValueError where they are none."""
        rules, level = self._rules, entry.level
        strength = rules.may if level is Level.MAY else rules.above
        base = strength.cipher_base
        if entry.ciphers is not None:
            grade = entry.ciphers.lower()
            if grade not in rules.grades:
                raise ciphers.CipherError(f'invalid TLS cipher grade "{entry.ciphers}"')
            base = rules.grades[grade]
        excluded = strength.excluded if entry.exclude is None else ciphers.exclusions(entry.exclude)
        if level is not Level.MAY:
            excluded = (*excluded, "eNULL" if level is Level.ENCRYPT else "aNULL")
        versions = protocols.parse(strength.protocols if entry.protocols is None else entry.protocols)
        security = 0 if level <= Level.ENCRYPT else 1
        return Manner(versions, ciphers.cipher_list(base, excluded, security), anchors)

    def _demand(self, entry: Entry, nexthop: str, host: Host) -> Demand:
        rules, level = self._rules, entry.level
        demand = Demand(level, algorithm=rules.algorithm, certified=rules.certified)
        if level is Level.FINGERPRINT:
            words = entry.match or rules.fingerprints
            digests, warnings = fingerprints.parse(words, rules.algorithm)
            for warning in warnings:
                self._say(f"{self._where(nexthop)}: {warning}")
            if not digests:
                raise policy_text.EntryError("no usable fingerprint at security level fingerprint")
            return demand._replace(digests=digests)
        if level in CHECKED:
            elements = entry.match or (rules.verify_match if level is Level.VERIFY else rules.secure_match)
            if self._is_sts(entry):
                elements = ("hostname",)
            references = References.of(elements, domain_of(nexthop), host.name)
            failure = entry.policy_failure if entry.policy_type == "sts" else ""
            return demand._replace(references=references, failure=failure)
        return demand

    def _is_sts(self, entry: Entry) -> bool:
        patterns = entry.policy_type == "sts" and entry.mx_patterns
        return bool(self._rules.enforces_mx and patterns and entry.level in CHECKED)

    def _require_mx(self, entry: Entry, nexthop: str, host: Host) -> None:
        """An MTA-STS policy names the hosts that mail may go to."""
        if not self._is_sts(entry):
            return
        if not any(policy_text.matches_pattern(pattern, host.name) for pattern in entry.mx_patterns):
            text = f"MX host {host.name} of {nexthop} matches no pattern of its MTA-STS policy"
            self._say(text)
            raise PolicyError(text, "4.7.5")

    def _servername(self, entry: Entry, nexthop: str, host: Host) -> bytes:
        wanted = self._rules.servername if entry.servername is None else entry.servername
        word = wanted.lower()
        name = {"hostname": host.name, "nexthop": domain_of(nexthop)}.get(word, wanted)
        if not name or as_address(name):
            return b""
        ascii_name = next(iter(References.of((f"{name}",), "", "").exact), "")
        if len(ascii_name) <= SERVERNAME_LIMIT and not is_plain_name(ascii_name):
            raise policy_text.EntryError(f'invalid servername "{name}"')
        return ascii_name.encode("ascii", "replace")

    def _anchors_of(self, entry: Entry) -> tuple[bytes, ...]:
        """Each file is read once."""
        files = entry.anchor_files or ((self._rules.anchor_file,) if self._rules.anchor_file else ())
        found: list[bytes] = []
        for file in files if entry.level in CHECKED else ():
            if file not in self._anchors:
                self._anchors[file] = read_anchors(file)
            found += self._anchors[file]
        return tuple(dict.fromkeys(found))

    def _log_mask(self, host: Host) -> int:
        find = self._tables.log_levels
        found = None if find is None else find(host.name) or find(host.address)
        if found is None:
            return self._rules.log
        try:
            return loglevel.parse(found)
        except loglevel.LogError as error:
            self._say(f"smtp_tls_loglevel_maps, {host.name}: {error}: nothing is logged")
            return loglevel.NOTHING

    # What is wrong

    def _problem(self, nexthop: str, text: str) -> PolicyError:
        self._say(f"{self._where(nexthop)}: {text}")
        return PolicyError(CONFIGURATION, "4.7.5")

    def _where(self, nexthop: str) -> str:
        tables = self._tables
        name = "smtp_tls_policy_maps" if tables.policies else "smtp_tls_per_site" if tables.per_site else MAIN
        return f'{name}, next-hop destination "{nexthop}"'

    def _say(self, text: str) -> None:
        """Once for each generation."""
        if text in self._said:
            return
        if len(self._said) >= WARNINGS_LIMIT:
            self._said.clear()
        self._said.add(text)
        self._warn(text)


def is_plain_name(text: str) -> bool:
    """A host name: no brackets, no port, no address."""
    labels = text.removesuffix(".").split(".")
    if not text.isascii() or len(text) > SERVERNAME_LIMIT or as_address(text):
        return False
    return all(
        label and len(label) < 64 and label.replace("-", "").replace("_", "").isalnum() for label in labels
    )
