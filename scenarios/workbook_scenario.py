"""A workbook as a whole scenario: a sheet a layer, and a sheet 设置 for the rest.

Planners have Excel, not GIS. The sheet 设置 holds a key and a value a row; keys that are not known
may be dotted ones, as ``--set`` takes them (``solver.gap``, ``streams.straw_storage....``).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from geodata.columns import layer_kinds
from geodata.faults import N_, Fault, InputError
from geodata.workbooks import Rows, read_sheet, sheet_names, workbook_layers
from scenarios.load_knowledge import profile_names, stream_demand_layers
from scenarios.nearest import nearest
from scenarios.yaml_lines import KeyPath, YamlDocument

SETTINGS_SHEETS = ("设置", "参数", "情景", "规划设置", "settings", "scenario")

KEYS: Mapping[str, tuple[str, ...]] = {
    "title": ("标题", "名称", "规划名称", "title"),
    "area": ("县区", "县（区）", "地区", "区域", "area"),
    "base_year": ("基准年", "base_year"),
    "crs": ("坐标系", "坐标系统", "crs"),
    "streams": ("类别", "规划类别", "废物类别", "streams", "stream"),
    "roads": ("道路文件", "路网文件", "道路", "roads"),
    "roads_crs": ("道路坐标系", "roads_crs"),
    "max_snap_m": ("最大入网距离", "最大入网距离（米）", "max_snap_m"),
    "off_road": ("无路点处理", "off_road"),
    "time_limit_s": ("求解时限", "求解时限（秒）", "time_limit_s"),
    "gap": ("允许差距", "gap"),
}
"""Setting -> what its cell may be called."""

OFF_ROAD_WORDS = {"直线": "straight", "straight": "straight", "不服务": "unserved"}


def read_workbook_scenario(path: Path) -> YamlDocument:
    """The scenario that a workbook holds, in the shape of a scenario file.

    Raises
    ------
    InputError
        Where the file is no workbook.
    """
    titles = sheet_names(path)
    named = {title.strip().casefold(): title for title in titles}
    sheet = next((named[word] for word in SETTINGS_SHEETS if word in named), None)
    rows: Rows = []
    if sheet is not None:
        _, rows = read_sheet(path, sheet)
    where = path.name if sheet is None else f"{path.name} [{sheet}]"
    settings, lines, faults = _settings(rows, where)
    layers = workbook_layers(path)
    if not layers:
        message = N_("no sheet is named after a layer: call them {examples}")
        faults.append(Fault(path.name, message, {"examples": "村庄, 现有设施, 备选点, 乡镇"}))
    data = _scenario(path, settings, layers)
    faults += _override_faults(data, settings, where)
    return YamlDocument(None if faults else data, lines, tuple(faults))


def _settings(rows: Rows, where: str) -> tuple[dict[str, Any], dict[KeyPath, int], list[Fault]]:
    """Known settings and dotted keys of the sheet, the row of each, and what is not known."""
    by_word = {word.casefold(): key for key, words in KEYS.items() for word in words}
    found: dict[str, Any] = {}
    lines: dict[KeyPath, int] = {}
    faults: list[Fault] = []
    for number, cells in enumerate(rows, start=1):
        word = str(cells[0]).strip() if cells and cells[0] is not None else ""
        value = cells[1] if len(cells) > 1 else None
        if not word or value is None or not str(value).strip():
            continue
        key = by_word.get(word.casefold(), word if "." in word else "")
        if key:
            found[key] = value.strip() if isinstance(value, str) else value
            lines[(key,)] = number
        elif word not in ("项目", "设置项", "key"):
            faults.append(_unknown(word, number, where))
    return found, lines, faults


def _unknown(word: str, row: int, where: str) -> Fault:
    known = [words[0] for words in KEYS.values()]
    near = nearest(word, known)
    if near is not None:
        message = N_("setting '{word}' is not known; did you mean {near}?")
        return Fault(where, message, {"word": word, "near": near}, row=row)
    message = N_("setting '{word}' is not known; known here: {known}")
    return Fault(where, message, {"word": word, "known": ", ".join(known)}, row=row)


def _scenario(path: Path, settings: Mapping[str, Any], layers: Mapping[str, str]) -> dict[str, Any]:
    crs = settings.get("crs")
    kinds = [kind for kind in layer_kinds() if kind in layers]
    data: dict[str, Any] = {
        "title": str(settings.get("title", path.stem)),
        "area": str(settings.get("area", "")),
        "layers": {
            kind: {"file": path.name, "sheet": layers[kind]}
            | ({} if crs is None else {"crs": str(crs)})
            for kind in kinds
        },
        "streams": [{"stream": one} for one in _streams(settings.get("streams"), kinds)],
    }
    if "base_year" in settings:
        data["base_year"] = settings["base_year"]
    if "roads" in settings:
        roads_crs = settings.get("roads_crs")
        data["roads"] = {"file": str(settings["roads"])} | (
            {} if roads_crs is None else {"crs": str(roads_crs)}
        )
    if "max_snap_m" in settings:
        data["max_snap_m"] = settings["max_snap_m"]
    if "off_road" in settings:
        word = str(settings["off_road"])
        data["off_road"] = OFF_ROAD_WORDS.get(word, word)
    solver = {key: settings[key] for key in ("time_limit_s", "gap") if key in settings}
    return data | ({"solver": solver} if solver else {})


def _streams(named: Any, kinds: list[str]) -> list[str]:
    """Streams by id or Chinese name; without any, those whose demand layer the workbook has."""
    if named is None:
        return [one for one, layer in stream_demand_layers().items() if layer in kinds]
    by_name = profile_names()
    words = str(named)
    for mark in "，、；;\n":
        words = words.replace(mark, ",")
    given = [word.strip() for word in words.split(",") if word.strip()]
    return [by_name.get(word.casefold(), word) for word in given]


def _override_faults(data: dict[str, Any], settings: Mapping[str, Any], where: str) -> list[Fault]:
    """Apply the dotted keys as ``--set`` would."""
    from scenarios.load import apply_overrides  # noqa: PLC0415 - load reads workbooks

    dotted = [(key, value) for key, value in settings.items() if "." in key]
    try:
        return apply_overrides(data, dotted, where)
    except InputError as error:
        return list(error.faults)
