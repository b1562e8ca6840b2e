"""The rules of the house, read from its files: who may import whom, how big things are, what stands where.

Floors: a module imports from floors strictly below, from its own room, or from errors, by full name and at
the top of the file, also in stubs, Cython sources and `if TYPE_CHECKING`. The face (`fastsmtp/__init__.py`)
stands under the commands, which use it as any other program would.
"""

import ast
import re
import statistics
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
HOUSE = ROOT / "fastsmtp"
BODIES = ROOT / "ext"

FLOORS = [
    {"mail", "conf"},
    {"lookup", "wire", "tls", "sasl", "render", "queue", "outcome"},
    {"job", "spool", "route", "session", "report", "remote"},
    {"delivery"},
    {"worker"},
    {"daemon", "sink"},
    {"face"},
    {"cli"},
    {"main"},
]
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
FLOOR_OF["errors"] = -1  # what every room may raise

# Who may know a library. None: nobody on floors 0 and 1, all above.
KNOWN_TO: dict[str, set[str] | None] = {
    "sqlite3": {"spool", "lookup"},  # sqlite: is a type of table; its SQL is the user's
    "dns": {"route", "tls"},
    "jinja2": {"render"},
    "lmdb": {"lookup"},  # maps a file into memory; so does mmap
    "psycopg": {"remote"},
    "asyncmy": {"remote"},
    "bonsai": {"remote"},
    "OpenSSL": {"tls"},
    "cryptography": {"tls", "sink"},
    "ssl": {"sink"},
    "click": {"cli"},
    "rich": {"cli", "report"},
    "asyncio": None,
    "uvloop": None,
    "socket": None,
    "threading": None,
    "subprocess": None,
    "time": None,
}

FILE_LIMIT = 400
FUNCTION_LIMIT = 80
CHAIN_LIMIT = 10
FACE_LIMIT = 20
TABLES = re.compile(r"conf/table_\w+\.py$|mime_types\.py$")  # rows of parameters

LEFTOVERS = re.compile(
    r"\b(?:TO"
    r"DO|FIX"
    r"ME|X"
    r"XX|HA"
    r"CK)\b|\bbreak"
    r"point\(|\bpdb\b|^[<>]{7} |type: ig"
    r"nore(?!\[)"
    r"|[\s\"'=(]/(?:ho"
    r"me|ro"
    r"ot)/",
    re.MULTILINE,
)


class Imported(NamedTuple):
    module: str
    line: int
    nested: bool  # inside a function


def sources(*suffixes: str) -> list[Path]:
    return sorted(path for suffix in suffixes for path in HOUSE.rglob(f"*{suffix}"))


def bodies() -> list[Path]:
    return sorted(BODIES.glob("*.pyx"))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def module_of(path: Path) -> str:
    """fastsmtp/conf/settings.py is fastsmtp.conf.settings; ext/reply.pyx is fastsmtp.wire.reply."""
    if path.parent == BODIES:
        return f"fastsmtp.wire.{path.stem}"
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    parts = module.split(".")
    if len(parts) == 1:
        return "face"
    return "main" if parts[1] == "__main__" else parts[1]


@cache
def modules() -> frozenset[str]:
    return frozenset(module_of(path) for path in [*sources(".py", ".pyi"), *bodies()])


def named_by(package: str, imported: str) -> str:
    """`from fastsmtp.conf import settings` names a module, `... import Settings` what its room gives out."""
    inner = f"{package}.{imported}"
    return inner if inner in modules() else package


def imports(path: Path) -> Iterator[Imported]:
    if path.suffix in (".pyx", ".pxd"):
        yield from cython_imports(path.read_text())
        return
    tree = ast.parse(path.read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    nested = {id(inner) for function in functions for inner in ast.walk(function)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Imported(alias.name, node.lineno, id(node) in nested)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield Imported(named_by(node.module, alias.name), node.lineno, id(node) in nested)


CYTHON_IMPORT = re.compile(
    r"^(?P<indent> *)"
    r"(?:from +(?P<package>[\w.]+) +c?import +(?P<names>[\w, ]+|\()|c?import +(?P<whole>[\w.]+))",
    re.MULTILINE,
)


def cython_imports(text: str) -> Iterator[Imported]:
    for found in CYTHON_IMPORT.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        nested = bool(found["indent"])
        if found["whole"]:
            yield Imported(found["whole"], line, nested)
            continue
        for imported in found["names"].split(","):
            yield Imported(named_by(found["package"], imported.strip()), line, nested)


def inside(module: str) -> bool:
    return module == "fastsmtp" or module.startswith("fastsmtp.")


ALL = [*sources(".py", ".pyi", ".pxd"), *bodies()]


@pytest.mark.parametrize("path", ALL, ids=name)
def test_module_imports_only_from_floors_below_or_its_own_room(path: Path) -> None:
    room = room_of(module_of(path))
    assert room in FLOOR_OF, f"{room} has no floor"
    for imported in imports(path):
        if not inside(imported.module):
            continue
        other = room_of(imported.module)
        assert other in (room, "errors") or FLOOR_OF[other] < FLOOR_OF[room], (
            f"{name(path)}:{imported.line}: {room} (floor {FLOOR_OF[room]}) imports {imported.module} "
            f"(floor {FLOOR_OF[other]})"
        )


@pytest.mark.parametrize("path", ALL, ids=name)
def test_no_house_import_is_inside_a_function(path: Path) -> None:
    assert [
        f"line {each.line}: {each.module}" for each in imports(path) if each.nested and inside(each.module)
    ] == []


@pytest.mark.parametrize("path", ALL, ids=name)
def test_library_is_known_only_to_its_rooms(path: Path) -> None:
    room = room_of(module_of(path))
    for imported in imports(path):
        library = imported.module.split(".")[0]
        if library in KNOWN_TO:
            known = KNOWN_TO[library]
            allowed = FLOOR_OF[room] > 1 if known is None else room in known
            assert allowed, f"{name(path)}:{imported.line}: {room} must not know {library}"


@cache
def graph() -> dict[str, frozenset[str]]:
    edges: dict[str, set[str]] = {module: set() for module in modules()}
    for path in [*sources(".py"), *bodies()]:
        module = module_of(path)
        edges[module] |= {each.module for each in imports(path) if each.module in edges} - {module}
    return {module: frozenset(others) for module, others in edges.items()}


@cache
def chain_from(module: str, above: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The longest way down from here; AssertionError where it comes back."""
    assert module not in above, f"import cycle: {' -> '.join((*above[above.index(module) :], module))}"
    longest = max((chain_from(other, (*above, module)) for other in graph()[module]), key=len, default=())
    return (module, *longest)


def test_imports_have_no_cycle_and_no_long_chain() -> None:
    longest = max(map(chain_from, graph()), key=len)
    assert len(longest) <= CHAIN_LIMIT, " -> ".join(longest)


def own_sources() -> list[Path]:
    elsewhere = chain((ROOT / "benchmarks").rglob("*.py"), (ROOT / "tests" / "support").rglob("*.py"))
    return [*sources(".py", ".pyi", ".pxd"), *bodies(), *sorted(elsewhere)]


@pytest.mark.parametrize("path", own_sources(), ids=name)
def test_file_has_a_size_that_can_be_read(path: Path) -> None:
    if not TABLES.search(name(path)):
        assert len(path.read_text().splitlines()) <= FILE_LIMIT


def function_sizes(path: Path) -> Iterator[tuple[str, int]]:
    if path.suffix == ".pyx":
        yield from cython_function_sizes(path.read_text().splitlines())
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


CYTHON_FUNCTION = re.compile(r"^(?P<indent> *)(?:async )?(?:def|cdef|cpdef) [^=]*?(?P<name>\w+)\(")


def cython_function_sizes(lines: list[str]) -> Iterator[tuple[str, int]]:
    for number, line in enumerate(lines):
        head = CYTHON_FUNCTION.match(line)
        if head is None:
            continue
        deeper = " " * (len(head["indent"]) + 1)
        end = number
        signature_open = True
        for at in range(number, len(lines)):
            text = lines[at]
            if signature_open:
                end = at
                signature_open = not text.split("#")[0].rstrip().endswith(":")
            elif text.strip() and not text.startswith(deeper):
                break
            elif text.strip():
                end = at
        yield head["name"], end - number + 1


@pytest.mark.parametrize("path", [p for p in own_sources() if p.suffix in (".py", ".pyx")], ids=name)
def test_function_has_a_size_that_can_be_read(path: Path) -> None:
    assert {found: size for found, size in function_sizes(path) if size > FUNCTION_LIMIT} == {}


def test_most_functions_and_files_are_small() -> None:
    files = [path for path in [*sources(".py"), *bodies()] if not TABLES.search(name(path))]
    sizes = sorted(size for path in files for _, size in function_sizes(path))
    assert sizes[len(sizes) * 9 // 10] <= 35
    assert statistics.median(len(path.read_text().splitlines()) for path in files) <= 200


@pytest.mark.parametrize("path", [p for p in own_sources() if p.suffix in (".py", ".pyx")], ids=name)
def test_module_says_what_it_is(path: Path) -> None:
    lines = (line for line in path.read_text().splitlines() if line and not line.startswith("#"))
    assert next(lines, "").startswith(('"""', 'r"""')), "no docstring at the top"


@pytest.mark.parametrize("path", bodies(), ids=name)
def test_compiled_module_has_both_faces(path: Path) -> None:
    for suffix in (".pxd", ".pyi"):
        assert (HOUSE / "wire" / path.stem).with_suffix(suffix).exists()


@pytest.mark.parametrize("path", sources(".pxd"), ids=name)
def test_face_has_a_body(path: Path) -> None:
    """In ext/, or beside it: a Python module that is compiled with these types."""
    body = (BODIES / path.stem).with_suffix(".pyx") if path.parent.name == "wire" else path.with_suffix(".py")
    assert body.exists()


TYPED_CLASS = re.compile(r"^cdef class (\w+):\n((?: +.*\n|\n)+)", re.MULTILINE)
TYPED_ATTRIBUTE = re.compile(r"^ {8}\w+ (\w+)$", re.MULTILINE)


def own_attributes(path: Path) -> dict[str, set[str]]:
    """By class, all that its methods set on `self`."""
    found = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = {
                inner.attr
                for inner in ast.walk(node)
                if isinstance(inner, ast.Attribute)
                and isinstance(inner.ctx, ast.Store)
                and isinstance(inner.value, ast.Name)
                and inner.value.id == "self"
            }
    return found


TYPED = [path for path in sources(".pxd") if path.with_suffix(".py").exists() and path.stem != "__init__"]


@pytest.mark.parametrize("path", TYPED, ids=name)
def test_class_compiled_from_python_has_a_type_for_each_attribute(path: Path) -> None:
    attributes = own_attributes(path.with_suffix(".py"))
    typed = {
        found[1]: set(TYPED_ATTRIBUTE.findall(found[2])) for found in TYPED_CLASS.finditer(path.read_text())
    }
    assert {name: attributes[name] for name in typed} == typed


def text_files() -> list[Path]:
    top = [
        *ROOT.glob("*.toml"),
        *ROOT.glob("*.md"),
        *ROOT.glob("*.py"),
        ROOT / "Makefile",
        *ROOT.glob(".ci/*"),
    ]
    return [
        *own_sources(),
        *sorted(ROOT.glob("docs/*.md")),
        *sorted((ROOT / "tests").rglob("*.py")),
        *sorted(top),
    ]


@pytest.mark.parametrize("path", text_files(), ids=name)
def test_nothing_is_left_over(path: Path) -> None:
    assert LEFTOVERS.findall(path.read_text()) == []
