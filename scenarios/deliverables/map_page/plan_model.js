"use strict";
// The page's data, decoded once: world coordinates (Web Mercator, 0..1) and who serves whom.
const PlanModel = (() => {
  const mercator = (latitude) => {
    const sine = Math.sin((latitude * Math.PI) / 180);
    return 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
  };

  function placed(table, scale) {
    const count = table.x.length;
    table.wx = new Float64Array(count);
    table.wy = new Float64Array(count);
    for (let k = 0; k < count; k += 1) {
      table.wx[k] = table.x[k] / scale / 360 + 0.5;
      table.wy[k] = mercator(table.y[k] / scale);
    }
    return table;
  }

  // [x0, y0, dx, dy, ...] to world coordinates and a bounding box.
  function line(steps, scale) {
    const world = new Float64Array(steps.length);
    let x = 0, y = 0;
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (let k = 0; k < steps.length; k += 2) {
      x += steps[k];
      y += steps[k + 1];
      const wx = x / scale / 360 + 0.5, wy = mercator(y / scale);
      world[k] = wx;
      world[k + 1] = wy;
      if (wx < box[0]) box[0] = wx;
      if (wy < box[1]) box[1] = wy;
      if (wx > box[2]) box[2] = wx;
      if (wy > box[3]) box[3] = wy;
    }
    return { world, box };
  }

  const lines = (many, scale) => many.map((steps) => line(steps, scale));

  // The tier that a link starts from, -1 for the demand: a tier may be reached from several.
  const levelOf = (tiers, links, tier, k) => (links.level ? links.level[k] : tiers[tier].serves);

  function linked(state, tiers) {
    // demandLinks[row], feeds[facility]: positions in links[tier]; upward[facility]: its own links.
    state.demandLinks = state.demand.point.map(() => []);
    state.feeds = state.facilities.x.map(() => []);
    state.upward = state.facilities.x.map(() => []);
    state.links.forEach((links, tier) => links.from.forEach((from, k) => {
      const start = levelOf(tiers, links, tier, k) < 0 ? state.demandLinks : state.upward;
      start[from].push({ tier, k });
      state.feeds[links.to[k]].push({ tier, k });
    }));
  }

  // What stands and who goes where, in the one year there is or in one of a building programme.
  function stateOf(part, tiers, scale) {
    const { facilities, demand, links, areas } = part;
    const state = { facilities: placed(facilities, scale), demand, links, areas, counts: [0, 0, 0] };
    areas.lines = areas.rings.map((shape) => lines(shape, scale));
    linked(state, tiers);
    demand.status.forEach((status) => { state.counts[status] += 1; });
    return state;
  }

  // Every stream as it is in a phase; what has no such phase stays as it is.
  function atPhase(data, phase) {
    data.phase = phase;
    data.streams.forEach((stream) => Object.assign(stream, stream.states[phase] || stream.states.at(-1)));
  }

  function decode(data) {
    const scale = data.scale;
    placed(data.points, scale);
    placed(data.candidates, scale);
    data.roads.lines = data.roads.ranks.map((rank) => lines(rank, scale));
    data.roads.ranks = null;
    data.districts.forEach((district) => {
      district.lines = lines(district.rings, scale);
      const at = placed({ x: [district.label[0]], y: [district.label[1]] }, scale);
      district.at = [at.wx[0], at.wy[0]];
    });
    Object.values(data.exclusions).forEach((kind) => {
      kind.polygons = kind.polygons.map((shape) => lines(shape, scale));
      kind.lines = kind.lines.map((shape) => lines(shape, scale));
    });
    data.rowsOfPoint = data.points.x.map(() => []);
    data.streams.forEach((stream, s) => {
      const now = stateOf(stream, stream.tiers, scale);
      stream.states = stream.phases.map((part) => (part.facilities ? stateOf(part, stream.tiers, scale) : now));
      if (!stream.states.length) stream.states.push(now);
      stream.demand.point.forEach((point, row) => data.rowsOfPoint[point].push({ s, row }));
    });
    const longest = data.streams.map(({ phases }) => phases).sort((a, b) => b.length - a.length)[0] || [];
    data.years = longest.map(({ year }) => year);
    atPhase(data, Math.max(data.years.length - 1, 0));
    return data;
  }

  // Where the start of a link is, in world coordinates.
  function startOf(data, stream, tier, k) {
    const from = stream.links[tier].from[k];
    if (levelOf(stream.tiers, stream.links[tier], tier, k) < 0) {
      const point = stream.demand.point[from];
      return [data.points.wx[point], data.points.wy[point]];
    }
    return [stream.facilities.wx[from], stream.facilities.wy[from]];
  }

  function endOf(stream, tier, k) {
    const to = stream.links[tier].to[k];
    return [stream.facilities.wx[to], stream.facilities.wy[to]];
  }

  return { decode, startOf, endOf, atPhase };
})();
