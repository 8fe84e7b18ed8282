"""The best tiered plan by trying every programme of openings and every assignment.

Shares no code with the models: openings are tried one by one, service given the openings of a
phase is enumerated or, where tonnes divide, a linear program written out here.
"""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
from scipy.optimize import linprog

from planner.problem import Strength
from planner.tiered import DEMAND, TERMINALS, GoalKind
from planner.tiered.problem import Stream, TieredProblem


def best(problem: TieredProblem, kind: GoalKind = GoalKind.COST) -> float | None:
    """The least goal value over all plans, None where there is none."""
    served = _Service(problem, kind)
    found: dict[float, float] = {}
    for programme in _programmes(problem):
        yielded, fixed = _rules(problem, programme)
        if yielded is None:
            continue
        value = _combined(problem, programme, served, kind, fixed)
        if value is not None and value < found.get(yielded, np.inf):
            found[yielded] = value
    return found[min(found)] if found else None


def _programmes(problem):
    """Every choice of a size (or -1) for each facility and phase that growth allows."""
    each = []
    for stream in problem.streams:
        for tier in stream.tiers:
            part = tier.facilities
            each += [_histories(problem, part, j) for j in range(len(part))]
    yield from product(*each)


def _histories(problem, part, j):
    years = problem.phases.years
    sizes = range(part.size_start[j], part.size_start[j + 1])
    today = part.existing_size[j]
    found = []
    for history in product([-1, *sizes], repeat=len(years)):
        before, shut, good, opened = today, False, True, None
        first_year = min((y for y in years if y >= part.first_year[j]), default=0)
        for year, size in zip(years, history, strict=True):
            lives = part.first_year[j] <= year <= part.end_year[j] and not part.forbidden[j]
            since = first_year if part.required[j] else opened
            cleared = since is not None and year > since + part.lasts_yr[j]
            if not lives or cleared:
                good &= size < 0
                before = today
                continue
            if size >= 0 and opened is None:
                opened = year
            must = part.required[j] or (today >= 0 and not part.closable[j])
            good &= size >= 0 or not must
            if today >= 0:
                good &= size < 0 or size == today or (part.expandable[j] and size > today)
                good &= not (shut and size >= 0)
                shut |= size < 0
                good &= size >= 0 or before in (today, -1)  # what was expanded stays
            elif before >= 0:
                good &= size == before or (part.expandable[j] and size > before)
            if today >= 0 and before > today:
                good &= size >= before
            before = size
        if good:
            found.append(history)
    return found


def _split(problem, programme):
    """programme as [stream][tier] -> array (t, f)."""
    position, split = 0, []
    for stream in problem.streams:
        tiers = []
        for tier in stream.tiers:
            count = len(tier.facilities)
            tiers.append(np.array(programme[position : position + count]).T)
            position += count
        split.append(tiers)
    return split


def _rules(problem, programme):  # noqa: PLR0911, PLR0912 - one rule after the other
    """How much quotas yield (None: a hard rule is broken) and the weighted fixed cost."""
    split = _split(problem, programme)
    weight, places = problem.phases.weight, problem.places
    yielded, cost = 0, 0.0
    for quota in problem.quotas:
        s = problem.stream_ids.index(quota.stream)
        k = problem.streams[s].tier_ids.index(quota.tier)
        for t in range(len(weight)) if quota.phases is None else quota.phases:
            opened = sum(split[s][k][t, j] >= 0 for j in quota.facilities)
            off = max(0, quota.minimum - opened)
            off += max(0, opened - quota.maximum) if quota.maximum is not None else 0
            if quota.strength is Strength.MUST and off:
                return None, 0
            if quota.strength is Strength.ENCOURAGED:
                cost += weight[t] * quota.reward_cny_per_yr * off
            if quota.strength is Strength.ON_DEMAND:
                tonnes = sum(problem.streams[s].demand.tonnes[t, i] for i in quota.demand)
                off = off if tonnes >= quota.threshold_t_per_yr else 0
            if quota.strength in (Strength.IN_PRINCIPLE, Strength.ON_DEMAND):
                yielded += off
    for t in range(len(problem.phases)):
        land, tenants, built = np.zeros(len(places)), {}, 0.0
        for s, stream in enumerate(problem.streams):
            for k, tier in enumerate(stream.tiers):
                part = tier.facilities
                for j, size in enumerate(split[s][k][t]):
                    if size < 0:
                        continue
                    cost += weight[t] * part.fixed_cost_cny_per_yr[size]
                    if part.place[j] >= 0:
                        land[part.place[j]] += part.land_m2[size]
                        tenants.setdefault(part.place[j], []).append((stream.id, tier.id))
                    before = part.existing_size[j]
                    if t and part.first_year[j] <= problem.phases.years[t - 1]:
                        before = split[s][k][t - 1, j]
                    old = part.investment_cny[before] if before >= 0 else 0.0
                    built += part.investment_cny[size] - old if size != before else 0.0
        if built > problem.phases.budget_cny[t] + 1e-6:
            return None, 0
        for p, there in tenants.items():
            cost += weight[t] * places.shared_cost_cny_per_yr[p]
            if land[p] + places.shared_land_m2[p] > places.land_available_m2[p] + 1e-6:
                return None, 0
            if any({a, b} <= {name for name, _ in there} for a, b in problem.incompatible):
                return None, 0
        for rule in problem.apart:
            sides = []
            for name, tier_id in (rule.one, rule.other):
                s = problem.stream_ids.index(name)
                sides.append(split[s][problem.streams[s].tier_ids.index(tier_id)][t])
            for a, b in zip(rule.first, rule.second, strict=True):
                if sides[0][a] >= 0 and sides[1][b] >= 0:
                    return None, 0
        for s, stream in enumerate(problem.streams):
            for k, tier in enumerate(stream.tiers):
                for j, size in enumerate(split[s][k][t]):
                    there = tenants.get(tier.facilities.place[j], [])
                    if size >= 0 and tier.hosted_by is not None and tier.hosted_by not in there:
                        return None, 0
    return yielded, cost


def _combined(problem, programme, served, kind, fixed):
    split = _split(problem, programme)
    total = fixed if kind is GoalKind.COST else 0.0
    for s in range(len(problem.streams)):
        for t in range(len(problem.phases)):
            opened = tuple(tuple(tier[t].tolist()) for tier in split[s])
            value = served.best(s, t, opened)
            if value is None:
                return None
            worst = kind in (GoalKind.WORST_DISTANCE, GoalKind.WORST_DISTRICT)
            total = max(total, value) if worst else total + value
    if kind is GoalKind.SITES:
        used = set()
        for s, stream in enumerate(problem.streams):
            for k, tier in enumerate(stream.tiers):
                for j in np.flatnonzero((split[s][k] >= 0).any(axis=0)):
                    p = tier.facilities.place[j]
                    used.add(p if p >= 0 else (s, k, int(j)))
        return float(len(used))
    return total


class _Service:
    def __init__(self, problem, kind):
        self.problem, self.kind = problem, kind
        self.best = cache(self._best)

    def _best(self, s, t, opened):
        """Least value of serving a stream in a phase, given what is open."""
        stream = self.problem.streams[s]
        size = dict(zip(stream.tier_ids, opened, strict=True))
        reachable = [i for i in range(len(stream.demand)) if stream.reachable[i]]
        arcs = {i: [] for i in reachable}
        for n in stream.legs_from(DEMAND):
            leg = stream.legs[n]
            for a, (i, j) in enumerate(zip(leg.row, leg.to, strict=True)):
                if leg.destination == TERMINALS or size[leg.destination][j] >= 0:
                    arcs[int(i)].append((n, a))
        target = stream.coverage_target[t]
        if not stream.single_source:
            shares = [[(n, a) for n, a in arcs[i]] for i in reachable]
            return self._flow(stream, t, size, reachable, shares, target)
        choices = [arcs[i] + ([None] if target < 1 else []) for i in reachable]
        values = []
        for choice in product(*choices):
            served = sum(
                stream.demand.tonnes[t, i]
                for i, c in zip(reachable, choice, strict=True)
                if c is not None
            )
            total = sum(stream.demand.tonnes[t, i] for i in reachable)
            if served < target * total - 1e-9 or not self._connected(
                stream, t, size, reachable, choice
            ):
                continue
            shares = [[] if c is None else [c] for c in choice]
            value = self._flow(stream, t, size, reachable, shares, 0.0, fixed=True)
            if value is not None:
                values.append(value)
        return min(values, default=None)

    def _connected(self, stream: Stream, t, size, reachable, choice):  # noqa: PLR0911 - by rule
        rule = stream.contiguity
        if rule is None:
            return True
        goes = {}
        for i, c in zip(reachable, choice, strict=True):
            end = None if c is None else (stream.legs[c[0]].destination, stream.legs[c[0]].to[c[1]])
            if goes.setdefault(int(rule.unit[i]), end) != end:
                return False
        for j, opened in enumerate(size[rule.tier]):
            area = {
                int(rule.unit[i])
                for i, c in zip(reachable, choice, strict=True)
                if c is not None
                and stream.legs[c[0]].destination == rule.tier
                and stream.legs[c[0]].to[c[1]] == j
            }
            if opened >= 0 and rule.home[j] >= 0 and rule.home[j] not in area:
                return False
            if opened >= 0 and len(area) < rule.least_units[j]:
                return False
            if rule.most_units is not None and len(area) > rule.most_units:
                return False
            if area:
                seen, queue = set(), [min(area)]
                while queue:
                    u = queue.pop()
                    if u not in seen:
                        seen.add(u)
                        near = rule.neighbour[rule.start[u] : rule.start[u + 1]]
                        queue += [v for v in near if v in area]
                if seen != area:
                    return False
        return True

    def _flow(self, stream: Stream, t, size, reachable, shares, target, *, fixed=False):  # noqa: PLR0912
        """A linear program over tonnes; ``single_destination`` by trying every way."""
        w, demand = self.problem.phases.weight[t], stream.demand.tonnes[t]
        columns = [(n, a) for row in shares for n, a in row]
        first = len(columns)
        for n, leg in enumerate(stream.legs):
            if leg.origin == DEMAND:
                continue
            for a, (i, j) in enumerate(zip(leg.row, leg.to, strict=True)):
                there = leg.destination == TERMINALS or size[leg.destination][j] >= 0
                if there and size[leg.origin][i] >= 0:
                    columns.append((n, a))
        c = np.zeros(len(columns))
        for x, (n, a) in enumerate(columns):
            c[x] = self._worth(stream, t, n, a)
        constant = 0.0
        if self.kind is GoalKind.COST:
            constant = w * stream.unserved_cost_cny_per_t * sum(demand[i] for i in reachable)
        at_most, limit, equal, value, upper = [], [], [], [], np.full(len(columns), np.inf)
        if self.kind is GoalKind.WORST_DISTANCE and not fixed:
            raise NotImplementedError
        x = 0
        for i, row in zip(reachable, shares, strict=True):
            line = np.zeros(len(columns))
            line[x : x + len(row)] = 1
            x += len(row)
            if fixed or target >= 1:
                if not row and not fixed:
                    return None
                equal.append(line)
                value.append(demand[i] if row else 0.0)
            else:
                at_most.append(line)
                limit.append(demand[i])
        if not fixed and target < 1:
            line = np.zeros(len(columns))
            line[:first] = -1
            at_most.append(line)
            limit.append(-target * sum(demand[i] for i in reachable))
        for tier in stream.tiers:
            part = tier.facilities
            for j, option in enumerate(size[tier.id]):
                came = np.array(
                    [
                        stream.legs[n].destination == tier.id and stream.legs[n].to[a] == j
                        for n, a in columns
                    ],
                    float,
                )
                left = np.array(
                    [
                        stream.legs[n].origin == tier.id and stream.legs[n].row[a] == j
                        for n, a in columns
                    ],
                    float,
                )
                if option < 0:
                    continue
                if stream.legs_from(tier.id):
                    equal.append(came * tier.output_share - left)
                    value.append(0.0)
                rate, room = 1.0, np.inf
                if tier.seasons is not None:
                    season = tier.seasons
                    rate = max(season.outflow_share / season.length_share)
                    level = np.cumsum(season.inflow_share - season.outflow_share)
                    room = part.storage_t[option] / (level.max() - level.min())
                at_most.append(came)
                limit.append(min(part.capacity_t_per_yr[option] / rate, room))
                at_most.append(-came)
                limit.append(-part.least_throughput_t_per_yr[option])
        if stream.terminals is not None:
            for z in range(len(stream.terminals)):
                came = np.array(
                    [
                        stream.legs[n].destination == TERMINALS and stream.legs[n].to[a] == z
                        for n, a in columns
                    ],
                    float,
                )
                at_most.append(came)
                limit.append(stream.terminals.capacity_t_per_yr[t, z])
        if not columns:
            good = all(v == 0 for v in value) and all(v >= 0 for v in limit)
            return constant if good else None
        best = None
        for closed in self._ways(stream, columns):
            bounds = [(0, 0) if x in closed else (0, up) for x, up in enumerate(upper)]
            answer = linprog(
                c,
                np.array(at_most),
                np.array(limit) + 1e-9,
                np.array(equal) if equal else None,
                np.array(value) if equal else None,
                bounds,
            )
            if answer.status == 0 and (best is None or answer.fun < best):
                best = answer.fun
        if best is None:
            return None
        if self.kind is GoalKind.WORST_DISTANCE:
            return max((stream.legs[n].impedance[a] for row in shares for n, a in row), default=0.0)
        return best + constant

    def _ways(self, stream, columns):
        """Sets of columns to close so that every facility with one destination has one."""
        choices = []
        for tier in stream.tiers:
            if not tier.single_destination:
                continue
            for j in range(len(tier.facilities)):
                mine = [
                    x
                    for x, (n, a) in enumerate(columns)
                    if stream.legs[n].origin == tier.id and stream.legs[n].row[a] == j
                ]
                if mine:
                    choices.append([set(mine) - {x} for x in mine])
        for chosen in product(*choices):
            yield set().union(*chosen)

    def _worth(self, stream, t, n, a):
        """What a tonne on an arc adds to the goal."""
        leg, w = stream.legs[n], self.problem.phases.weight[t]
        i, j = leg.row[a], leg.to[a]
        if self.kind is GoalKind.COST:
            price = leg.cost_cny_per_t[a]
            if leg.destination == TERMINALS:
                price += stream.terminals.gate_fee_cny_per_t[j]
            else:
                price += stream.tier(leg.destination).facilities.handling_cny_per_t[j]
            if leg.origin == DEMAND:
                price -= stream.unserved_cost_cny_per_t
            return w * price
        if leg.origin != DEMAND:
            return 0.0
        if self.kind is GoalKind.COVERED_TONNES:
            return -w
        if self.kind is GoalKind.COVERED_PEOPLE:
            return -w * stream.demand.people[i] / stream.demand.tonnes[t, i]
        if self.kind is GoalKind.MEAN_DISTANCE:
            total = sum(
                self.problem.phases.weight @ one.demand.tonnes.sum(axis=1)
                for one in self.problem.streams
            )
            return w * leg.impedance[a] / total
        return 0.0
