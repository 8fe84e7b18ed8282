"""Rules where nothing is sited: heaps with deadlines, named projects and duties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from geodata.faults import N_, Phrase, list_names
from geodata.units import parse_unit
from scenarios.audit.finding import Finding
from scenarios.cells import read_cell
from scenarios.document import Document, Task
from scenarios.wording import number, percent


@dataclass(frozen=True)
class Clearing:
    """Where a heap or project stands on a day.

    Parameters
    ----------
    tonnes, removed_t, left_t : None where the document gives no amount
    days_left : until the deadline; negative when it has passed, None without one
    needed_t_per_day : to be done in time; None where that cannot be said
    share_of_time, share_removed : since the document's date; None where unknown
    """

    task: Task
    tonnes: float | None
    removed_t: float
    left_t: float | None
    days_left: int | None
    needed_t_per_day: float | None
    share_of_time: float | None
    share_removed: float | None


def clearings(document: Document, on: date) -> tuple[Clearing, ...]:
    """Every task of the document as it stands on a day."""
    return tuple(_clearing(task, document.issued, on) for task in document.tasks)


def _clearing(task: Task, issued: date | None, on: date) -> Clearing:
    tonnes = _tonnes(task.tonnes)
    removed = sum(_tonnes(one.removed) or 0.0 for one in task.done if one.day <= on)
    left = None if tonnes is None else tonnes - removed
    days_left = None if task.deadline is None else (task.deadline - on).days
    needed = None
    if left is not None and left > 0 and days_left is not None and days_left > 0:
        needed = left / days_left
    share = None
    if task.deadline is not None and issued is not None and task.deadline > issued:
        share = min(max((on - issued).days / (task.deadline - issued).days, 0.0), 1.0)
    return Clearing(
        task=task,
        tonnes=tonnes,
        removed_t=removed,
        left_t=left,
        days_left=days_left,
        needed_t_per_day=needed,
        share_of_time=share,
        share_removed=None if not tonnes else removed / tonnes,
    )


def _tonnes(text: str | None) -> float | None:
    if text is None:
        return None
    quantity = read_cell(text).quantity
    if quantity is None or quantity.value is None:
        return None
    unit = quantity.unit or "t"
    return quantity.value * parse_unit(unit).size


def task_findings(document: Document, on: date) -> Iterator[Finding]:
    """Deadlines, what they ask for a day, what is behind or over, and what has none."""
    open_tasks: list[Task] = []
    horizon = _horizon(document)
    for one in clearings(document, on):
        if one.task.deadline is None and one.tonnes is None:
            open_tasks.append(one.task)
        yield from _deadline(one, on)
        yield from _progress(one)
        if one.task.deadline is not None and horizon and one.task.deadline.year > horizon:
            message = N_("{name}: the deadline {deadline} is after the plan's last year {year}")
            values = {"name": one.task.name, "deadline": one.task.deadline.isoformat(),
                      "year": horizon}  # fmt: skip
            yield _finding("beyond_horizon", one.task, message, values)
    yield from _open(open_tasks)


def _horizon(document: Document) -> int | None:
    years = [document.years.near, document.years.long]
    years += [year for row in document.indicators for year in row.targets]
    return max((year for year in years if year is not None), default=None)


def _deadline(one: Clearing, on: date) -> Iterator[Finding]:
    task = one.task
    if task.deadline is None or task.kind != "heap":
        return
    values = {
        "name": task.name,
        "deadline": task.deadline.isoformat(),
        "on": on.isoformat(),
        "left": number(one.left_t),
        "days": one.days_left,
        "needed": number(one.needed_t_per_day),
    }
    done = one.left_t is not None and one.left_t <= 0
    if done:
        return
    if one.days_left is not None and one.days_left <= 0:
        message = N_("{name}: the deadline {deadline} has passed on {on}; {left} t are left")
        yield _finding("task_deadline", task, message, values, one)
    elif one.needed_t_per_day is not None:
        message = N_("{name}: {left} t by {deadline}, {days} days from {on}: {needed} t a day")
        yield _finding("task_deadline", task, message, values, one)


def _progress(one: Clearing) -> Iterator[Finding]:
    if one.left_t is not None and one.left_t < 0:
        message = N_("{name}: {removed} t are recorded as removed of {tonnes} t")
        values = {"name": one.task.name, "removed": number(one.removed_t),
                  "tonnes": number(one.tonnes)}  # fmt: skip
        yield _finding("task_over_removed", one.task, message, values, one)
    if not one.task.done or one.share_of_time is None or one.share_removed is None:
        return
    if one.share_removed < one.share_of_time:
        message = N_("{name}: {removed} are removed, {time} of the time has passed")
        values = {"name": one.task.name, "removed": percent(one.share_removed, 0),
                  "time": percent(one.share_of_time, 0)}  # fmt: skip
        yield _finding("task_behind", one.task, message, values, one)


def _open(tasks: Sequence[Task]) -> Iterator[Finding]:
    """One finding for all of them: a list to be completed."""
    if not tasks:
        return
    message = N_("{count} tasks have neither a day nor an amount: {names}")
    values = {"count": len(tasks), "names": list_names([task.name for task in tasks])}
    clauses = tuple(task.clause for task in tasks)
    about = tasks[0].name if len(tasks) == 1 else ""
    yield Finding("task_open", about, Phrase(message, values), clauses,
                  {"tasks": [task.id for task in tasks]})  # fmt: skip


def _finding(
    rule: str, task: Task, message: str, values: Mapping[str, object], one: Clearing | None = None
) -> Finding:
    figures = {} if one is None else {
        "left_t": one.left_t, "days_left": one.days_left,
        "needed_t_per_day": one.needed_t_per_day,
    }  # fmt: skip
    return Finding(rule, task.name, Phrase(message, values), (task.clause,), figures)
