"""Hostile files are looked at in a process of its own: ``python -m scenarios.looking SPEC.json``.

The process has a limit of memory and time; what it has to say is one JSON object on its output.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from geodata.faults import N_, Fault, InputError
from scenarios.job import fault_dict

MEMORY_BYTES = 6 * 2**30
CPU_S = 240


def main(arguments: Sequence[str]) -> int:
    """Look at what the specification names."""
    sink = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 5))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    spec = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    try:
        found, faults = WAYS[spec["look"]](spec)
    except InputError as error:
        found, faults = {}, list(error.faults)
    except MemoryError:
        found, faults = {}, [Fault("file", N_("needs more memory than is given to one file"))]
    except Exception:  # noqa: BLE001 - the details go to the log, never to a reader
        traceback.print_exc()
        found, faults = {}, [Fault("file", N_("cannot be read; save it again, or as CSV or GPKG"))]
    told = {**found, "faults": [fault_dict(one) for one in faults]}
    json.dump(told, sink, ensure_ascii=False, allow_nan=False)
    sink.flush()
    return 0


Seen = tuple[dict[str, Any], list[Fault]]


def _describe(spec: dict[str, Any]) -> Seen:
    from scenarios.describe import describe_file  # noqa: PLC0415 - heavy

    return describe_file(
        Path(spec["path"]), spec["kind"], crs=spec["crs"] or None, sheet=spec["sheet"] or None
    )


def _check(spec: dict[str, Any]) -> Seen:
    """Every fault of a scenario and of the files that it names."""
    from scenarios.changes import changed_inputs  # noqa: PLC0415 - heavy
    from scenarios.inputs import load_inputs  # noqa: PLC0415
    from scenarios.load import profiles_of  # noqa: PLC0415
    from scenarios.schema import Scenario  # noqa: PLC0415

    scenario = Scenario.model_validate(spec["scenario"])
    inputs = load_inputs(scenario, profiles_of(scenario), spec["folder"])
    inputs = changed_inputs(inputs, scenario)
    counts = {name: len(table) for name, table in inputs.layers.items()}
    return {"layers": counts, "synthetic": inputs.synthetic}, list(inputs.faults)


def _points(spec: dict[str, Any]) -> Seen:
    """Points of a spreadsheet, with every cell of it as text."""
    from scenarios.describe import point_rows  # noqa: PLC0415

    return point_rows(
        Path(spec["path"]), crs=spec["crs"] or None, sheet=spec["sheet"] or None, most=spec["most"]
    )


WAYS = {"describe": _describe, "check": _check, "points": _points}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
