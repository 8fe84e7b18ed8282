"""Names in a scenario's document that lead nowhere: streams, tiers, figures; all at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from geodata.faults import N_, Fault
from geodata.units import parse_unit
from scenarios.audit.amounts import amounts_of
from scenarios.audit.balance_rules import unknown_names
from scenarios.cells import read_cell
from scenarios.document import Document, Ledger, NamedSite
from scenarios.load_knowledge import stream_ids
from scenarios.schema import StreamProfile
from scenarios.validation import unknown_key


def document_faults(document: Document, profiles: Mapping[str, StreamProfile]) -> list[Fault]:
    """What no single field can see.

    Parameters
    ----------
    profiles : of the scenario's streams; a document may speak of others that the package has
    """
    return [
        *_streams(document, profiles),
        *_relations(document),
        *(fault for ledger in document.ledgers for fault in _ledger(ledger)),
        *(fault for site in document.facilities for fault in _amounts(site)),
        *_numbers(document),
    ]


def _streams(document: Document, profiles: Mapping[str, StreamProfile]) -> Iterator[Fault]:
    known = {*profiles, *stream_ids()}
    used = [
        (f"row {row.number or row.name}", measure.stream, measure.tier)
            for row in document.indicators for measure in row.decided_by]  # fmt: skip
    used += [(one.id, one.stream, "") for one in document.figures if one.stream]
    used += [(one.id, one.stream, one.tier) for one in document.facilities if one.stream]
    for where, stream, tier in used:
        place = f"document: {where}"
        if stream not in known:
            yield unknown_key(place, f"stream {stream}", stream, sorted(known))
        elif tier and stream in profiles:
            tiers = [one.id for one in profiles[stream].tiers]
            if tier not in tiers:
                yield unknown_key(place, f"tier {tier}", tier, tiers)


def _relations(document: Document) -> Iterator[Fault]:
    known = sorted({*amounts_of(document), *(one.id for one in document.figures)})
    for relation, name in unknown_names(document):
        yield unknown_key(f"document: {relation}", name, name, known)


def _ledger(ledger: Ledger) -> Iterator[Fault]:
    try:
        parse_unit(ledger.unit)
    except ValueError:
        message = N_("unit {unit} is not known; write t, kg, m³ ...")
        yield Fault(f"document: {ledger.name}", message, {"unit": ledger.unit})
    for row, cells in {**ledger.rows, "合计": ledger.total}.items():
        if cells and len(cells) != len(ledger.columns):
            message = N_("row {row} has {cells} cells for {columns} columns")
            values = {"row": row, "cells": len(cells), "columns": len(ledger.columns)}
            yield Fault(f"document: {ledger.name}", message, values)


def _amounts(site: NamedSite) -> Iterator[Fault]:
    for name in ("capacity", "throughput", "area"):
        text = getattr(site, name)
        if text is None:
            continue
        quantity = read_cell(text).quantity
        try:
            known = quantity is not None and bool(parse_unit(quantity.unit).dimension)
        except ValueError:
            known = False
        if not known:
            message = N_("{name} is '{text}'; write a number with its unit, or leave it out")
            yield Fault(f"document: {site.id}", message, {"name": name, "text": text})


def _numbers(document: Document) -> Iterator[Fault]:
    """Rows with one number twice, ids given twice."""
    numbers: list[int | str] = [row.number for row in document.indicators if row.number is not None]
    ids: list[int | str] = [
        *(one.id for one in document.figures),
        *(one.id for one in document.facilities),
        *(one.id for one in document.tasks),
    ]
    for kind, values in (("row", numbers), ("id", ids)):
        for value in sorted({one for one in values if values.count(one) > 1}, key=str):
            message = N_("{kind} {value} is given twice")
            yield Fault("document", message, {"kind": kind, "value": value})
