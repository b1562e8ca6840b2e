"""Fuzzing led by coverage: content, replies, the engine (tests/fuzz/targets.py).

    python -m tests.fuzz.guided content|reply|engine [--seconds 300]

Needs atheris, no dependency of ours (`pip install atheris`). The coverage that leads it is that of the plain
twins and of the targets: their branches are those of the compiled modules. A failure leaves the input in a
file named crash-*; give its name to repeat it: `python -m tests.fuzz.guided content crash-...`.
"""

import sys

import atheris

with atheris.instrument_imports(include=["tests.reference", "tests.fuzz"]):
    from tests.fuzz import targets

SECONDS = "300"


def main() -> None:
    name, *rest = sys.argv[1:]
    if rest[:1] == ["--seconds"]:
        rest = [f"-max_total_time={rest[1]}", *rest[2:]]
    elif not rest:
        rest = [f"-max_total_time={SECONDS}"]
    atheris.Setup([sys.argv[0], *rest], targets.TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
