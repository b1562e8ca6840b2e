"""Parameters of the queue: who is next, how many at once, when again, and what is told about it.

`per_transport` gives the rows that exist for each transport under its own name. Rows only otherwise.
Source: qmgr(8), postconf(5) of Postfix 3.x; rows marked 2.2 are in smtp(8) of Postfix 2.2.
"""
# fmt: off

from fastsmtp.conf.kind import (
    Choice,
    Feedback,
    Flag,
    NameMask,
    Number,
    PatternList,
    Seconds,
    ShortTime,
    Size,
    Text,
    Words,
)
from fastsmtp.conf.parameter import Kind, P

COUNT = Number()
SPAN = Seconds()

SCHEDULE = (
    P("minimal_backoff_time", Seconds(minimum=1), "300s",
      "Shortest pause before a deferred recipient is tried again.",
      source="Postfix 2.4"),
    P("maximal_backoff_time", Seconds(minimum=1), "4000s",
      "Longest pause before a deferred recipient is tried again.",
      source="Postfix 2.2"),
    P("queue_run_delay", Seconds(minimum=1), "300s",
      "How often what is deferred is looked through.",
      source="Postfix 2.4"),
    P("maximal_queue_lifetime", Seconds(unit="d"), "5d",
      "Age at which a deferred recipient expires; 0 tries once.",
      source="Postfix 2.2"),
    P("bounce_queue_lifetime", Seconds(unit="d"), "5d",
      "The same for mail from the null sender.",
      source="Postfix 2.2"),
    P("initial_destination_concurrency", Number(minimum=1), "5",
      "How many deliveries to a new destination run at once.",
      source="Postfix 2.2"),
    P("default_destination_concurrency_limit", COUNT, "20",
      "How many deliveries to one destination may run at once; 0 is no limit.",
      source="Postfix 2.2"),
    P("destination_concurrency_by_hosts", Flag(), "no",
      "Domains whose mail goes to the same hosts share the limit of one destination, as large providers "
      "count it.",
      source="ours: Postfix counts each domain for itself"),
    P("default_destination_recipient_limit", COUNT, "50",
      "How many recipients share one transaction; 0 is no limit.",
      source="Postfix 2.2"),
    P("default_destination_concurrency_positive_feedback", Feedback(), "1",
      "How much a delivery widens its destination's window.",
      source="Postfix 2.5"),
    P("default_destination_concurrency_negative_feedback", Feedback(), "1",
      "How much a site failure narrows it.",
      source="Postfix 2.5"),
    P("default_destination_concurrency_failed_cohort_limit", COUNT, "1",
      "How many windows full of failures make a destination dead for a while; 0 is never.",
      source="Postfix 2.5"),
    P("default_destination_rate_delay", SPAN, "0s",
      "Pause between deliveries to one destination.",
      source="Postfix 2.5"),
    P("default_transport_rate_delay", SPAN, "0s",
      "Pause between deliveries over one transport.",
      source="Postfix 3.1"),
    P("destination_concurrency_feedback_debug", Flag(), "no",
      "Log how the windows move.",
      source="Postfix 2.5"),
    P("default_delivery_slot_cost", COUNT, "5",
      "How many deliveries of a large message earn one slot for a message that overtakes it.",
      source="Postfix 2.2"),
    P("default_delivery_slot_discount", Number(maximum=100), "50",
      "How many percent of the slots needed suffice to overtake.",
      source="Postfix 2.2"),
    P("default_delivery_slot_loan", COUNT, "3",
      "How many slots may be borrowed to overtake.",
      source="Postfix 2.2"),
    P("default_minimum_delivery_slots", COUNT, "3",
      "Below how many slots in all a message is not overtaken.",
      source="Postfix 2.2"),
    P("default_extra_recipient_limit", COUNT, "1000",
      "How many recipients beyond the limit a message that overtakes may bring into memory.",
      source="Postfix 2.2"),
    P("default_recipient_limit", COUNT, "20000",
      "How many recipients of one transport are held in memory.",
      source="Postfix 2.2"),
    P("default_recipient_refill_limit", Number(minimum=1), "100",
      "How many recipients are read into memory at a time.",
      source="Postfix 2.4"),
    P("default_recipient_refill_delay", Seconds(minimum=1), "5s",
      "Longest wait before more recipients are read.",
      source="Postfix 2.4"),
    P("qmgr_message_active_limit", Number(minimum=1), "20000",
      "How many messages are at work at once.",
      source="Postfix 2.2"),
    P("qmgr_message_recipient_limit", Number(minimum=1), "20000",
      "How many recipients are held in memory.",
      source="Postfix 2.2"),
    P("qmgr_message_recipient_minimum", Number(minimum=1), "10",
      "How many recipients of each message are held whatever the limit.",
      source="Postfix 2.2"),
    P("transport_retry_time", Seconds(minimum=1), "60s",
      "Pause before a broken transport is used again.",
      source="Postfix 2.2"),
    P("default_process_limit", Number(minimum=1), "100",
      "How many sessions of one transport are open at once.",
      source="Postfix 2.2; a process there, a session here"),
    P("defer_transports", PatternList(), "",
      "Transports that wait until they are flushed.",
      source="Postfix 2.2"),
    P("soft_bounce", Flag(), "no",
      "Make every bounce a deferral.",
      source="Postfix 2.2"),
)

NOTICES = (
    P("notify_classes",
      NameMask("bounce", "2bounce", "data", "delay", "policy", "protocol", "resource", "software"),
      "resource, software",
      "What the postmaster is told about, with transcripts: with protocol, sessions in which a peer broke "
      "it, with data, those that ended because a table had no answer. The other classes change nothing.",
      source="Postfix 2.2"),
    P("error_notice_recipient", Text(minimum=1), "postmaster",
      "Who is told about resource, software and protocol problems.",
      source="Postfix 2.2"),
    P("bounce_notice_recipient", Text(minimum=1), "postmaster",
      "Who is told about bounces.",
      source="Postfix 2.2"),
    P("2bounce_notice_recipient", Text(minimum=1), "postmaster",
      "Who is told about bounces that cannot be delivered.",
      source="Postfix 2.2"),
    P("delay_notice_recipient", Text(minimum=1), "postmaster",
      "Who is told about delays.",
      source="Postfix 2.2"),
    P("delay_warning_time", Seconds(unit="h"), "0h",
      "When the sender is told that a message is late; 0 is never.",
      source="Postfix 2.2"),
    P("confirm_delay_cleared", Flag(), "no",
      "Tell the sender when a late message was delivered after all.",
      source="Postfix 2.2"),
    P("bounce_size_limit", Size(), "50000",
      "How much of a message is returned with a bounce.",
      source="Postfix 2.2"),
)

STORE = (
    P("queue_directory", Text(minimum=1), "/var/spool/postfix",
      "The daemon's directory.",
      source="Postfix 2.2", reload=False),
    P("hash_queue_names", Words(), "deferred, defer",
      "Postfix spreads these queues over subdirectories.",
      source="Postfix 2.2", accepted="the spool is a database, not a directory tree"),
    P("hash_queue_depth", Number(minimum=1), "1",
      "How deep these subdirectories are.",
      source="Postfix 2.2", accepted="the spool is a database, not a directory tree"),
    P("enable_long_queue_ids", Flag(), "no",
      "Give messages ids that never come again.",
      source="Postfix 2.9"),
    P("message_size_limit", Size(), "10240000",
      "Largest message that is taken; 0 is no limit.",
      source="Postfix 2.2"),
    P("line_length_limit", Size(minimum=1), "2048",
      "Longest reply line that is kept.",
      source="Postfix 2.2"),
    P("header_size_limit", Size(minimum=1), "102400",
      "Longest header that is taken as one.",
      source="Postfix 2.2"),
    P("delivery_guarantee", Choice("at_least_once", "at_most_once"), "at_least_once",
      "What becomes of a recipient when the answer to a message's end was never seen. at_least_once "
      "tries again, at the risk of a second copy; at_most_once ends it as unknown, and forces that to the "
      "disk before the end of each message leaves.",
      source="ours; RFC 1047 is about the risk"),
    P("spool_sync", Choice("always", "group", "none"), "group",
      "When outcomes are forced to the disk: each at once, together at intervals, or when the system "
      "likes.",
      source="ours: one database for all recipients makes the choice possible", reload=False),
    P("spool_sync_interval", ShortTime(), "50ms",
      "With spool_sync = group: how often outcomes are forced to the disk, which is what a power cut "
      "may cost.",
      source="ours: Postfix syncs each message", reload=False),
)

PER_TRANSPORT: dict[str, tuple[Kind, str, str]] = {
    "destination_concurrency_limit": (COUNT, "default_destination_concurrency_limit", "2.2"),
    "destination_recipient_limit": (COUNT, "default_destination_recipient_limit", "2.2"),
    "initial_destination_concurrency": (Number(minimum=1), "initial_destination_concurrency", "2.5"),
    "destination_concurrency_positive_feedback": (
        Feedback(),
        "default_destination_concurrency_positive_feedback",
        "2.5",
    ),
    "destination_concurrency_negative_feedback": (
        Feedback(),
        "default_destination_concurrency_negative_feedback",
        "2.5",
    ),
    "destination_concurrency_failed_cohort_limit": (
        COUNT,
        "default_destination_concurrency_failed_cohort_limit",
        "2.5",
    ),
    "destination_rate_delay": (SPAN, "default_destination_rate_delay", "2.5"),
    "transport_rate_delay": (SPAN, "default_transport_rate_delay", "3.1"),
    "delivery_slot_cost": (COUNT, "default_delivery_slot_cost", "2.2"),
    "delivery_slot_discount": (Number(maximum=100), "default_delivery_slot_discount", "2.2"),
    "delivery_slot_loan": (COUNT, "default_delivery_slot_loan", "2.2"),
    "minimum_delivery_slots": (COUNT, "default_minimum_delivery_slots", "2.2"),
    "extra_recipient_limit": (COUNT, "default_extra_recipient_limit", "2.2"),
    "recipient_limit": (COUNT, "default_recipient_limit", "2.2"),
    "recipient_refill_limit": (Number(minimum=1), "default_recipient_refill_limit", "2.4"),
    "recipient_refill_delay": (Seconds(minimum=1), "default_recipient_refill_delay", "2.4"),
}


def per_transport(transport: str) -> tuple[P, ...]:
    """The rows `TRANSPORT_destination_concurrency_limit` and so on of one transport."""
    return tuple(
        P(
            f"{transport}_{suffix}",
            kind,
            f"${default}",
            f"{default}, for the transport {transport} alone.",
            source=f"Postfix {version}",
        )
        for suffix, (kind, default, version) in PER_TRANSPORT.items()
    )


def for_transport(name: str) -> P | None:
    """The row of `TRANSPORT_suffix` for whatever transport; None if `name` is not of that form."""
    for suffix, (kind, default, version) in PER_TRANSPORT.items():
        transport, match, rest = name.partition(f"_{suffix}")
        if match and transport and not rest:
            return P(
                name,
                kind,
                f"${default}",
                f"{default}, for the transport {transport} alone.",
                source=f"Postfix {version}",
            )
    return None
