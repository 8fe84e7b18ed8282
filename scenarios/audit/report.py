"""All findings on a scenario's document, and on its layers where there are any."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import geopandas as gpd

from geodata.faults import N_, Phrase
from scenarios.audit.amounts import Amount, amounts_of
from scenarios.audit.balance_rules import balance_findings
from scenarios.audit.figure_rules import ARISING, figure_findings
from scenarios.audit.finding import Finding, rules, threshold
from scenarios.audit.target_rules import target_findings
from scenarios.audit.task_rules import task_findings
from scenarios.document import Document
from scenarios.wording import number


def document_findings(document: Document, on: date | None = None) -> tuple[Finding, ...]:
    """What does not fit together in a document, in the order of the rules.

    Parameters
    ----------
    on : the day that deadlines are looked at from; the document's own date where not given, else
        the end of its base year, so that the same document gives the same findings
    """
    day = on or document.issued or date(document.years.base, 12, 31)
    found = [
        *figure_findings(document),
        *target_findings(document),
        *balance_findings(document),
        *task_findings(document, day),
    ]
    order = list(rules())
    return tuple(sorted(found, key=lambda one: order.index(one.rule)))


def layer_findings(
    document: Document,
    tonnes_by_stream: Mapping[str, float],
    facilities: gpd.GeoDataFrame | None,
) -> tuple[Finding, ...]:
    """The user's layers against the document: tonnes of each stream, and the named sites.

    Parameters
    ----------
    tonnes_by_stream : what the layers' points come to, t/yr
    facilities : the facilities layer; None where the scenario has none
    """
    streams = {figure.id: figure.stream for figure in document.figures if figure.stream}
    amounts = amounts_of(document)
    found: list[Finding] = []
    for figure, stream in streams.items():
        amount, tonnes = amounts.get(figure), tonnes_by_stream.get(stream)
        if amount is not None and tonnes and amount.counts in (*ARISING, "collected"):
            found += _tonnes_differ(amount, tonnes, stream)
    if facilities is not None:
        found += _not_in_layer(document, facilities)
    return tuple(found)


def _tonnes_differ(amount: Amount, tonnes: float, stream: str) -> list[Finding]:
    low, high = amount.low, amount.high
    nearest = min(max(tonnes, low), high)
    if not nearest:
        return []
    share = max(tonnes, nearest) / min(tonnes, nearest) - 1
    if share <= threshold("layers_differ"):
        return []
    message = N_(
        "the layers come to {tonnes} t/yr of {stream}; {name} is {written}, which is {stated} t/yr"
    )
    stated = number(low) if low == high else f"{number(low)}-{number(high)}"
    values = {"tonnes": number(tonnes), "stream": stream, "name": amount.name,
              "written": amount.written, "stated": stated}  # fmt: skip
    figures = {"layers_t_per_yr": tonnes, "document_t_per_yr": [low, high], "share": share}
    return [
        Finding("layers_differ", amount.name, Phrase(message, values), (amount.clause,), figures)
    ]


def _not_in_layer(document: Document, facilities: gpd.GeoDataFrame) -> list[Finding]:
    names = {str(name).replace(" ", "") for name in facilities["name"].dropna()}
    found = []
    for site in document.facilities:
        name = site.name.replace(" ", "")
        if any(name in other or other in name for other in names):
            continue
        message = N_("{name} ({place}) is named in the document and not in the facilities layer")
        values = {"name": site.name, "place": site.place or site.unit or "-"}
        found.append(Finding("site_not_in_layer", site.name, Phrase(message, values),
                             (site.clause,)))  # fmt: skip
    return found
