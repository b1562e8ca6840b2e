"""Builds the compiled modules: ext/NAME.pyx becomes fastsmtp.wire.NAME, its C face is fastsmtp/wire/NAME.pxd.

All else stands in pyproject.toml. FASTSMTP_DEBUG=1 turns on bounds checks and assertions (`make debug`).
"""

import os
import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

DEBUG = os.environ.get("FASTSMTP_DEBUG") == "1"

DIRECTIVES = {
    "language_level": 3,
    "boundscheck": DEBUG,
    "wraparound": DEBUG,
    "initializedcheck": DEBUG,
    "cdivision": True,
    "embedsignature": True,
    "binding": True,
}


def extension(source: Path) -> Extension:
    return Extension(
        f"fastsmtp.wire.{source.stem}",
        [source.as_posix()],
        extra_compile_args=["-O0", "-g"] if DEBUG else ["-O3", "-g1"],
        undef_macros=["NDEBUG"] if DEBUG else [],
        depends=sorted(face.as_posix() for face in Path("fastsmtp/wire").glob("*.pxd")),
    )


def stale(sources: list[Path]) -> bool:
    """Cython follows the faces a module imports, but not the module's own: a newer one forces all."""
    faces = [face.stat().st_mtime for face in Path("fastsmtp/wire").glob("*.pxd")]
    built = [source.with_suffix(".c") for source in sources]
    return bool(faces) and any(c.exists() and c.stat().st_mtime < max(faces) for c in built)


sources = sorted(Path("ext").glob("*.pyx"))
setup(
    ext_modules=cythonize(
        [extension(source) for source in sources],
        compiler_directives=DIRECTIVES,
        force=DEBUG or "--force" in sys.argv or stale(sources),
        annotate=os.environ.get("FASTSMTP_ANNOTATE") == "1",
        quiet=True,
    )
)
