"""Parameters of SASL authentication.

Rows only. Passwords stand in lookup tables, never here; a parameter marked secret may hold an inline table.
Source: smtp(8) and postconf(5) of Postfix 2.2 for every row marked so; postconf(5) of 3.x for the others.
"""
# fmt: off

from fastsmtp.conf.kind import Flag, Maps, NameMask, PatternList, Seconds, Text
from fastsmtp.conf.parameter import P

PROPERTIES = NameMask(
    "noplaintext", "noactive", "nodictionary", "noanonymous", "mutual_auth", "forward_secrecy"
)

SASL = (
    P("smtp_sasl_auth_enable", Flag(), "no",
      "Authenticate to peers that have an entry in smtp_sasl_password_maps.",
      source="Postfix 2.2; RFC 4954"),
    P("smtp_sasl_password_maps", Maps(), "",
      "By host name, then next-hop: user:password, or user:Bearer and a token.",
      source="Postfix 2.2", secret=True),
    P("smtp_sasl_security_options", PROPERTIES, "noplaintext, noanonymous",
      "What a mechanism must be to be used in the clear.",
      source="Postfix 2.2; RFC 4422"),
    P("smtp_sasl_tls_security_options", PROPERTIES, "$smtp_sasl_security_options",
      "What a mechanism must be to be used under TLS.",
      source="Postfix 2.2"),
    P("smtp_sasl_tls_verified_security_options", PROPERTIES, "$smtp_sasl_tls_security_options",
      "What a mechanism must be when the peer's certificate was verified.",
      source="Postfix 2.6"),
    P("smtp_sasl_path", Text(), "",
      "Python modules with further mechanisms, separated by colons (Postfix: up to smtp_sasl_type).",
      source="Postfix 2.2"),
    P("smtp_sasl_type", Text(minimum=1), "cyrus",
      "Which implementation of the mechanisms is used.",
      source="Postfix 2.3", accepted="the mechanisms are built in"),
    P("smtp_sasl_mechanism_filter", PatternList(), "",
      "Mechanisms of the peer that may be used; a list of exclusions alone matches none.",
      source="Postfix 2.2"),
    P("smtp_sasl_password_result_delimiter", Text(minimum=1), ":",
      "The character between user and password.",
      source="Postfix 3.9"),
    P("smtp_sender_dependent_authentication", Flag(), "no",
      "Look for user and password under the envelope sender first.",
      source="Postfix 2.3"),
    P("smtp_sasl_auth_soft_bounce", Flag(), "yes",
      "Defer mail when the peer refuses the password with 535.",
      source="Postfix 2.5"),
    P("smtp_sasl_auth_cache_name", Text(), "",
      "A file that remembers refused passwords, so that they are not offered again: type:/path, of which the "
      "path counts (.refused is added); internal:name remembers them for the run.",
      source="Postfix 2.5"),
    P("smtp_sasl_auth_cache_time", Seconds(unit="d"), "90d",
      "How long a refused password is remembered.",
      source="Postfix 2.5"),
    P("smtp_sasl_auth_enforce", Flag(), "no",
      "Defer mail for a peer that has an entry in smtp_sasl_password_maps and does not offer AUTH.",
      source="ours; Postfix sends it without authentication"),
    P("smtp_send_dummy_mail_auth", Flag(), "no",
      "Add AUTH=<> to MAIL FROM in authenticated sessions.",
      source="Postfix 2.9; RFC 4954 5"),
    P("send_cyrus_sasl_authzid", Flag(), "no",
      "Send the user name as authorization identity too.",
      source="Postfix 2.8"),
)
