"""The settings of a run, read anew while it runs.

    settings, warnings = renew(running, config, overrides, job)    SettingError with every problem: the
                                                                   settings in force stand

Everything is parsed, expanded and checked before anything is changed. The job's own [settings], as they were
when it began, and -o stay the strongest. What a run does with the new ones: worker/run.py, apply().
Source: spec: config, 10; Postfix postfix(1), reload.
"""

from collections.abc import Sequence
from pathlib import Path

from fastsmtp.conf.restart import hold
from fastsmtp.conf.settings import Settings
from fastsmtp.job.jobfile import Job
from fastsmtp.worker import configure, unbuilt


def renew(
    running: Settings, config: Path | None, overrides: Sequence[str], job: Job
) -> tuple[Settings, list[str]]:
    """What main.cf says now, checked, and what there is to be said about it."""
    found = Settings.load(
        config, overrides, job.settings, job_file=str(job.path), job_lines=job.setting_lines
    )
    configure.check(found)
    said = [*found.warnings, *unbuilt.check(found)]
    settings, held = hold(running, found)
    return settings, [*said, *held]
