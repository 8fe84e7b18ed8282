"""The tiers above the first, with every point's tonnes still coming from where they arise.

Villages send straight to what stands above the first tier (stations, say), over whichever first
facility is best for the way; tonnes divide. What a way costs depends on the question:

- ``priced``: onward haul less the price ``mu_jt`` that the first tier was charged for a tonne
  handed on at facility ``j``. Added to :mod:`planner.solving.tiered.first_tier` at the same prices
  this is a lower bound of the whole problem (Lagrangean decomposition over the tonnes handed on,
  both halves keeping "every point is served").
- ``hauled``: first and onward haul; the best openings for it are a good guess for a plan.

All rows of the whole model that speak of upper tiers alone are kept as they are, so that every rule
that the model knows is known here too; rows that also speak of the first tier are left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix, hstack, vstack

from planner.models.tiered import TieredModel
from planner.problem import BoolArray, FloatArray, IntArray
from planner.solving.highs import LinearProgram
from planner.solving.tiered.first_tier import FirstTier
from planner.tiered.problem import TieredProblem


@dataclass(frozen=True, eq=False)
class Upper:
    """The program without costs of the ways, and what is needed to price them.

    Parameters
    ----------
    program : columns ``kept`` of the whole model, then one a (phase, point, destination)
    kept : (c,) columns of the whole model
    phase, point, destination : (e,) of the ways
    hop : (d, f) onward cost of a tonne taken in at a first facility, for each destination
    ways : sparse, the ways' coefficients in the rows of the whole model
    """

    program: LinearProgram
    kept: IntArray
    phase: IntArray
    point: IntArray
    destination: IntArray
    hop: FloatArray
    ways: Any
    first: FirstTier
    weight: FloatArray
    tonnes: FloatArray

    @classmethod
    def of(
        cls, problem: TieredProblem, model: TieredModel, program: LinearProgram, first: FirstTier
    ) -> Upper:
        """From the whole model of one stream."""
        stream, phases = problem.streams[0], len(problem.phases)
        matrix = csr_matrix(
            (program.row_value, program.row_index, program.row_start),
            shape=(len(program.row_lower), len(program.cost)),
        )
        outward, hop, sample = _destinations(problem, model, first)
        lower_columns = _lower_columns(model, len(program.cost))
        dropped = lower_columns.copy()
        dropped[outward] = True
        touching = np.zeros(len(program.row_lower), np.bool_)
        touching[np.unique(matrix[:, lower_columns].nonzero()[0])] = True
        keep_rows, kept = ~touching, np.flatnonzero(~dropped)
        scale = float(stream.demand.tonnes.sum(axis=1).max(initial=0.0)) or 1.0
        phase, point, destination, column = _ways(first, hop, sample, phases)
        tonnes = first.tonnes[phase, point] * stream.tiers[0].output_share
        by_column: Any = csr_matrix(matrix[np.flatnonzero(keep_rows)]).tocsc()
        ways = by_column[:, column].multiply(tonnes[None, :] / scale).tocsc()
        served = coo_matrix(
            (
                np.ones(len(phase)),
                (phase * first.tonnes.shape[1] + point, len(kept) + np.arange(len(phase))),
            ),
            shape=(phases * first.tonnes.shape[1], len(kept) + len(phase)),
        )
        rows: Any = vstack([hstack([by_column[:, kept], ways]), served]).tocsr()
        wanted = np.ones(served.shape[0]) * np.tile(stream.reachable, phases)
        whole = LinearProgram(
            cost=np.concatenate([program.cost[kept], np.zeros(len(phase))]),
            lower=np.concatenate([program.lower[kept], np.zeros(len(phase))]),
            upper=np.concatenate([program.upper[kept], np.ones(len(phase))]),
            integer=np.concatenate([program.integer[kept], np.zeros(len(phase), np.bool_)]),
            row_start=rows.indptr.astype(np.int64),
            row_index=rows.indices.astype(np.int64),
            row_value=rows.data,
            row_lower=np.concatenate([program.row_lower[keep_rows], wanted]),
            row_upper=np.concatenate([program.row_upper[keep_rows], wanted]),
        )
        return cls(
            whole,
            kept,
            phase,
            point,
            destination,
            hop,
            ways,
            first,
            problem.phases.weight,
            first.tonnes[phase, point],
        )

    def hauled(self) -> LinearProgram:
        """With first and onward haul as the cost of a way."""
        return self._with(self._best(np.zeros_like(self._no_price()), lower_haul=True))

    def priced(self, onward: FloatArray) -> LinearProgram:
        """With onward haul less what the first tier pays: ``onward`` (t, f) a tonne."""
        return self._with(self._best(onward, lower_haul=False))

    def _no_price(self) -> FloatArray:
        return np.zeros((len(self.weight), self.first.count))

    def _with(self, ways: FloatArray) -> LinearProgram:
        cost = self.program.cost.copy()
        cost[len(self.kept) :] = ways
        return replace(self.program, cost=cost)

    def _best(self, onward: FloatArray, *, lower_haul: bool) -> FloatArray:
        """(e,) least cost of each way for the whole point, over the first facilities."""
        first = self.first
        facility = np.repeat(np.arange(first.count), np.diff(first.start))
        order = np.argsort(first.point, kind="stable")
        point, facility = first.point[order], facility[order]
        edge = np.searchsorted(point, np.arange(first.tonnes.shape[1] + 1))
        served = np.flatnonzero(np.diff(edge))
        best = np.full((len(self.weight), first.tonnes.shape[1], len(self.hop)), np.inf)
        for t in range(len(self.weight)):
            tonnes = first.tonnes[t, point]
            ahead = self.weight[t] * self.hop[:, facility] - onward[t, facility]
            cost = tonnes * ahead
            if lower_haul:
                cost = cost + first.cost[t, order]
            best[t, served] = np.minimum.reduceat(cost, edge[served], axis=1).T
        return best[self.phase, self.point, self.destination]

    def supply(self, onward: FloatArray, values: FloatArray) -> FloatArray:
        """(t, f) tonnes that the ways of a priced program's solution take from each facility."""
        first = self.first
        facility = np.repeat(np.arange(first.count), np.diff(first.start))
        share = values[len(self.kept) :]
        taken = np.zeros_like(onward)
        used = np.flatnonzero(share > 1e-9)
        order = np.argsort(first.point, kind="stable")
        edge = np.searchsorted(first.point[order], np.arange(first.tonnes.shape[1] + 1))
        for e in used.tolist():
            t, i, d = self.phase[e], self.point[e], self.destination[e]
            there = facility[order[edge[i] : edge[i + 1]]]
            ahead = self.weight[t] * self.hop[d, there] - onward[t, there]
            taken[t, there[np.argmin(ahead)]] += share[e] * self.tonnes[e]
        return taken

    def prices(self, dual: FloatArray) -> FloatArray:
        """(t, f) what a tonne taken in at a first facility costs above, at a program's duals.

        Onward haul to the cheapest destination plus the price of a tonne there.
        """
        usual = self.weight[:, None, None] * self.hop[None, :, :]
        at = np.full((len(self.weight), len(self.hop)), np.inf)
        charged = -(self.ways.T @ dual[: self.ways.shape[0]])
        carried = self.tonnes > 0
        per_tonne = np.zeros(len(charged))
        per_tonne[carried] = charged[carried] / self.tonnes[carried]
        at[self.phase[carried], self.destination[carried]] = per_tonne[carried]
        price = (usual + at[:, :, None]).min(axis=1)
        return np.where(np.isfinite(price), price, 0.0)


def _lower_columns(model: TieredModel, count: int) -> BoolArray:
    """(c,) columns of the first tier: its openings and what points give it."""
    lower = np.zeros(count, np.bool_)
    lower[model.open[0, 0].ravel()] = True
    given = model.carried[0, 0]
    lower[given[given >= 0]] = True
    return lower


def _destinations(
    problem: TieredProblem, model: TieredModel, first: FirstTier
) -> tuple[IntArray, FloatArray, IntArray]:
    """Columns that leave the first tier, onward cost by destination, and a column for each."""
    stream = problem.streams[0]
    tier = stream.tiers[0]
    outward, hops, samples = [], [], []
    for n in stream.legs_from(tier.id):
        leg, columns = stream.legs[n], model.carried[0, n]
        outward.append(columns[columns >= 0])
        size = stream.level_size(leg.destination)
        hop = np.full((size, first.count), np.inf)
        price = leg.cost_cny_per_t.copy()
        if leg.destination in stream.tier_ids:
            price += stream.tier(leg.destination).facilities.handling_cny_per_t[leg.to]
        elif stream.terminals is not None:
            price += stream.terminals.gate_fee_cny_per_t[leg.to]
        hop[leg.to, leg.row] = price * tier.output_share
        sample = np.full((len(columns), size), -1)
        for t in range(len(columns)):
            there = columns[t] >= 0
            sample[t, leg.to[there]] = columns[t, there]
        hops.append(hop)
        samples.append(sample)
    return np.concatenate(outward), np.vstack(hops), np.hstack(samples)


def _ways(
    first: FirstTier, hop: FloatArray, sample: IntArray, phases: int
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Every (phase, point, destination) with a way over some first facility."""
    facility = np.repeat(np.arange(first.count), np.diff(first.start))
    reach = np.zeros((first.tonnes.shape[1], len(hop)), np.bool_)
    np.logical_or.at(reach, first.point, np.isfinite(hop[:, facility]).T)
    found = []
    for t in range(phases):
        point, destination = np.nonzero(reach & (sample[t] >= 0)[None, :])
        found.append((np.full(len(point), t), point, destination, sample[t, destination]))
    phase, point, destination, column = (
        np.concatenate(parts) for parts in zip(*found, strict=True)
    )
    return phase, point, destination, column
