"""Tables in a directory: `fastsmtp lookup` against postmap -q, with OpenLDAP started here."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastsmtp.conf.settings import Settings
from fastsmtp.errors import TableError
from fastsmtp.lookup.opening import open_strictly
from fastsmtp.remote.answers import Answers
from fastsmtp.worker.asking import answer_rules
from tests.support import servers
from tests.support.lookup_clients import (
    agrees,
    client_file,
    complaint,
    require,
)
from tests.support.postfix import scratch
from tests.support.postmap import lookup
from tests.support.servers import MANAGER, PASSWORD, SUFFIX, Server

pytestmark = [pytest.mark.peer]


PEOPLE = f"""\
dn: {SUFFIX}
objectClass: dcObject
objectClass: organization
o: x

dn: cn=a,{SUFFIX}
objectClass: inetOrgPerson
cn: a
sn: a
mail: u@d.example
mail: second@d.example
description: hidden

dn: cn=b (c)*,{SUFFIX}
objectClass: inetOrgPerson
cn: b (c)*
sn: star
mail: star@e.example

dn: cn=list,{SUFFIX}
objectClass: inetOrgPerson
cn: list
sn: list
mail: list@d.example
seeAlso: cn=a,{SUFFIX}
seeAlso: cn=none,{SUFFIX}
labeledURI: ldap:///{SUFFIX}?mail?sub?(sn=star)

dn: cn=end,{SUFFIX}
objectClass: inetOrgPerson
cn: end
sn: end
mail: end@d.example
title: final
seeAlso: cn=a,{SUFFIX}

dn: cn=loop,{SUFFIX}
objectClass: inetOrgPerson
cn: loop
sn: loop
seeAlso: cn=loop,{SUFFIX}

"""
SEARCHES = {
    "by name": "query_filter = (cn=%s)\nresult_attribute = mail\n",
    "two attributes": "query_filter = (cn=%s)\nresult_attribute = mail, sn\n",
    "format": "query_filter = (cn=%s)\nresult_attribute = mail\nresult_format = %u|%S\n",
    "address": "query_filter = (mail=%u@%d)\nresult_attribute = sn\n",
    "domains": "query_filter = (mail=%s)\nresult_attribute = sn\ndomain = d.example\n",
    "limit": "query_filter = (cn=%s)\nresult_attribute = mail\nexpansion_limit = 1\n",
    "scope": "query_filter = (cn=%s)\nresult_attribute = mail\nscope = base\n",
    "one level": "query_filter = (cn=%s)\nresult_attribute = mail\nscope = one\n",
    "special": "query_filter = (cn=%s)\nresult_attribute = mail\nspecial_result_attribute = seeAlso\n",
    "URL": "query_filter = (cn=%s)\nresult_attribute = mail\nspecial_result_attribute = labeledURI\n",
    "leaf": "query_filter = (cn=%s)\nresult_attribute =\nleaf_result_attribute = mail\n"
    "special_result_attribute = seeAlso\n",
    "terminal": "query_filter = (cn=%s)\nresult_attribute = mail\nterminal_result_attribute = title\n"
    "special_result_attribute = seeAlso\n",
    "base by key": "query_filter = (objectClass=person)\nresult_attribute = mail\nscope = base\n",
    "bad filter": "query_filter = ((cn=%s\nresult_attribute = mail\n",
    "hidden": "query_filter = (cn=%s)\nresult_attribute = description\n",
}
NAMES = ["a", "A", "b (c)*", "*", "list", "end", "none", "u@d.example", "star@e.example", "u@x"]


@pytest.fixture(scope="module")
def slapd() -> Iterator[Server]:
    require("slapd", "ldap")
    with scratch("slapd-") as root, servers.slapd(Path(root), PEOPLE) as server:
        yield server


def ldap_place(server: Server, base: str = SUFFIX) -> str:
    return f"server_host = ldap://127.0.0.1:{server.port}\nversion = 3\nbind = no\nsearch_base = {base}\n"


@pytest.mark.parametrize("case", SEARCHES)
def test_directory_answers_as_postmap(case: str, slapd: Server, tmp_path: Path) -> None:
    base = f"cn=%s,{SUFFIX}" if case == "base by key" else SUFFIX
    agrees(client_file(tmp_path, "ldap", ldap_place(slapd, base) + SEARCHES[case]), NAMES)


def test_directory_shows_to_who_binds_what_it_hides_from_others(slapd: Server, tmp_path: Path) -> None:
    for password, found in ((PASSWORD, (0, "hidden\n")), ("wrong-word", (1, ""))):
        login = f"bind = yes\nbind_dn = {MANAGER}\nbind_pw = {password}\n"
        text = ldap_place(slapd).replace("bind = no\n", login) + SEARCHES["hidden"]
        reference = client_file(tmp_path, "ldap", text)
        agrees(reference, ["a"])
        assert lookup(reference, "a") == found
    told = complaint(reference, "a")
    assert "Invalid credentials" in told
    assert "wrong-word" not in told


def test_entries_that_lead_to_themselves_end_in_an_error(slapd: Server, tmp_path: Path) -> None:
    text = ldap_place(slapd) + SEARCHES["special"] + "recursion_limit = 20\n"
    assert "recursion_limit = 20 is exceeded" in complaint(client_file(tmp_path, "ldap", text), "loop")


def test_search_that_is_given_up_leaves_its_server_usable(slapd: Server, tmp_path: Path) -> None:
    reference = client_file(tmp_path, "ldap", ldap_place(slapd) + SEARCHES["by name"] + "timeout = 5\n")
    table = open_strictly(reference, pytest.fail)

    async def ask() -> str | None:
        answers = Answers(answer_rules(Settings({}))._replace(time_limit=1.5))
        assert await answers.settle(lambda: table.get("a")) is not None
        with servers.stopped(slapd), pytest.raises(TableError, match=r"no answer within 1\.5 seconds"):
            await answers.settle(lambda: table.get("end"))
        found = await answers.settle(lambda: table.get("list"))
        await answers.close()
        return found

    assert asyncio.run(ask()) == "list@d.example"
