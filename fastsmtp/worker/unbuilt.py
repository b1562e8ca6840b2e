"""Settings whose part is still to be built, and what a run says to them.

    check(settings)    raises SettingError where mail would be less safe, or go elsewhere, than main.cf says;
                       gives a warning for each other one that is set and changes nothing yet

Better no run than a password, a policy or a route passed over in silence. The lists shrink to nothing.
Source: ours; `fastsmtp conf --unused` shows all that nothing reads.
"""

from fastsmtp.conf.settings import Settings
from fastsmtp.errors import SettingError

# Set to anything: refused, with what would happen.
REFUSED = {
    "smtp_header_checks": "headers would go out unchecked",
    "smtp_mime_header_checks": "headers would go out unchecked",
    "smtp_nested_header_checks": "headers would go out unchecked",
    "smtp_body_checks": "the text would go out unchecked",
}
PAUSES = (  # above 0: refused
    "default_destination_rate_delay",
    "default_transport_rate_delay",
    "smtp_destination_rate_delay",
    "smtp_transport_rate_delay",
)
PASSED_OVER = ("defer_transports",)
SWITCHED_ON = ("smtp_tlsrpt_enable",)  # the same, where it is yes
NOTICES = "notify_classes"
UNTOLD = ("bounce", "2bounce", "delay", "policy")  # notify_classes of which nothing is told to the postmaster


def check(settings: Settings) -> list[str]:
    """One warning for each setting that changes nothing yet. Raises SettingError with every refusal."""
    views = [settings, *settings.of_transports().values()]
    refusals = dict.fromkeys(refusal for view in views for refusal in _refusals(view))
    if refusals:
        raise SettingError(*refusals)
    told = [
        f"{settings.origin(name)}: {name} changes nothing yet"
        for name in PASSED_OVER
        if name in settings.entries and settings.expanded(name).strip()
    ]
    told += [
        f"{settings.origin(name)}: {name} changes nothing yet" for name in SWITCHED_ON if settings.flag(name)
    ]
    told += [
        f"{settings.origin(NOTICES)}: {NOTICES}: {word} changes nothing yet"
        for word in settings.words(NOTICES)
        if word in UNTOLD
    ]
    return told


def _refusals(settings: Settings) -> list[str]:
    refusals = [
        _refusal(settings, name, effect)
        for name, effect in REFUSED.items()
        if settings.expanded(name).strip()
    ]
    refusals += [
        _refusal(settings, name, "mail would go out without these pauses", "0")
        for name in PAUSES
        if name in settings.entries and settings.seconds(name) > 0
    ]
    return refusals


def _refusal(settings: Settings, name: str, effect: str, off: str = "") -> str:
    value = settings.raw(name) or ""
    return (
        f"{settings.origin(name)}: {name} = {value}: not supported yet, {effect}; "
        f"expected it unset (-o {name}={off} to send all the same)"
    )
