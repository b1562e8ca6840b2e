"""fastsmtp: a bulk mailing daemon, and the library under it.

    job = fastsmtp.load_job(path)                      a checked job file; JobError names every fault
    settings = fastsmtp.Settings.load(config, overrides, job.settings)
    async for outcome in fastsmtp.send(job, settings): ...
    fastsmtp.encode(message)                           the bytes that follow DATA, final dot included

The names are looked up when first used, so that importing the package costs nothing.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastsmtp.conf.settings import Settings as Settings
    from fastsmtp.errors import FastsmtpError as FastsmtpError
    from fastsmtp.job.jobfile import Job as Job
    from fastsmtp.job.jobfile import load as load_job
    from fastsmtp.outcome.outcome import Outcome as Outcome
    from fastsmtp.wire.encoder import encode as encode
    from fastsmtp.worker.run import send as send

__all__ = ["FastsmtpError", "Job", "Outcome", "Settings", "encode", "load_job", "send"]

_HOMES = {
    "FastsmtpError": ("fastsmtp.errors", "FastsmtpError"),
    "Job": ("fastsmtp.job.jobfile", "Job"),
    "Outcome": ("fastsmtp.outcome.outcome", "Outcome"),
    "Settings": ("fastsmtp.conf.settings", "Settings"),
    "encode": ("fastsmtp.wire.encoder", "encode"),
    "load_job": ("fastsmtp.job.jobfile", "load"),
    "send": ("fastsmtp.worker.run", "send"),
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'fastsmtp' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
