"""The settings in force: defaults, main.cf, a job's [settings] and -o, the later the stronger; frozen once
loaded.

    Settings.load(config, overrides, job)      read, merge, check; SettingError with every problem at once
    .flag .number .seconds .text .words        one value by name, typed; parsed when first asked for
    .raw .expanded .origin                     the text behind it, and where it was written
    .entries .foreign() .warnings              what was set; what of it is not about sending; what looks odd
    .of_transports()                           as the client of each transport sees them

A name that no table has, or a getter of another shape than the parameter's kind, is our own bug:
LocalProtocolError. Reads one file, main.cf, and only when told to (`config` or MAIL_CONFIG): /etc/postfix
is never touched by itself. Lookup tables are not opened here.
Source: postconf(5); layers as master.cf's -o has them; parameters.md's alias table for names that changed.
"""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from fastsmtp.conf import names, table
from fastsmtp.conf.expand import ExpansionError, expand
from fastsmtp.conf.level import level
from fastsmtp.conf.lists import comment, veil
from fastsmtp.conf.maincf import Entry, override, parse
from fastsmtp.conf.parameter import BadValue, P
from fastsmtp.conf.table import PARAMETERS
from fastsmtp.errors import LocalProtocolError, SettingError

Value = bool | int | float | str | tuple[str, ...]

MAIL_CONFIG = "MAIL_CONFIG"
DEFAULT_DOMAIN = "localdomain"  # Postfix's, where the system gives no domain
_REREADS = 5  # an editor that saves again while we read; after that the last text counts


class Settings:
    """The value of every parameter. Safe to share; a reload makes a new one."""

    __slots__ = ("_cache", "_computing", "_config_directory", "_level", "_transports", "entries", "warnings")

    def __init__(
        self, entries: Mapping[str, Entry], config_directory: str = "", warnings: Sequence[str] = ()
    ) -> None:
        self.entries: Mapping[str, Entry] = MappingProxyType(dict(entries))
        self.warnings: tuple[str, ...] = tuple(warnings)
        self._config_directory = config_directory
        self._cache: dict[str, Value] = {}
        self._computing = False
        self._transports: tuple[str, ...] = ()
        self._level = (0, 0, 0)
        with suppress(SettingError):  # problems() reports it
            self._transports = self.words(table.TRANSPORT_LIST)
        if "compatibility_level" in entries:
            try:
                self._level = level(self.expanded("compatibility_level"))
            except ValueError:
                self._level = (0, 0, 0)  # problems() reports it

    @classmethod
    def load(
        cls,
        config: Path | None = None,
        overrides: Sequence[str] = (),
        job: Mapping[str, str] = MappingProxyType({}),
        *,
        job_file: str = "",
        job_lines: Mapping[str, int] = MappingProxyType({}),
        check: bool = True,
    ) -> "Settings":
        """The settings that `-c config`, `-o overrides` and a job's [settings] make together.

        `config` is a main.cf or a directory that holds one; None takes MAIL_CONFIG from the environment,
        and without that the built-in defaults alone. `job_file` and the lines in it locate problems in `job`.
        `check=False` is for showing settings: syntax errors still raise, values stay unread.
        """
        problems: list[str] = []
        warnings: list[str] = []
        file = main_cf(config)
        main: list[Entry] = []
        if file is not None:
            try:
                main, warnings = parse(read(file), str(file))
            except SettingError as error:
                problems.extend(error.problems)
        told = [Entry(name, value, _job_origin(job_file, job_lines.get(name))) for name, value in job.items()]
        for text in overrides:
            try:
                told.append(override(text))
            except SettingError as error:
                problems.extend(error.problems)
        if problems:
            raise SettingError(*problems)
        entries: dict[str, Entry] = {}
        for entry in (*main, *told):
            row = PARAMETERS.get(entry.name)
            if row is not None and row.fixed:
                warnings.append(f"{entry.origin}: {entry.name} is set by the program: ignored")
            else:
                entries[entry.name] = entry
        settings = cls(entries, str(file.parent) if file else "")
        unknown = names.judge(main, told, settings.names(), lambda name: settings.find(name) is not None)
        settings.warnings = (*warnings, *unknown.warnings, *settings._notes(), *settings._comments())
        problems = [*unknown.problems, *(settings.problems() if check else ())]
        if problems:
            raise SettingError(*problems)
        return settings

    # Names

    def find(self, name: str) -> P | None:
        """The row of `name`, also of one that is set for a transport of ours alone; None if there is none."""
        return table.find(name) or table.find_for(self._transports, name)

    def names(self) -> list[str]:
        """Every name that has a row, those of our transports too."""
        own = [f"{name}_{rest}" for name in self._transports for rest in table.CLIENT]
        return [*PARAMETERS, *own]

    def of_transports(self) -> "dict[str, Settings]":
        """As the client of each transport sees them: what is set for it alone stands in the place of what
        holds for all. Itself where that is nothing.
        """
        return {transport: self._of_transport(transport) for transport in self._transports}

    def _of_transport(self, transport: str) -> "Settings":
        entries = table.entries_for(transport, self.entries)
        if entries is self.entries:
            return self
        return Settings(entries, self._config_directory, self.warnings)

    # Typed values

    def flag(self, name: str) -> bool:
        value = self._value(name, "flag")
        assert isinstance(value, bool)
        return value

    def number(self, name: str) -> int:
        value = self._value(name, "number")
        assert isinstance(value, int)
        return value

    def seconds(self, name: str) -> float:
        value = self._value(name, "seconds")
        assert isinstance(value, float)
        return value

    def text(self, name: str) -> str:
        value = self._value(name, "text")
        assert isinstance(value, str)
        return value

    def words(self, name: str) -> tuple[str, ...]:
        value = self._value(name, "words")
        assert isinstance(value, tuple)
        return value

    # The text behind a value

    def raw(self, name: str) -> str | None:
        """The text of `name` before `$` is looked at: set, or by default; None for a name that is
        undefined.
        """
        row = self.find(name)
        if row is not None and row.fixed:
            return self._fixed(row)
        for candidate in (name, *(row.aliases if row is not None else ())):
            if candidate in self.entries:
                return self.entries[candidate].value
        return None if row is None else self._default(row)

    def expanded(self, name: str) -> str:
        """The text of `name` with every reference replaced; empty when undefined; ExpansionError when
        malformed.
        """
        return expand(self.raw(name) or "", self.raw)

    def origin(self, name: str) -> str:
        """Where the value of `name` comes from: `FILE:LINE`, `-o`, `JOB [settings]`, or `default`."""
        row = self.find(name)
        for candidate in (name, *(row.aliases if row is not None else ())):
            if candidate in self.entries:
                return self.entries[candidate].origin
        return "default"

    def foreign(self) -> tuple[Entry, ...]:
        """What was set and is not about sending: Postfix's other parameters and names of the user's own."""
        return tuple(entry for _, entry in sorted(self.entries.items()) if self.find(entry.name) is None)

    def problems(self) -> list[str]:
        """A line for every value that does not parse; defaults are read only if they refer to other
        parameters.
        """
        rows = {row.name: row for row in map(self.find, self.entries) if row is not None}
        if rows:
            rows.update((row.name, row) for row in PARAMETERS.values() if "$" in row.default)
        found: list[str] = []
        for name, row in rows.items():
            try:
                self._value(name, row.kind.shape)
            except SettingError as error:
                found.extend(error.problems)
        if not found:
            for settings in self.of_transports().values():
                found.extend(settings._contradictions())
        return list(dict.fromkeys(found))

    def _contradictions(self) -> Iterator[str]:
        """Values that do not go together."""
        if self.flag("smtp_sasl_auth_enable") and not self.words("smtp_sasl_password_maps"):
            yield (
                f"{self.origin('smtp_sasl_auth_enable')}: smtp_sasl_auth_enable = yes: specify a password "
                "table via the 'smtp_sasl_password_maps' configuration parameter"
            )

    def _notes(self) -> Iterator[str]:
        """What the user should know about names that are set: nothing changes by them, or they have a newer
        name.
        """
        for entry in self.entries.values():
            row = self.find(entry.name)
            if row is None or entry.value == row.default:
                continue
            if row.accepted:
                yield f"{entry.origin}: {entry.name} changes nothing here: {row.accepted}"
            elif row.successor:
                yield f"{entry.origin}: {entry.name}: newer name {row.successor}"

    def _comments(self) -> Iterator[str]:
        """A warning for each list that ends in what looks like a comment."""
        for name, entry in self.entries.items():
            row = self.find(name) if "#" in entry.value else None
            if row is not None and row.kind.shape == "words":
                try:
                    rest = comment(self.expanded(name))
                except ExpansionError:
                    continue  # problems() reports it
                if rest:
                    shown = "#..." if row.secret else rest
                    yield f'{entry.origin}: {name}: no comment can follow other text: passed over: "{shown}"'

    def _value(self, name: str, shape: str) -> Value:
        row = self.find(name)
        if row is None or row.kind.shape != shape:
            raise LocalProtocolError(f"no parameter {name} that is read as {shape}")
        if name not in self._cache:
            self._cache[name] = self._parse(row)
        return self._cache[name]

    def _parse(self, row: P) -> Value:
        raw = self.raw(row.name) or ""
        text = raw
        try:
            text = expand(raw, self.raw)
            value: Value = row.kind.parse(text)
        except (BadValue, ExpansionError) as error:
            meant = f' (that is "{veil(text)}")' if text != raw else ""
            reason = "this value cannot be read" if row.secret else error
            raise SettingError(
                f"{self.origin(row.name)}: {row.name} = {veil(raw)}{meant}: {reason}"
            ) from None
        return value

    def _fixed(self, row: P) -> str:
        if row.name == "config_directory":
            return self._config_directory
        return str(os.getpid()) if row.name == "process_id" else row.default

    def _default(self, row: P) -> str:
        if row.name == "myhostname":
            return self._hostname()
        if row.name == "mydomain":
            return self._domain()
        if row.newer is not None and self._level >= level(row.newer[1]):
            return row.newer[0]
        return row.default

    def _hostname(self) -> str:
        name = nodename()
        if "." in name:
            return name
        return f"{name}.$mydomain" if "mydomain" in self.entries else f"{name}.{DEFAULT_DOMAIN}"

    def _domain(self) -> str:
        if self._computing:  # `myhostname = mail.$mydomain` and no mydomain: nothing to build on
            return ""
        self._computing = True
        try:
            _, dot, domain = self.expanded("myhostname").partition(".")
        finally:
            self._computing = False
        return domain if dot else DEFAULT_DOMAIN


def nodename() -> str:
    """What the system calls this machine, maybe without a domain."""
    return os.uname().nodename


def _job_origin(job_file: str, line: int | None) -> str:
    return f"{job_file or 'job'} [settings]" if line is None else f"{job_file}:{line}"


def main_cf(config: Path | None) -> Path | None:
    """The main.cf meant by `-c`, or by MAIL_CONFIG without it; None for built-in defaults."""
    if config is None:
        directory = os.environ.get(MAIL_CONFIG)
        if not directory:
            return None
        config = Path(directory)
    return config / "main.cf" if config.is_dir() else config


def read(file: Path) -> str:
    """The text of `file`, whole: read again if it changed meanwhile."""
    try:
        for _ in range(_REREADS):
            before = file.stat()
            data = file.read_bytes()
            after = file.stat()
            if _same(before, after):
                break
    except OSError as error:
        raise SettingError(f"{file}: cannot be read: {error.strerror}") from None
    return data.decode("utf-8", "surrogateescape")


def _same(before: os.stat_result, after: os.stat_result) -> bool:
    """Whether nobody wrote meanwhile; a pipe (`-c <(...)`) can be read only once."""
    unchanged = (before.st_mtime_ns, before.st_size, before.st_ino) == (
        after.st_mtime_ns,
        after.st_size,
        after.st_ino,
    )
    return unchanged or not stat.S_ISREG(after.st_mode)
