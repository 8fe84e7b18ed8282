"""Scenario files and stream profiles: YAML, a workbook, and what ``--set`` changes in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from geodata.columns import layer_kinds
from geodata.faults import N_, Fault, InputError, raise_errors
from geodata.workbooks import WORKBOOK_ENDINGS
from scenarios.document_faults import document_faults
from scenarios.evidence import SET_BY_SCENARIO, spell_out
from scenarios.joint import joint_faults
from scenarios.load_knowledge import packaged_profile, stream_ids
from scenarios.nearest import nearest
from scenarios.profile_checks import profile_faults
from scenarios.schema import Scenario, StreamProfile, StreamUse
from scenarios.validation import unknown_key, validated
from scenarios.yaml_lines import YamlDocument, read_yaml

DEMO = "demo"

Override = tuple[str, Any]


def load_scenario(path: Path | str, overrides: Sequence[str] = ()) -> Scenario:
    """Read a scenario from YAML or from a workbook.

    Parameters
    ----------
    path : ``.yaml``, ``.yml`` or ``.xlsx``
    overrides : ``key=value`` with dotted keys, e.g. ``solver.gap=0.02`` or, into the profile of a
        stream, ``streams.straw_storage.tiers.township_store.cutoff_km=20``; values are YAML

    Raises
    ------
    InputError
        With every fault of the file and of the overrides.
    """
    path = Path(path)
    document = _read(path)
    where = path.name
    changes, faults = parse_overrides(overrides)
    if document.data is not None and not document.faults:
        faults += apply_overrides(document.data, changes)
    try:
        scenario = validated(Scenario, document, where)
    except InputError as error:
        named = {key for key, _ in changes}
        raise InputError([*(_from_override(one, named) for one in error.faults), *faults]) from None
    raise_errors([*faults, *_check(scenario, document, where, path.parent)])
    return scenario


def example(name: str = DEMO, overrides: Sequence[str] = ()) -> Scenario:
    """A scenario that comes with the package, e.g. ``demo``."""
    with resources.as_file(resources.files("scenarios") / "examples" / f"{name}.yaml") as path:
        return load_scenario(path, overrides)


def profile_of(use: StreamUse, folder: Path | str = ".") -> StreamProfile:
    """The profile of a stream with what the scenario changes in it.

    Parameters
    ----------
    use : ``stream`` is the id of a stream of the package or a YAML file beside the scenario
    folder : of the scenario file

    Raises
    ------
    InputError
        For an unknown stream, a broken profile or an override that does not fit.
    """
    where, text = _profile_text(use.stream, Path(folder))
    document = read_yaml(text, where)
    if document.faults:
        raise InputError(document.faults)
    faults = []
    for key, value in use.set.items():
        faults += _set(document.data, key.split("."), value, f"{use.stream}: {key}")
    faults += spell_out(document, where)
    raise_errors(faults)
    return validated(StreamProfile, document, where)


def profiles_of(scenario: Scenario, folder: Path | str = ".") -> dict[str, StreamProfile]:
    """Profiles of all streams of a scenario by stream id, in its order; all faults at once."""
    faults: list[Fault] = []
    found: dict[str, StreamProfile] = {}
    for use in scenario.streams:
        try:
            profile = profile_of(use, folder)
        except InputError as error:
            faults += error.faults
            continue
        if profile.id in found:
            faults.append(
                Fault("streams", N_("stream {stream} is named twice"), {"stream": profile.id})
            )
        found[profile.id] = profile
        faults += profile_faults(profile)
    raise_errors(faults)
    return found


def parse_overrides(texts: Iterable[str]) -> tuple[list[Override], list[Fault]]:
    """``key=value`` texts as pairs, and a fault for each that is none."""
    pairs: list[Override] = []
    faults: list[Fault] = []
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            faults.append(
                Fault(f"--set {text}", N_("needs the form key=value, e.g. solver.gap=0.02"))
            )
            continue
        try:
            pairs.append((key.strip(), yaml.safe_load(value)))
        except yaml.YAMLError:
            faults.append(Fault(f"--set {text}", N_("the value is not valid YAML")))
    return pairs, faults


def _from_override(fault: Fault, keys: set[str]) -> Fault:
    """A fault of a key that ``--set`` named is not the file's."""
    key = fault.values.get("key")
    return replace(fault, where=f"--set {key}") if key in keys else fault


def _read(path: Path) -> YamlDocument:
    if path.suffix.casefold() in WORKBOOK_ENDINGS:
        from scenarios.workbook_scenario import (  # noqa: PLC0415 - it applies overrides
            read_workbook_scenario,
        )

        return read_workbook_scenario(path)
    return read_yaml(_text(path), path.name)


def _text(path: Path) -> str:
    """The file's text; Chinese editors still save GB18030.

    Raises
    ------
    InputError
        Where it is missing, a folder, unreadable or not text.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise InputError([_missing_file(path)]) from None
    except OSError as error:
        message = N_("cannot be read ({problem}); check the path and its permissions")
        raise InputError([Fault(str(path), message, {"problem": error.strerror})]) from None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    message = N_("is not a text file; a scenario is YAML in UTF-8, or an .xlsx workbook")
    raise InputError([Fault(path.name, message)])


def _missing_file(path: Path) -> Fault:
    folder = path.parent
    names = [one.name for one in folder.iterdir()] if folder.is_dir() else []
    near = nearest(path.name, names)
    if near is not None:
        return Fault(str(path), N_("there is no such file; did you mean {near}?"), {"near": near})
    return Fault(str(path), N_("there is no such file"))


def _profile_text(stream: str, folder: Path) -> tuple[str, str]:
    if stream.endswith((".yaml", ".yml")):
        return stream, _text(folder / stream)
    text = packaged_profile(stream) if stream.isidentifier() else None
    if text is None:
        raise InputError([unknown_key("streams", stream, stream, stream_ids())])
    return f"{stream}.yaml", text


def apply_overrides(data: Any, changes: Sequence[Override], where: str = "--set") -> list[Fault]:
    """Change plain values of a scenario in place; a fault for each key that leads nowhere."""
    faults: list[Fault] = []
    for key, value in changes:
        parts = key.split(".")
        if parts[0] == "streams" and len(parts) > 2 and not parts[1].isdigit():
            faults += _apply_to_stream(data, parts[1], ".".join(parts[2:]), value, where)
        else:
            faults += _set(data, parts, value, f"{where} {key}")
    return faults


def _apply_to_stream(data: Any, stream: str, key: str, value: Any, where: str) -> list[Fault]:
    uses = data.get("streams") if isinstance(data, dict) else None
    uses = [use for use in uses if isinstance(use, dict)] if isinstance(uses, list) else []
    for use in uses:
        if str(use.get("stream")).removesuffix(".yaml") == stream:
            use["set"] = {**(use.get("set") or {}), key: value}
            return []
    known = [str(use.get("stream")) for use in uses]
    return [unknown_key(f"{where} streams.{stream}", f"streams.{stream}", stream, known)]


def _set(data: Any, parts: Sequence[str], value: Any, where: str) -> list[Fault]:
    """Set one dotted key in nested plain values.

    Lists are entered by the ``id`` (or ``stream``) of their items or by position; a bare number
    for a sourced value replaces its value and says that the scenario set it.
    """
    here = data
    for position, part in enumerate(parts[:-1]):
        step, faults = _step(here, part, parts[: position + 1], where)
        if faults:
            return faults
        if isinstance(here, dict) and here.get(step) is None:
            here[step] = {}
        here = here[step]
    last, faults = _step(here, parts[-1], parts, where)
    if faults:
        return faults
    old = here.get(last) if isinstance(here, dict) else here[last]
    if isinstance(old, dict) and "value" in old and not isinstance(value, dict):
        value = {
            **old, "value": value, "source": SET_BY_SCENARIO, "clause": "", "edition": "",
            "evidence": "assumed",
        }  # fmt: skip
    here[last] = value
    return []


def _step(here: Any, part: str, path: Sequence[str], where: str) -> tuple[Any, list[Fault]]:
    if isinstance(here, dict):
        return part, []
    if isinstance(here, list):
        names = [_item_name(item) for item in here]
        if part in names:
            return names.index(part), []
        if part.isdigit() and int(part) < len(here):
            return int(part), []
        return None, [unknown_key(where, ".".join(path), part, [name for name in names if name])]
    message = N_("{key} is inside a plain value and cannot be set")
    return None, [Fault(where, message, {"key": ".".join(path)})]


def _item_name(item: Any) -> str:
    return str(item.get("id") or item.get("stream") or "") if isinstance(item, dict) else ""


def _check(scenario: Scenario, document: YamlDocument, where: str, folder: Path) -> list[Fault]:
    """What no single field can see: streams that exist, layers that somebody reads, a source."""
    try:
        profiles = profiles_of(scenario, folder)
    except InputError as error:
        return list(error.faults)
    known = [*layer_kinds(), *(profile.demand.layer for profile in profiles.values())]
    faults = [
        _at(unknown_key(where, f"layers.{name}", name, known), document, ("layers", name), where)
        for name in scenario.layers
        if name not in known
    ]
    if scenario.synthetic is None and not scenario.layers:
        faults.append(
            Fault(where, N_("says neither 'layers' nor 'synthetic': there is nothing to plan for"))
        )
    if scenario.synthetic is not None and (scenario.layers or scenario.roads):
        message = N_("says both 'synthetic' and 'layers' or 'roads'; keep one of them")
        faults.append(Fault(where, message))
    if scenario.roads is not None and not (scenario.roads.file or scenario.roads.place):
        faults.append(Fault(where, N_("roads needs a 'file' or a 'place'")))
    faults += joint_faults(scenario, profiles)
    if scenario.document is not None:
        faults += document_faults(scenario.document, profiles)
    return faults


def _at(fault: Fault, document: YamlDocument, path: tuple[str, ...], where: str) -> Fault:
    line = document.line(path)
    return fault if line is None else replace(fault, where=f"{where}, line {line}")
