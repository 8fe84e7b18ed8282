"""Ids and names of a layer's rows: made where missing, checked where given."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import shapely

from geodata.cells import object_series
from geodata.columns import LayerSpec
from geodata.faults import N_, Fault, Phrase, Severity, list_names, list_rows


def complete_identity(
    table: gpd.GeoDataFrame, rows: Sequence[int], spec: LayerSpec, where: str
) -> tuple[gpd.GeoDataFrame, list[Fault]]:
    """Give every row an id and a name, and find ids and names that stand for two places.

    A missing id is made from district and name, so it stays the same from run to run and file to
    file; where those repeat, the places are numbered from west to east.

    Parameters
    ----------
    table : with id, name and, where the layer has it, district
    rows : (n,) row of the file of each row
    """
    ids, names = table["id"].tolist(), table["name"].tolist()
    blank = [""] * len(ids)
    districts = table["district"].tolist() if "district" in table else blank
    faults = _duplicate_ids(ids, rows, where)
    faults += _duplicate_names(names, districts, rows, spec, where)
    missing = [at for at, given in enumerate(ids) if given is None]
    if missing:
        made = _make_ids(table, missing, names, districts, spec.kind)
        taken = {given for given in ids if given is not None}
        for at, new in zip(missing, made, strict=True):
            ids[at] = _free(new, taken)
            taken.add(ids[at])
        message = N_("{n} of {total} {noun} have no id; ids were made from district and name")
        values = {"n": len(missing), "total": len(ids), "noun": Phrase(spec.noun)}
        faults.append(Fault(where, message, values, Severity.WARNING))
    names = [name if name is not None else ids[at] for at, name in enumerate(names)]
    columns = {"id": object_series(ids, table.index), "name": object_series(names, table.index)}
    return table.assign(**columns), faults


def _make_ids(
    table: gpd.GeoDataFrame,
    missing: Sequence[int],
    names: Sequence[str | None],
    districts: Sequence[str | None],
    kind: str,
) -> list[str]:
    """District and name, or the kind and a digest of the place where a row has neither."""
    shapes = np.asarray(table.geometry.to_numpy(), dtype=object)
    bases = []
    for at in missing:
        words = [word for word in (districts[at], names[at]) if word]
        bases.append("-".join(words) if names[at] else f"{kind}-{_digest(shapes[at], words)}")
    centre = shapely.centroid(shapes[list(missing)])
    order = np.lexsort((shapely.get_y(centre), shapely.get_x(centre)))
    seen: Counter[str] = Counter()
    made = [""] * len(bases)
    for place in order:
        base = bases[place]
        seen[base] += 1
        made[place] = base if seen[base] == 1 else f"{base}-{seen[base]}"
    return made


def _digest(shape: shapely.Geometry | None, words: Sequence[str]) -> str:
    """Eight hexadecimal digits of a place to about 0.1 m."""
    wkb = b"" if shape is None else bytes(shapely.to_wkb(shapely.set_precision(shape, 1e-6)))
    return hashlib.sha256(wkb + "/".join(words).encode()).hexdigest()[:8]


def _free(base: str, taken: set[str]) -> str:
    """The id, or its first numbered form that no other row has."""
    new, number = base, 2
    while new in taken:
        new, number = f"{base}-{number}", number + 1
    return new


def _duplicate_ids(ids: Sequence[str | None], rows: Sequence[int], where: str) -> list[Fault]:
    """One fault for each id that several rows have."""
    places: dict[str, list[int]] = defaultdict(list)
    for given, row in zip(ids, rows, strict=True):
        if given is not None:
            places[given].append(row)
    message = N_("the id {id!r} stands in {rows}; every row needs an id of its own")
    repeated = [(given, at) for given, at in places.items() if len(at) > 1]
    faults = [Fault(where, message, {"id": i, "rows": list_rows(at)}) for i, at in repeated[:20]]
    if len(repeated) > 20:
        more = N_("{n} more ids stand in several rows")
        faults.append(Fault(where, more, {"n": len(repeated) - 20}))
    return faults


def _duplicate_names(
    names: Sequence[str | None],
    districts: Sequence[str | None],
    rows: Sequence[int],
    spec: LayerSpec,
    where: str,
) -> list[Fault]:
    """Names that two rows of the same township, or without a township, share.

    Village names repeat across a county (王庄村 three times), so a name alone names no place.
    """
    if spec.kind in ("exclusions", "permitted_land"):
        return []
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for name, district, row in zip(names, districts, rows, strict=True):
        if name is not None:
            places[district or "", name].append(row)
    repeated = {key: at for key, at in places.items() if len(at) > 1}
    faults = []
    alone = N_("{n} names stand for several {noun} without a district: {names}; add it")
    together = N_("{n} names stand for several {noun} of one district: {names}; is a row double?")
    if spec.kind == "districts":
        alone = N_("{n} names stand for several districts: {names}; give each a name of its own")
    for known, message in ((False, alone), (True, together)):
        shared = [
            Phrase("{name} ({rows})", {"name": f"{district}{name}", "rows": list_rows(at)})
            for (district, name), at in repeated.items()
            if bool(district) is known
        ]
        if shared:
            values = {"n": len(shared), "noun": Phrase(spec.noun), "names": list_names(shared)}
            faults.append(Fault(where, message, values, Severity.WARNING))
    return faults
