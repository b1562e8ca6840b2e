"""Parameters of the program as a whole: who we are, logging, debugging, and what Postfix's processes need.

Rows only. The names without a default in the text (myhostname, mydomain) are computed in `settings`.
Source: smtp(8) and postconf(5) of Postfix 2.2 for every row marked so; postconf(5) of 3.x for the others.
"""
# fmt: off

from fastsmtp.conf.kind import Choice, Level, Number, Path, PatternList, Seconds, Text
from fastsmtp.conf.parameter import P

IDENTITY = (
    P("myhostname", Text(minimum=1), "",
      "This machine's name. Default: what the system says, completed with $mydomain if it has no dot.",
      source="Postfix 2.2"),
    P("mydomain", Text(), "",
      "This machine's domain. Default: $myhostname without its first part, or localdomain.",
      source="Postfix 2.2"),
    P("config_directory", Path(), "",
      "Where main.cf was found (-c, MAIL_CONFIG).",
      source="Postfix 2.2", fixed=True),
    P("process_id", Text(), "",
      "The number of this process.",
      source="Postfix 2.2", fixed=True),
    P("process_name", Text(), "smtp",
      "The part that this program plays in Postfix's terms.",
      source="Postfix 2.2", fixed=True),
    P("service_name", Text(), "smtp",
      "The service that this program plays in Postfix's terms.",
      source="Postfix 3.0", fixed=True),
    P("mail_owner", Text(minimum=1), "postfix",
      "The user that the daemon runs as when it is started by root.",
      source="Postfix 2.2", reload=False),
    P("data_directory", Path(minimum=1), "/var/lib/postfix",
      "Where caches are kept.",
      source="Postfix 2.5", reload=False),
    P("compatibility_level", Level(), "0",
      "The Postfix version whose defaults hold where they changed; 0 is that of the 2.2 manual.",
      source="Postfix 3.0"),
)

LOGGING = (
    P("syslog_facility",
      Choice("auth", "authpriv", "cron", "daemon", "ftp", "kern", "lpr", "mail", "news", "syslog", "user",
          "uucp", *(f"local{number}" for number in range(8))),
      "mail",
      "The facility that is logged to.",
      source="Postfix 2.2"),
    P("syslog_name", Text(minimum=1), "postfix",
      "What log lines begin with: NAME/smtp[process].",
      source="Postfix 2.2", newer=("${multi_instance_name?{$multi_instance_name}:{postfix}}", "2.6")),
    P("maillog_file", Path(), "",
      "A file to log to in place of syslog; /dev/stdout is one.",
      source="Postfix 3.4"),
    P("info_log_address_format", Choice("internal", "external"), "external",
      "Whether addresses are logged with or without quotes.",
      source="Postfix 3.5"),
    P("delay_logging_resolution_limit", Number(maximum=6), "2",
      "Digits after the point in delay= and delays=.",
      source="Postfix 2.3"),
    P("debug_peer_level", Number(minimum=1), "2",
      "How much more is logged about the peers of debug_peer_list.",
      source="Postfix 2.2"),
    P("debug_peer_list", PatternList(), "",
      "Peers, by host, domain, address or network, that are logged in detail.",
      source="Postfix 2.2"),
)

PROCESSES = (
    P("daemon_timeout", Seconds(minimum=1), "18000s",
      "Longest time that one delivery may take; then it is cancelled and its recipients deferred.",
      source="Postfix 2.2"),
    P("ipc_timeout", Seconds(minimum=1), "3600s",
      "Limit for exchanges between the daemon's own processes.",
      source="Postfix 2.2"),
    P("max_idle", Seconds(minimum=1), "100s",
      "How long an idle table connection or resolver socket is kept; never a session.",
      source="Postfix 2.2"),
    P("max_use", Number(minimum=1), "100",
      "Postfix ends a process after so many requests.",
      source="Postfix 2.2", accepted="one process serves all sessions and is not replaced"),
)
