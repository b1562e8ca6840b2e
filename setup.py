"""Builds the compiled modules: ext/NAME.pyx becomes fastsmtp.wire.NAME, its C face is fastsmtp/wire/NAME.pxd.

A Python module with a .pxd beside it is compiled too, from the same source: the .pxd has the attributes of
its classes with their types, and stands for __slots__. It keeps Python's meaning: bounds are checked, None is
no object.

All else stands in pyproject.toml. FASTSMTP_DEBUG=1 turns on bounds checks and assertions (`make debug`).
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

DEBUG = os.environ.get("FASTSMTP_DEBUG") == "1"
FORCED = DEBUG or "--force" in sys.argv
ROOM = Path("fastsmtp/wire")
C_FILES = Path("build/c")  # of Python modules: nothing is made beside their sources

DIRECTIVES = {
    "language_level": 3,
    "boundscheck": DEBUG,
    "wraparound": DEBUG,
    "initializedcheck": DEBUG,
    "cdivision": True,
    "embedsignature": True,
    "binding": True,
}
AS_PYTHON = {"language_level": 3, "nonecheck": True, "binding": True}


def extension(name: str, source: Path, optimised: str) -> Extension:
    return Extension(
        name,
        [source.as_posix()],
        extra_compile_args=["-O0", "-g"] if DEBUG else [optimised, "-g1"],
        undef_macros=["NDEBUG"] if DEBUG else [],
        depends=sorted(face.as_posix() for face in ROOM.glob("*.pxd")),
    )


def stale(made: Mapping[Path, Path]) -> bool:
    """C files by face. Cython follows the faces a module imports, but not its own: a newer one forces all."""
    return any(c.exists() and c.stat().st_mtime < face.stat().st_mtime for face, c in made.items())


def built(
    extensions: list[Extension], force: bool, directives: Mapping[str, object], **options: object
) -> list:
    return cythonize(
        extensions,
        compiler_directives=directives,
        force=FORCED or force,
        annotate=os.environ.get("FASTSMTP_ANNOTATE") == "1",
        quiet=True,
        **options,
    )


bodies = sorted(Path("ext").glob("*.pyx"))
newest = max(ROOM.glob("*.pxd"), key=lambda face: face.stat().st_mtime)
faces = [face for face in sorted(Path("fastsmtp").rglob("*.pxd")) if face.with_suffix(".py").exists()]
setup(
    ext_modules=[
        *built(
            [extension(f"fastsmtp.wire.{body.stem}", body, "-O3") for body in bodies],
            any(stale({newest: body.with_suffix(".c")}) for body in bodies),
            DIRECTIVES,
        ),
        *built(
            [
                extension(".".join(face.with_suffix("").parts), face.with_suffix(".py"), "-O1")
                for face in faces
            ],
            stale({face: C_FILES / face.with_suffix(".c") for face in faces}),
            AS_PYTHON,
            build_dir=C_FILES.as_posix(),
        ),
    ]
)
