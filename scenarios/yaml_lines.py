"""YAML with line numbers: values for pydantic, and where in the file each of them stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from geodata.faults import N_, Fault
from geodata.knowledge import LOADER

KeyPath = tuple[str | int, ...]

MAX_DEPTH = 60
"""A scenario has a depth of about eight; a file far deeper is not one and would end the parser."""

MAX_NODES = 200_000
"""Values counted with their repetitions: a few aliases of aliases can stand for billions."""


@dataclass(frozen=True)
class YamlDocument:
    """What a YAML file says and on which line each key says it.

    Parameters
    ----------
    data : plain values; None where the file could not be read
    lines : key path -> line, counted from 1
    faults : broken syntax, keys given twice
    """

    data: Any
    lines: dict[KeyPath, int] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    def line(self, path: Sequence[str | int]) -> int | None:
        """Line of the key, or of the nearest key above it that the file has."""
        for length in range(len(path), 0, -1):
            found = self.lines.get(tuple(path[:length]))
            if found is not None:
                return found
        return None


def read_yaml(text: str, where: str) -> YamlDocument:
    """Parse one YAML document; never raises for what is in the text."""
    try:
        node = yaml.compose(text, Loader=LOADER)
    except yaml.YAMLError as error:
        return YamlDocument(None, faults=(_syntax_fault(error, where),))
    except RecursionError:
        return YamlDocument(None, faults=(Fault(where, _TOO_DEEP, {"depth": MAX_DEPTH}),))
    if node is None:
        return YamlDocument({})
    walk = _Walk(where)
    walk.visit(node, ())
    if walk.faults:
        return YamlDocument(None, walk.lines, tuple(walk.faults))
    try:
        data = yaml.load(text, Loader=LOADER)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError) as error:
        return YamlDocument(None, walk.lines, (_syntax_fault(error, where),))
    return YamlDocument(data, walk.lines)


_TOO_LARGE = N_("stands for more than {nodes} values; layers belong in tables beside the scenario")
_TOO_DEEP = N_("nested deeper than {depth} levels; a scenario is not")


def _syntax_fault(error: Exception, where: str) -> Fault:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    if mark is not None:
        where = f"{where}, line {mark.line + 1}, column {mark.column + 1}"
    return Fault(
        where,
        N_("this is not valid YAML ({problem}); check indentation, colons and quotes there"),
        {"problem": problem},
    )


class _Walk:
    """Line of every key, and the keys that stand twice (YAML would keep the last in silence)."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.lines: dict[KeyPath, int] = {}
        self.faults: list[Fault] = []
        self.left = MAX_NODES

    def visit(self, node: yaml.Node, path: KeyPath) -> None:
        self.left -= 1
        if self.left < 0:
            if self.left == -1:
                self.faults.append(Fault(self.where, _TOO_LARGE, {"nodes": MAX_NODES}))
        elif len(path) > MAX_DEPTH:
            self.faults.append(Fault(self.where, _TOO_DEEP, {"depth": MAX_DEPTH}))
        elif isinstance(node, yaml.MappingNode):
            for key_node, value_node in node.value:
                self._visit_key(key_node, value_node, path)
        elif isinstance(node, yaml.SequenceNode):
            for position, item in enumerate(node.value):
                self.lines[(*path, position)] = item.start_mark.line + 1
                self.visit(item, (*path, position))

    def _visit_key(self, key_node: yaml.Node, value_node: yaml.Node, path: KeyPath) -> None:
        here = (*path, str(key_node.value))
        line = key_node.start_mark.line + 1
        if here in self.lines:
            self.faults.append(
                Fault(
                    f"{self.where}, line {line}",
                    N_("{key} is given twice (first on line {first}); keep one of them"),
                    {"key": here[-1], "first": self.lines[here]},
                )
            )
        self.lines.setdefault(here, line)
        self.visit(value_node, here)
