"""The settings of TLS, read and opened: fastsmtp.tls knows no parameter's name and no table.

    open_policy(settings, level, warn) -> Policy

Certificates and tables are opened anew by each reload. What the library cannot load makes TLS unavailable: a
warning says so, level may goes on in the clear, and what must not waits.
Source: Postfix smtp(8), smtp_tls_*; spec: tls, 2 to 8, 13, 14.
"""

import hashlib
import importlib
import time
from collections.abc import Callable

from fastsmtp.conf.settings import Settings
from fastsmtp.tls import fingerprints, loglevel
from fastsmtp.tls.contexts import CURVES, Authorities, ContextRules, shared
from fastsmtp.tls.dane import Dane, DaneRules, Names
from fastsmtp.tls.level import LEVELS, Level
from fastsmtp.tls.own import Chain, UnusableFile, read_chain_files, read_pairs
from fastsmtp.tls.policy import Engine, Find, Policy, PolicyRules, Strength
from fastsmtp.tls.sessions import Sessions
from fastsmtp.worker import following
from fastsmtp.worker.protecting import TABLES
from fastsmtp.worker.routing import lookup_rules

Warn = Callable[[str], None]

PAIRS = (
    ("smtp_tls_cert_file", "smtp_tls_key_file"),
    ("smtp_tls_dcert_file", "smtp_tls_dkey_file"),
    ("smtp_tls_eccert_file", "smtp_tls_eckey_file"),
)
GRADES = {  # low and export left OpenSSL long ago: Postfix takes medium for them
    "high": "tls_high_cipherlist",
    "medium": "tls_medium_cipherlist",
    "low": "tls_medium_cipherlist",
    "export": "tls_medium_cipherlist",
    "null": "tls_null_cipherlist",
}
SHORTEST_KEEPING = 120.0  # seconds; Postfix raises what is shorter
LONGEST_KEEPING = 100 * 86400.0


class PolicyTables:
    """Followed: opened anew when they change."""

    def __init__(self, settings: Settings, warn: Warn) -> None:
        self.policies = _find(settings, "smtp_tls_policy_maps", warn)
        self.per_site = None
        if self.policies is None:
            self.per_site = _find(settings, "smtp_tls_per_site", warn)
        elif settings.words("smtp_tls_per_site"):
            warn("smtp_tls_per_site is not looked up: smtp_tls_policy_maps is set")
        self.log_levels = _find(settings, "smtp_tls_loglevel_maps", warn)


def _find(settings: Settings, name: str, warn: Warn) -> Find | None:
    words = settings.words(name)
    if not words:
        return None
    kept = following.maps(name, words, warn)

    def find(key: str) -> str | None:
        found: str | None = kept.now.find(key)
        return found

    return find


def open_policy(settings: Settings, level: str, warn: Warn) -> Policy:
    """`level`: the global one. The settings were checked."""
    log = _log_mask(settings, warn)
    engine: Engine | None = None
    chains: list[Chain] = []
    authorities = Authorities()
    try:
        algorithm = settings.text("smtp_tls_fingerprint_digest")
        if not fingerprints.has_digest(algorithm):
            raise UnusableFile(f"smtp_tls_fingerprint_digest = {algorithm}: no such digest")
        chains = _chains(settings)
        authorities = Authorities.read(
            settings.text("smtp_tls_CAfile"),
            settings.text("smtp_tls_CApath"),
            system=settings.flag("tls_append_default_CA"),
        )
        engine = _engine(settings, authorities, chains, warn)
    except UnusableFile as error:
        warn(
            f"TLS cannot be used: {error}; at level may mail goes out in the clear, above it mail is deferred"
        )
    rules = _rules(settings, level, log, certified=bool(chains))
    words = tuple(settings.words(name) for name in TABLES)
    dane_rules, servers = _dane_rules(settings), lookup_rules(settings).nameservers

    def open_names() -> Names:
        names: Names = importlib.import_module("fastsmtp.route.secure").SecureNames(servers)
        return names

    own = [(chain.pem, chain.source) for chain in chains]
    parts = (rules, authorities, own, words, engine is None, dane_rules, servers)
    return Policy(
        rules,
        engine,
        PolicyTables(settings, warn),
        Dane(dane_rules, open_names, warn),
        warn=warn,
        signature=hashlib.sha256(repr(parts).encode()).hexdigest(),
    )


def _dane_rules(settings: Settings) -> DaneRules:
    insecure = settings.text("smtp_tls_dane_insecure_mx_policy")
    return DaneRules(
        obstacle=_obstacle(settings),
        insecure_mx=Level.HALFDANE if insecure == "dane" else LEVELS[insecure],
        forces_lookup=settings.flag("smtp_tls_force_insecure_host_tlsa_lookup"),
        digests=tuple(word.lower() for word in settings.words("tls_dane_digests")),
    )


def _obstacle(settings: Settings) -> str:
    """A setting with which no answer of the DNS can be trusted; "" where there is none."""
    if settings.text("smtp_dns_support_level") != "dnssec":
        return "smtp_dns_support_level is not dnssec"
    if "dns" not in settings.words("smtp_host_lookup"):
        return "smtp_host_lookup is without dns"
    if settings.flag("ignore_mx_lookup_error"):
        return "ignore_mx_lookup_error is yes"
    if settings.words("smtp_dns_resolver_options"):
        return "smtp_dns_resolver_options completes names"
    return ""


def _chains(settings: Settings) -> list[Chain]:
    """UnusableFile."""
    if files := settings.words("smtp_tls_chain_files"):
        return read_chain_files(files)
    pairs = [(settings.text(certificate), settings.text(key)) for certificate, key in PAIRS]
    return read_pairs((certificate, key or certificate) for certificate, key in pairs if certificate)


def _engine(settings: Settings, authorities: Authorities, chains: list[Chain], warn: Warn) -> Engine:
    """UnusableFile."""
    keeping = settings.seconds("smtp_tls_session_cache_timeout")
    lifetime = min(max(keeping, SHORTEST_KEEPING), LONGEST_KEEPING) if keeping > 0 else 0.0
    contexts = shared(
        ContextRules(
            authorities,
            tuple(chains),
            settings.words("tls_ssl_options"),
            _curve(settings, warn),
            max(int(lifetime), 1),
        )
    )
    return Engine(contexts, Sessions(lifetime, time.monotonic))


def _curve(settings: Settings, warn: Warn) -> str:
    """One alone can be chosen; of several, the library offers what it thinks best."""
    name = "tls_eecdh_auto_curves"
    words = settings.words(name)
    if len(words) == 1 and words[0] in CURVES:
        return words[0]
    if words and settings.origin(name) != "default":
        warn(
            f"{settings.origin(name)}: {name} = {' '.join(words)}: "
            f"only one of {', '.join(CURVES)} can be chosen here: the library's own list is offered"
        )
    return ""


def _rules(settings: Settings, level: str, log: int, *, certified: bool) -> PolicyRules:
    grades = {grade: settings.text(name) for grade, name in GRADES.items()}
    always = settings.words("smtp_tls_exclude_ciphers")
    return PolicyRules(
        level=LEVELS[level],
        may=Strength(
            " ".join(settings.words("smtp_tls_protocols")),
            _cipher_base(settings, "smtp_tls_ciphers", grades),
            always,
        ),
        above=Strength(
            " ".join(settings.words("smtp_tls_mandatory_protocols")),
            _cipher_base(settings, "smtp_tls_mandatory_ciphers", grades),
            (*always, *settings.words("smtp_tls_mandatory_exclude_ciphers")),
        ),
        grades=grades,
        verify_match=_elements(settings, "smtp_tls_verify_cert_match"),
        secure_match=_elements(settings, "smtp_tls_secure_cert_match"),
        fingerprints=settings.words("smtp_tls_fingerprint_cert_match"),
        algorithm=settings.text("smtp_tls_fingerprint_digest"),
        anchor_file=settings.text("smtp_tls_trust_anchor_file"),
        servername=settings.text("smtp_tls_servername"),
        chain_limit=settings.number("smtp_tls_scert_verifydepth"),
        reuses=settings.flag("smtp_tls_connection_reuse"),
        wrapper=settings.flag("smtp_tls_wrappermode"),
        log=log,
        enforces_mx=settings.flag("smtp_tls_enforce_sts_mx_patterns"),
        certified=certified,
    )


def _cipher_base(settings: Settings, name: str, grades: dict[str, str]) -> str:
    """A raw list counts where no grade was set."""
    raw = settings.text("smtp_tls_cipherlist")
    return raw if raw and settings.origin(name) == "default" else grades[settings.text(name)]


def _elements(settings: Settings, name: str) -> tuple[str, ...]:
    """A match list: its words may also be separated by colons."""
    return tuple(part for word in settings.words(name) for part in word.split(":") if part)


def _log_mask(settings: Settings, warn: Warn) -> int:
    name = "smtp_tls_loglevel"
    text = " ".join(settings.words(name))
    try:
        return loglevel.parse(text)
    except loglevel.LogError as error:
        warn(f"{settings.origin(name)}: {name} = {text}: {error}: nothing of TLS is logged")
        return loglevel.NOTHING
