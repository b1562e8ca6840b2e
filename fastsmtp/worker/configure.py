"""The settings of one run, read once and handed to the rooms as plain values.

    rules = read(settings, one_each=..., null_sender=..., max_age=...)

No room below knows a parameter's name; nothing is read from settings once deliveries run.
Source: Postfix smtp_params.c; spec: parameters.
"""

from fastsmtp.conf.settings import Settings
from fastsmtp.delivery.content import ContentRules
from fastsmtp.delivery.desk import DeliveryRules
from fastsmtp.errors import SettingError
from fastsmtp.mail.xtext import xtext
from fastsmtp.queue.backoff import Backoff
from fastsmtp.queue.destination_queue import SchedulerRules
from fastsmtp.queue.window import WindowRules, parse_feedback
from fastsmtp.session.deadlines import Deadlines
from fastsmtp.session.rules import Manner, SessionRules
from fastsmtp.wire import engine
from fastsmtp.worker import routing
from fastsmtp.worker.asking import answer_rules
from fastsmtp.worker.feed import FeedRules
from fastsmtp.worker.rules import Rules
from fastsmtp.worker.share import WHOLE, Share, portion

ENVELOPE_ID_LIMIT = 100  # characters, RFC 3461 4.4


def check(settings: Settings) -> None:
    """Raises SettingError where a value names no place or port: before anything is begun."""
    read(settings, one_each=False, null_sender=False, max_age=None, horizon=None)


def read(
    settings: Settings,
    *,
    one_each: bool,
    null_sender: bool,
    max_age: float | None,
    horizon: float | None,
    share: Share = WHOLE,
) -> Rules:
    """`one_each`: a transaction for each recipient. `max_age` is the job's, `horizon` the run's.

    `share`: of the limits that hold for all workers together, what this one may use; one is the least for
    those that are no promise to a peer.
    """
    transport, relay = routing.default_way(settings)
    transports = routing.transports(settings)
    return Rules(
        scheduler=_scheduler(
            settings, transport if transport in transports else transports[0], one_each, share
        ),
        transports={name: _scheduler(settings, name, one_each, share) for name in transports},
        switch=routing.switch_rules(settings),
        feed=FeedRules(
            transport=transport,
            relay=relay,
            transports=frozenset(transports),
            room=max(portion(settings.number("qmgr_message_recipient_limit"), share), 1),
            open_limit=max(portion(2 * settings.number("default_process_limit"), share), 1),
            horizon=horizon,
        ),
        backoff=_backoff(settings, null_sender, max_age),
        delivery=DeliveryRules(
            addresses_limit=settings.number("smtp_mx_address_limit"),
            sessions_limit=settings.number("smtp_mx_session_limit"),
            skips_5xx_greeting=settings.flag("smtp_skip_5xx_greeting"),
            soft_bounce=settings.flag("soft_bounce"),
            at_most_once=settings.text("delivery_guarantee") == "at_most_once",
            best_mx=routing.best_mx(settings),
            by_hosts=settings.flag("destination_concurrency_by_hosts"),
            relays_null_mx=settings.flag("smtp_fallback_relay_null_mx"),
        ),
        content=content_rules(settings),
        session=_session(settings),
        deadlines=_deadlines(settings),
        route=routing.route_rules(settings),
        lookup=routing.lookup_rules(settings),
        drops=routing.reply_filter(settings),
        permanent=routing.permanent(settings),
        answers=answer_rules(settings),
    )


def content_rules(settings: Settings) -> ContentRules:
    """What shapes content: for deliveries and for `fastsmtp wire`."""
    return ContentRules(
        line_length_limit=settings.number("smtp_line_length_limit"),
        converts=not settings.flag("disable_mime_output_conversion"),
        repairs=settings.flag("force_mime_output_conversion"),
        nesting_limit=settings.number("mime_nesting_limit"),
        boundary_limit=settings.number("mime_boundary_length_limit"),
        header_limit=settings.number("header_size_limit"),
        quotes=settings.flag("smtp_quote_rfc821_envelope"),
        smtputf8=settings.flag("smtputf8_enable"),
        headers_ask=settings.flag("smtputf8_enable")
        and not {"smtpd", "all"}.isdisjoint(settings.words("smtputf8_autodetect_classes")),
        dsn_mail=_dsn_mail(settings),
        dsn_rcpt=_dsn_rcpt(settings),
    )


def _dsn_mail(settings: Settings) -> bytes:
    envelope_id = settings.text("dsn_envelope_id")
    if not envelope_id.isascii() or not envelope_id.isprintable() or len(envelope_id) > ENVELOPE_ID_LIMIT:
        raise SettingError(
            f"{settings.origin('dsn_envelope_id')}: dsn_envelope_id = {envelope_id}: "
            f"expected printable ASCII, {ENVELOPE_ID_LIMIT} characters at most"
        )
    returned = settings.text("dsn_return")
    line = b" ENVID=" + xtext(envelope_id) if envelope_id else b""
    return line + (b" RET=" + returned.upper().encode("ascii") if returned else b"")


def _dsn_rcpt(settings: Settings) -> bytes:
    words = settings.words("dsn_notify")
    if "never" in words and len(words) > 1:
        raise SettingError(
            f"{settings.origin('dsn_notify')}: dsn_notify = {' '.join(words)}: expected never alone"
        )
    wanted = [word.upper() for word in ("never", "success", "failure", "delay") if word in words]
    return b" NOTIFY=" + ",".join(wanted).encode("ascii") if wanted else b""


def _scheduler(settings: Settings, transport: str, one_each: bool, share: Share) -> SchedulerRules:
    """The limits of one transport."""
    positive = parse_feedback(settings.text(f"{transport}_destination_concurrency_positive_feedback"))
    negative = parse_feedback(settings.text(f"{transport}_destination_concurrency_negative_feedback"))
    assert positive is not None  # the settings were checked
    assert negative is not None
    return SchedulerRules(
        window=WindowRules(
            initial=max(portion(settings.number(f"{transport}_initial_destination_concurrency"), share), 1),
            limit=portion(settings.number(f"{transport}_destination_concurrency_limit"), share),
            positive=positive,
            negative=negative,
            cohort_limit=settings.number(f"{transport}_destination_concurrency_failed_cohort_limit"),
        ),
        recipients_per_request=1 if one_each else settings.number(f"{transport}_destination_recipient_limit"),
        sessions=portion(settings.number("default_process_limit"), share),
        closed_for=settings.seconds("minimal_backoff_time"),
    )


def _backoff(settings: Settings, null_sender: bool, max_age: float | None) -> Backoff:
    lifetime = settings.seconds("maximal_queue_lifetime")
    if null_sender:
        lifetime = min(lifetime, settings.seconds("bounce_queue_lifetime"))
    return Backoff(
        shortest=settings.seconds("minimal_backoff_time"),
        longest=settings.seconds("maximal_backoff_time"),
        lifetime=lifetime if max_age is None else max_age,
    )


def _session(settings: Settings) -> SessionRules:
    address, address6 = routing.bind_addresses(settings)
    return SessionRules(
        helo_name=_word(settings, "smtp_helo_name"),
        own_name=_word(settings, "myhostname"),
        usual=Manner(
            frozenset(word.upper() for word in settings.words("smtp_discard_ehlo_keywords")),
            frozenset(settings.words("smtp_pix_workarounds")),
        ),
        tables=None,
        pix_delay=settings.seconds("smtp_pix_workaround_delay_time"),
        pix_threshold=settings.seconds("smtp_pix_workaround_threshold_time"),
        debug_level=settings.number("debug_peer_level"),
        keeps_transcripts="protocol" in settings.words("notify_classes"),
        always_ehlo=settings.flag("smtp_always_send_ehlo"),
        never_ehlo=settings.flag("smtp_never_send_ehlo"),
        forwards=settings.flag("smtp_send_xforward_command"),
        bind_address=address,
        bind_address6=address6,
        binds_strictly=settings.flag("smtp_bind_address_enforce"),
        reuse_time_limit=settings.seconds("smtp_connection_reuse_time_limit"),
        reuse_count_limit=settings.number("smtp_connection_reuse_count_limit"),
        keeps_idle=settings.flag("smtp_connection_cache_on_demand"),
        memory_lifetime=settings.seconds("host_memory_lifetime"),
        waits_for_farewell=not settings.flag("smtp_skip_quit_response"),
        window_limit=(
            settings.number("smtp_chunking_window_limit") if settings.flag("smtp_chunking_enable") else 0
        ),
    )


def _word(settings: Settings, name: str) -> bytes:
    """A value that goes into a command."""
    text = settings.text(name)
    if not text.isascii() or not text.isprintable() or " " in text:
        raise SettingError(f"{settings.origin(name)}: {name} = {text}: expected a word of printable ASCII")
    return text.encode("ascii")


def _deadlines(settings: Settings) -> Deadlines:
    limits = {
        engine.GREETING: "smtp_helo_timeout",
        engine.EHLO: "smtp_helo_timeout",
        engine.HELO: "smtp_helo_timeout",
        engine.XFORWARD: "smtp_xforward_timeout",
        engine.MAIL: "smtp_mail_timeout",
        engine.RCPT: "smtp_rcpt_timeout",
        engine.DATA: "smtp_data_init_timeout",
        engine.END: "smtp_data_done_timeout",
        engine.LONE_END: "smtp_data_done_timeout",
        engine.RSET: "smtp_rset_timeout",
        engine.PROBE: "smtp_rset_timeout",
        engine.QUIT: "smtp_quit_timeout",
        engine.IDLE: "smtp_connection_cache_time_limit",
    }
    return Deadlines(
        connect=settings.seconds("smtp_connect_timeout"),
        content=settings.seconds("smtp_data_xfer_timeout"),
        per_request=settings.flag("smtp_per_request_deadline"),
        data_rate=settings.number("smtp_min_data_rate"),
        stages=tuple(settings.seconds(limits[stage]) for stage in range(len(limits))),
    )
