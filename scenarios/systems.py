"""Every system of the source documents and what stands for it here; ``docs/systems.md`` from it.

``python -m scenarios.systems docs/systems.md`` writes the page anew.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

from geodata.knowledge import knowledge
from scenarios.evidence import Model
from scenarios.load import DEMO
from scenarios.load_knowledge import stream_ids

STREAM_TEST = "tests/scenarios/test_systems.py::test_stream_plans[{stream}]"
TASK_TEST = "tests/scenarios/test_systems.py::test_task_is_audited[{example}-{task}]"
EVERYTHING = "all_systems"
"""The example that plans every stream; named where no document's own scenario does."""

HEAD = """\
# Systems of the source documents 源文件中的设施与收运系统

Made from `scenarios/systems.yaml`, `scenarios/streams/*.yaml` and `scenarios/examples/*.yaml` by
`python -m scenarios.systems docs/systems.md`; a test fails where a system is missing here or its
example does not plan. A *stream* is sited and planned; a *task* is audited (dates, tonnes,
balances: `wangdian check`).

| id | 系统 | system | document | stream or task | example | test |
|---|---|---|---|---|---|---|
"""


class System(Model):
    """A system that a document names."""

    id: str
    zh: str
    en: str
    document: str
    """Id of the example scenario of the document that speaks of it first."""


@dataclass(frozen=True)
class Standing:
    """What stands for a system.

    Parameters
    ----------
    streams : ids of the streams whose ``systems`` name it
    tasks : example and task id of the audited tasks that name it
    examples : streams of it that an example plans, as (example, stream)
    """

    system: System
    streams: tuple[str, ...]
    tasks: tuple[tuple[str, str], ...]
    examples: tuple[tuple[str, str], ...]

    @property
    def is_covered(self) -> bool:
        """Something stands for it."""
        return bool(self.streams or self.tasks)


@lru_cache(maxsize=1)
def systems() -> tuple[System, ...]:
    """All systems in the documents' order."""
    return tuple(map(System.model_validate, knowledge("scenarios", "systems.yaml")))


def example_ids() -> tuple[str, ...]:
    """Names of the example scenarios that come with the package."""
    folder = resources.files("scenarios") / "examples"
    names = (item.name for item in folder.iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


@lru_cache(maxsize=1)
def standings() -> tuple[Standing, ...]:
    """Of each system in order: its streams, tasks and examples."""
    of_stream = {
        one: knowledge("scenarios", f"streams/{one}.yaml").get("systems", ())
        for one in stream_ids()
    }
    examples = {one: knowledge("scenarios", f"examples/{one}.yaml") for one in example_ids()}
    planned = {
        name: [str(use["stream"]) for use in data["streams"]] for name, data in examples.items()
    }
    found = []
    for system in systems():
        streams = tuple(one for one, ids in of_stream.items() if system.id in ids)
        found.append(
            Standing(
                system=system,
                streams=streams,
                tasks=tuple(
                    (name, str(task["id"]))
                    for name, data in examples.items()
                    for task in (data.get("document") or {}).get("tasks", ())
                    if system.id in task.get("systems", ())
                ),
                examples=tuple(
                    (name, one) for name, uses in planned.items() for one in uses if one in streams
                ),
            )
        )
    return tuple(found)


def systems_page() -> str:
    """The page as Markdown."""
    return HEAD + "".join(_row(one) for one in standings())


def _row(one: Standing) -> str:
    stand = [f"[`{stream}`](../scenarios/streams/{stream}.yaml)" for stream in one.streams]
    stand += [f"task `{task}` of `{example}`" for example, task in one.tasks]
    examples = [f"[`{name}`](../scenarios/examples/{name}.yaml)" for name in _examples(one)]
    tests = [f"`{STREAM_TEST.format(stream=stream)}`" for stream in one.streams]
    tests += [f"`{TASK_TEST.format(example=name, task=task)}`" for name, task in one.tasks]
    cells = (
        one.system.id,
        one.system.zh,
        one.system.en,
        f"`{one.system.document}`",
        "; ".join(stand),
        "; ".join(examples),
        "; ".join(tests),
    )
    return f"| {' | '.join(cells)} |\n"


def _examples(one: Standing) -> tuple[str, ...]:
    """Scenarios of documents that plan it, else the one that plans everything; of tasks, theirs."""
    planning = dict.fromkeys(name for name, _stream in one.examples)
    of_documents = [name for name in planning if name not in (EVERYTHING, DEMO)]
    return (
        tuple(of_documents)
        or tuple(planning)
        or tuple(dict.fromkeys(name for name, _task in one.tasks))
    )


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(systems_page(), encoding="utf-8")
