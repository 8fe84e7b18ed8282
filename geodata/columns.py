"""Which column of a file is which standard column: headers in Chinese or English, with units."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from geodata.faults import N_, Fault, nearest_hint
from geodata.knowledge import knowledge
from geodata.numerals import fold
from geodata.units import parse_unit

COORDINATE_COLUMNS = (
    "lon", "lat", "x", "y", "east", "north", "coordinates", "wkt", "crs", "serial",
)  # fmt: skip
TONNES_COLUMN = re.compile(r"^[a-z][a-z0-9_]*_t_per_yr$")
# nouns of columns.yaml, written here for the catalogue of translations
NOUNS = (
    N_("demand points"), N_("facilities"), N_("candidates"), N_("districts"),
    N_("exclusion zones"), N_("shops"), N_("plots of public land"), N_("plots of permitted land"),
    N_("estates"), N_("restaurants"), N_("clinics"), N_("repair shops"), N_("building sites"),
    N_("works"), N_("livestock farms"), N_("institutions"), N_("parks"), N_("sewage works"),
    N_("river reaches"), N_("energy plants"), N_("excavations"), N_("licence areas"),
)  # fmt: skip
_BRACKETS = re.compile(r"[(\[【{<]([^)\]】}>]*)[)\]】}>]")
_YEAR = re.compile(r"^\d{4}年?(末|底|度)?|\d{4}年?(末|底|度)?$")
_SHAPEFILE_NAME_BYTES = 10


@dataclass(frozen=True)
class ColumnSpec:
    """One standard column: see the head of ``columns.yaml``."""

    name: str
    type: str
    aliases: tuple[str, ...] = ()
    unit: str = ""
    unstated: Literal["standard", "warn", "refuse"] = "standard"
    period: str = ""


@dataclass(frozen=True)
class LayerSpec:
    """What a kind of layer holds and needs."""

    kind: str
    noun: str
    geometry: str
    needs: tuple[str, ...]
    columns: tuple[str, ...]
    extra: tuple[str, ...]
    sheets: tuple[str, ...]
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class MatchedColumn:
    """A column of the file and the standard column that it is.

    Parameters
    ----------
    position : in the file
    header : as written
    spec : the standard column
    unit : what the header (or the alias) says, "" where neither does
    notes : what stands in brackets behind the header
    """

    position: int
    header: str
    spec: ColumnSpec
    unit: str = ""
    notes: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def _knowledge() -> dict[str, Any]:
    """``columns.yaml``."""
    known: dict[str, Any] = knowledge("geodata", "columns.yaml")
    return known


@lru_cache(maxsize=1)
def column_specs() -> Mapping[str, ColumnSpec]:
    """Standard columns by name."""
    raw = _knowledge()["columns"]
    return {
        name: ColumnSpec(name, **{**said, "aliases": tuple(said.get("aliases", ()))})
        for name, said in raw.items()
    }


def column_spec(name: str) -> ColumnSpec:
    """One standard column; any ``<stream>_t_per_yr`` is tonnes a year, what is unknown is text."""
    known = column_specs().get(name)
    if known is not None:
        return known
    if TONNES_COLUMN.match(name):
        return ColumnSpec(name, "number", (), "t/a", "refuse", "a")
    return ColumnSpec(name, "text")


@lru_cache(maxsize=64)
def layer_spec(kind: str) -> LayerSpec:
    """What a layer of this kind needs; one that is not known is a layer of demand points."""
    layers = _knowledge()["layers"]
    said = layers.get(kind) or layers[_knowledge()["demand_layer"]]
    return LayerSpec(
        kind,
        said["noun"],
        said["geometry"],
        tuple(said["needs"]),
        tuple(said["columns"]),
        tuple(said["extra"]),
        tuple(said["sheets"]) if kind in layers else (kind,),
        {name: tuple(words) for name, words in said.get("aliases", {}).items()},
    )


def layer_kinds() -> tuple[str, ...]:
    """Kinds that ``columns.yaml`` names."""
    return tuple(_knowledge()["layers"])


def kind_of_sheet(name: str) -> str | None:
    """The layer that a sheet's name means, e.g. 村庄表 -> villages; None where it means none."""
    key = _bare(name)
    for kind in layer_kinds():
        if key == kind or key in map(_bare, layer_spec(kind).sheets):
            return kind
    return None


@lru_cache(maxsize=8)
def words_of(vocabulary: str) -> Mapping[str, str]:
    """Words of a vocabulary ("state", "kind", "true", "false") -> the standard word."""
    said = _knowledge()["words"][vocabulary]
    if isinstance(said, list):
        return {_bare(word): vocabulary for word in said}
    return {_bare(word): name for name, words in said.items() for word in (name, *words)}


def standard_word(vocabulary: str, text: str) -> str | None:
    """The standard word for a cell, None where the vocabulary does not have it."""
    return words_of(vocabulary).get(_bare(text))


def header_score(cells: Sequence[object], kind: str, extra: Iterable[str] = ()) -> int:
    """How many cells of a row are headers of a layer; what finds the header row."""
    lookup = _own_lookup(kind)
    wanted = {_bare(word) for word in extra}
    found = set()
    for cell in cells:
        if isinstance(cell, str) and cell.strip():
            if _bare(cell) in wanted:
                found.add(_bare(cell))
            elif (hit := _find(cell, lookup)) is not None:
                found.add(hit[0])
    return len(found)


def match_columns(
    headers: Sequence[str],
    kind: str,
    where: str,
    *,
    columns: Mapping[str, str] | None = None,
    aliases: Mapping[str, Sequence[str]] | None = None,
    cut_names: bool = False,
) -> tuple[tuple[MatchedColumn, ...], tuple[Fault, ...]]:
    """Find the standard columns among a file's headers.

    Parameters
    ----------
    headers : as written, "" for an empty one
    columns : standard name -> header, which comes before every alias
    aliases : more headers for a standard column
    cut_names : the file cuts names to ten bytes (Shapefile), so a beginning is enough

    Returns
    -------
    The matched columns in file order, and a fault for each header that ``columns`` names in vain
    and for each standard column that two headers could be.
    """
    chosen, faults = _chosen(headers, columns or {}, where)
    lookup = _lookup(layer_spec(kind), aliases or {})
    taken = {column.spec.name for column in chosen.values()}
    matched: dict[str, list[MatchedColumn]] = {}
    for position, header in enumerate(headers):
        if position in chosen or not header.strip():
            continue
        hit = _find(header, lookup) or (_find_cut(header, lookup) if cut_names else None)
        if hit is not None and hit[0] not in taken:
            column = _matched(position, header, hit)
            matched.setdefault(hit[0], []).append(column)
    found = list(chosen.values())
    for name, several in matched.items():
        exact = [column for column in several if fold(column.header) == name]
        found.append((exact or several)[0])
        if not exact and len(several) > 1 and name not in ("note", "serial"):
            faults.append(_ambiguous(name, several, where))
    return tuple(sorted(found, key=lambda column: column.position)), tuple(faults)


def missing_columns(
    needed: Iterable[str],
    matched: Iterable[MatchedColumn],
    headers: Sequence[str],
    where: str,
) -> list[Fault]:
    """A fault for each needed column that is not there, with the nearest header of the file."""
    there = {column.spec.name for column in matched}
    used = {column.position for column in matched}
    free = [header for at, header in enumerate(headers) if at not in used and header.strip()]
    faults = []
    for name in needed:
        if name in there:
            continue
        words = [name, *(alias.partition("@")[0].strip() for alias in column_spec(name).aliases)]
        hint = nearest_word(words, free)
        message = N_(
            "no column is {column}; expected a header such as {words}{hint}; name it with "
            "columns: {{{column}: header}} if it has another header"
        )
        values = {"column": name, "words": tuple(words[:4]), "hint": nearest_hint(hint)}
        faults.append(Fault(where, message, values))
    return faults


def nearest_word(words: Sequence[str], choices: Sequence[str]) -> str:
    """The choice most like any of the words, "" where none is."""
    best, choice = 0.49, ""
    for candidate in choices:
        for word in words:
            ratio = difflib.SequenceMatcher(None, fold(word), fold(candidate)).ratio()
            if ratio > best:
                best, choice = ratio, candidate
    return choice


def _bare(text: str) -> str:
    """A header or word without case, blanks and line breaks."""
    return re.sub(r"[\s_]+", "", fold(text))


@lru_cache(maxsize=64)
def _own_lookup(kind: str) -> Mapping[str, tuple[str, str]]:
    """What a layer's headers mean, without the words of a scenario."""
    return _lookup(layer_spec(kind), {})


def _lookup(spec: LayerSpec, more: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, str]]:
    """Bare header -> standard column and the unit that the alias implies; earlier words win."""
    lookup: dict[str, tuple[str, str]] = {}

    def add(name: str, words: Iterable[str]) -> None:
        for word in words:
            alias, _, unit = word.partition("@")
            lookup.setdefault(_bare(alias), (name, unit.strip()))

    names = (*spec.columns, *spec.extra, *COORDINATE_COLUMNS)
    for name, words in more.items():
        add(name, (name, *words))
    for name, words in spec.aliases.items():
        add(name, words)
    for name in names:
        add(name, (name,))
    for name in names:
        add(name, column_spec(name).aliases)
    return lookup


def _find(header: str, lookup: Mapping[str, tuple[str, str]]) -> tuple[str, str, str] | None:
    """Standard column, implied unit and written unit of a header, None where it is none."""
    full = _bare(header)
    without = _bare(_BRACKETS.sub("", fold(header)))
    units = [note for note in _BRACKETS.findall(fold(header)) if is_unit(note)]
    written = units[-1] if units else ""
    for form in (full, without, _YEAR.sub("", without)):
        if form in lookup:
            return (*lookup[form], written)
        if TONNES_COLUMN.match(fold(form)):
            return form, "t/a", written
    if TONNES_COLUMN.match(fold(header)):
        return fold(header), "t/a", ""
    base, _, unit = _split_unit(fold(header))
    if unit and _bare(base) in lookup:
        return (*lookup[_bare(base)], unit)
    return None


def _split_unit(header: str) -> tuple[str, str, str]:
    """``占地面积/亩``, ``占地面积:亩``, ``占地面积，亩`` taken apart."""
    for mark in ("/", ":", ",", "_", "\n", " "):
        base, found, unit = header.partition(mark)
        if found and is_unit(unit):
            return base, mark, unit
    return header, "", ""


def is_unit(text: str) -> bool:
    """Whether a text is a unit that is understood."""
    try:
        parse_unit(text)
    except ValueError:
        return False
    return True


def _find_cut(header: str, lookup: Mapping[str, tuple[str, str]]) -> tuple[str, str, str] | None:
    """A header that a Shapefile cut: the beginning of headers of one standard column only."""
    start = _bare(header)
    if max(len(header.encode()), 2 * len(header)) < _SHAPEFILE_NAME_BYTES - 2:
        return None
    hits = {value for alias, value in lookup.items() if alias.startswith(start)}
    if len({name for name, _ in hits}) != 1:
        return None
    return (*min(hits), "")


def _matched(position: int, header: str, hit: tuple[str, str, str]) -> MatchedColumn:
    """A found column with its unit: the written one, where it names no period the implied one."""
    name, implied, written = hit
    unit = written or implied
    if written and implied:
        parsed = parse_unit(written)
        if parsed.dimension == "mass" and parsed.per_year is None:
            unit = f"{written}/{implied.rpartition('/')[2]}"
    if not unit and fold(header) == name:
        unit = column_spec(name).unit
    notes = tuple(_BRACKETS.findall(fold(header)))
    return MatchedColumn(position, header, column_spec(name), unit, notes)


def _chosen(
    headers: Sequence[str], columns: Mapping[str, str], where: str
) -> tuple[dict[int, MatchedColumn], list[Fault]]:
    """Columns that the scenario names itself."""
    bare = [_bare(header) for header in headers]
    chosen: dict[int, MatchedColumn] = {}
    faults = []
    for name, header in columns.items():
        if header.startswith("="):
            continue
        if _bare(header) not in bare:
            hint = nearest_word([header], headers)
            message = N_(
                "columns names the header {header!r} for {column}, which the file lacks{hint}"
            )
            values = {"header": header, "column": name, "hint": nearest_hint(hint)}
            faults.append(Fault(where, message, values))
            continue
        position = bare.index(_bare(header))
        units = [note for note in _BRACKETS.findall(fold(header)) if is_unit(note)]
        hit = (name, "", units[-1] if units else "")
        chosen[position] = _matched(position, headers[position], hit)
    return chosen, faults


def _ambiguous(name: str, several: Sequence[MatchedColumn], where: str) -> Fault:
    """Two headers for one standard column."""
    message = N_("{headers} could each be {column}; say which with columns: {{{column}: header}}")
    headers = ", ".join(repr(column.header) for column in several)
    return Fault(where, message, {"headers": headers, "column": name})
