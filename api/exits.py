"""How a command ends: exit codes, and faults as messages."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum

from geodata.faults import N_, Fault, InputError, Severity
from planner.problem_faults import ProblemError
from planner.solution import Cancelled
from scenarios.wording import translator


class Exit(IntEnum):
    """Exit codes of every command."""

    PLAN = 0
    """There is a plan, or whatever else was asked for; an interrupted plan too."""
    NO_PLAN = 1
    """No plan within the limits, or infeasible; the reasons have been given."""
    BAD_INPUT = 2
    """Bad input, or a fault of disk or permission."""
    INTERRUPTED = 130
    """Stopped before there was any plan."""


@contextmanager
def told(lang: str, *, as_json: bool) -> Iterator[None]:
    """Turn what goes wrong into one clear message and the right exit code."""
    try:
        yield
    except InputError as error:
        show_faults(error.faults, lang, as_json=as_json)
        raise SystemExit(Exit.BAD_INPUT) from None
    except ProblemError as error:
        show_faults([Fault("scenario", one) for one in error.faults], lang, as_json=as_json)
        raise SystemExit(Exit.BAD_INPUT) from None
    except (KeyboardInterrupt, Cancelled):
        sys.stderr.write(translator(lang)("stopped; there is no plan yet") + "\n")
        raise SystemExit(Exit.INTERRUPTED) from None
    except BrokenPipeError:
        # Whoever read us has had enough ("wangdian check | head"); Python's own flush must not
        # complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(Exit.PLAN) from None
    except OSError as error:
        show_faults([_os_fault(error)], lang, as_json=as_json)
        raise SystemExit(Exit.BAD_INPUT) from None


def show_faults(faults: Sequence[Fault], lang: str, *, as_json: bool) -> None:
    """All faults, errors first: on standard error, or as JSON on standard output."""
    _ = translator(lang)
    ordered = sorted(faults, key=lambda fault: fault.severity is not Severity.ERROR)
    if as_json:
        sys.stdout.write(json.dumps({"faults": faults_json(ordered, lang)}, ensure_ascii=False))
        sys.stdout.write("\n")
        return
    for fault in ordered:
        mark = _("error") if fault.severity is Severity.ERROR else _("warning")
        sys.stderr.write(f"{mark}: {fault.text(_)}\n")


def faults_json(faults: Sequence[Fault], lang: str) -> list[dict[str, str]]:
    """Faults as plain values."""
    _ = translator(lang)
    return [
        {"where": one.where, "severity": one.severity.value, "text": one.text(_)} for one in faults
    ]


def _os_fault(error: OSError) -> Fault:
    where = str(error.filename or "disk")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Fault(where, N_("the disk is full; free some space or choose another --out"))
    return Fault(where, N_("cannot be used ({problem})"), {"problem": error.strerror or str(error)})
