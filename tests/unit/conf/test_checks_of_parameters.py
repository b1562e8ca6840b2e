"""The acceptance checks of the specification of parameters (spec: parameters, 4), by their numbers."""

import os
import re
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from fastsmtp.cli.main import main
from fastsmtp.conf.settings import Settings
from fastsmtp.errors import SettingError
from fastsmtp.worker.run import open_log
from tests.support.memory_peer import SILENT, Manner
from tests.support.world import ADDRESS, World, load
from tests.unit.conf.test_table import BY_HAND

FIXED = {"config_directory", "process_id", "process_name"}
LATER = {  # the defaults of the manual that changed, as of 3.7
    "smtp_line_length_limit": "998",
    "smtp_mx_address_limit": "5",
    "smtp_tls_scert_verifydepth": "9",
    "inet_protocols": "all",
    "syslog_name": "${multi_instance_name?{$multi_instance_name}:{postfix}}",
}
ACTIVE = ("max_use", "max_idle", "ipc_timeout", "daemon_timeout")


def conf(*arguments: str) -> tuple[str, str]:
    with redirect_stdout(StringIO()) as stdout, redirect_stderr(StringIO()) as stderr:
        assert main(["conf", *arguments]) == 0
    return stdout.getvalue(), stderr.getvalue()


def test_check_1_main_cf_of_all_defaults_loads_without_a_warning(tmp_path: Path) -> None:
    text = "".join(f"{name} = {value}\n" for name, value in BY_HAND.items() if name not in FIXED)
    (tmp_path / "main.cf").write_text(text)
    assert conf("-c", str(tmp_path), "-n")[1] == ""


def test_check_2_defaults_are_those_of_the_manual_or_of_a_later_version() -> None:
    names = [name for name in BY_HAND if name not in FIXED]
    assert conf("-d", *names)[0].splitlines() == [f"{name} = {BY_HAND[name]}".rstrip() for name in names]
    later = {**BY_HAND, **LATER}
    assert conf("-d", "-o", "compatibility_level=3.7", *names)[0].splitlines() == [
        f"{name} = {later[name]}".rstrip() for name in names
    ]


def test_check_3_no_time_for_the_greeting_is_refused_and_for_connecting_accepted() -> None:
    with pytest.raises(SettingError, match="smtp_helo_timeout = 0: expected a time"):
        load({"smtp_helo_timeout": "0"})
    assert load({"smtp_connect_timeout": "0"}).seconds("smtp_connect_timeout") == 0


def test_check_4_older_name_is_read_and_the_newer_one_wins() -> None:
    assert load({"fallback_relay": "a"}).words("smtp_fallback_relay") == ("a",)
    both = load({"fallback_relay": "a", "smtp_fallback_relay": "b"})
    assert both.words("smtp_fallback_relay") == ("b",)


def test_check_6_line_of_990_bytes_is_sent_uncut_and_one_of_991_is_broken() -> None:
    message = b"Subject: a\r\n\r\n" + b"x" * 990 + b"\r\n" + b"y" * 991 + b"\r\n"
    (content,) = World().run(message=message, smtp_line_length_limit="990").contents
    assert content.split(b"\r\n")[2:5] == [b"x" * 990, b"y" * 990, b" y"]


def test_check_7_class_of_notices_in_another_case_is_refused() -> None:
    with pytest.raises(SettingError, match='unknown word "Resource"'):
        load({"notify_classes": "Resource"})


def test_check_8_name_of_the_process_stands_whatever_main_cf_says(tmp_path: Path) -> None:
    (tmp_path / "main.cf").write_text("process_name = other\nsmtp_sasl_path = $process_name\n")
    assert Settings.load(tmp_path).text("smtp_sasl_path") == "smtp"


@pytest.mark.parametrize("name", ACTIVE)
def test_check_9_limits_of_processes_end_no_session_before_its_own(name: str) -> None:
    """A peer that takes a minute for each answer, and one that never gives the last."""
    slow = World(Manner(offers=(), delay=60.0))
    usual = slow.run()
    hurried = slow.run(**{name: "1"})
    changed = slow.run(changes=[(90, {name: "1"})])
    for seen in (usual, hurried, changed):
        assert [conversation.spent for conversation in seen.conversations] == [usual.conversations[0].spent]
        assert seen.status() == "sent 2.0.0"
    silent = World(Manner(answers={".": SILENT})).run(**{name: "1"})
    assert silent.conversations[0].spent == 600


def test_check_10_log_lines_carry_the_name_and_the_number_of_the_process(tmp_path: Path) -> None:
    log = open_log(load({"syslog_name": "bulk", "maillog_file": str(tmp_path / "log")}), None)
    log.info("hello")
    log.close()
    assert re.search(rf" bulk/smtp\[{os.getpid()}\]: hello$", (tmp_path / "log").read_text().strip())


def test_check_5_hit_in_the_address_map_stands_in_place_of_the_list() -> None:
    """Seen by MAIL: BODY= goes to a peer whose 8BITMIME counts; pipelined commands go together."""
    settings = {"smtp_discard_ehlo_keywords": "8bitmime"}
    maps = {"smtp_discard_ehlo_keyword_address_maps": f"inline:{{{ADDRESS}=pipelining}}"}
    listed, mapped = World().run(**settings), World().run(**settings, **maps)
    assert "MAIL FROM:<s@x.example>" in listed.commands
    assert "MAIL FROM:<s@x.example> BODY=7BIT" in mapped.commands
    assert "discarding EHLO keywords: 8BITMIME" in listed.log
    assert "discarding EHLO keywords: PIPELINING" in mapped.log
