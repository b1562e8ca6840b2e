"""What a proof is: two values of a parameter or more, and what a run is seen to do with each.

    Proof("smtp_never_send_ehlo", first_command, {"no": "EHLO me.example", "yes": "HELO me.example"})

`observe` takes settings by name and gives what it saw; what it should see stands beside each value, and two
of them must differ. `also` are other settings that must hold meanwhile. A module `rows_SUBJECT.py` in this
folder has its rows in PROOFS; test_parameters.py collects them, and fails for a parameter that is read and
has none.
Source: ours.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple


class Proof(NamedTuple):
    """Changing `name` changes what is seen."""

    name: str
    observe: Callable[..., object]  # settings as keywords
    expected: Mapping[str, object]  # value -> what is seen
    also: Mapping[str, str] = {}

    def seen(self, value: str) -> object:
        return self.observe(**{**self.also, self.name: value})
