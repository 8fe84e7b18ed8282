"use strict";
// What is painted: the backdrop under the plan, and the plan itself.
const Drawing = (() => {
  const ROADS = [
    { colour: "#b9925a", width: 2.6 },
    { colour: "#cdb48c", width: 1.8 },
    { colour: "#cfccc4", width: 1.2 },
    { colour: "#dedbd4", width: 0.8 },
  ];
  const EXCLUSIONS = {
    water: { fill: "#cfe3ef", line: "#9dc3da" },
    farmland: { fill: "rgba(214,222,160,0.45)", line: "#b9c274" },
    dwelling: { fill: "#e3dcd4", line: "#c9bfb4" },
    red_line: { fill: "rgba(120,160,110,0.28)", line: "#5d8a52" },
    hv_line: { fill: "rgba(120,120,160,0.2)", line: "#7d78a8", dash: [8, 3, 2, 3] },
  };
  const OTHER = { fill: "rgba(150,150,150,0.22)", line: "#8a8a8a", dash: [3, 3] };
  const FONT = '"Noto Sans CJK SC","Source Han Sans SC","Microsoft YaHei","PingFang SC",SimHei,sans-serif';
  const styleOf = (kind) => EXCLUSIONS[kind] || OTHER;

  const apart = (box, view) =>
    box[0] > view[2] || box[2] < view[0] || box[1] > view[3] || box[3] < view[1];

  function trace(pen, lines) {
    const { context } = pen;
    for (const { world, box } of lines) {
      if (apart(box, pen.box)) continue;
      context.moveTo(pen.x(world[0]), pen.y(world[1]));
      for (let k = 2; k < world.length; k += 2) context.lineTo(pen.x(world[k]), pen.y(world[k + 1]));
    }
  }

  function stroke(pen, lines, colour, width, dash = []) {
    pen.context.beginPath();
    trace(pen, lines);
    pen.context.setLineDash(dash);
    pen.context.strokeStyle = colour;
    pen.context.lineWidth = width;
    pen.context.stroke();
    pen.context.setLineDash([]);
  }

  function exclusions(pen, data, view) {
    for (const [kind, shapes] of Object.entries(data.exclusions)) {
      if (!view.exclusions[kind]) continue;
      const style = styleOf(kind);
      pen.context.beginPath();
      shapes.polygons.forEach((shape) => trace(pen, shape));
      pen.context.fillStyle = style.fill;
      pen.context.fill("evenodd");
      pen.context.strokeStyle = style.line;
      pen.context.lineWidth = 0.8;
      pen.context.stroke();
      shapes.lines.forEach((shape) => stroke(pen, shape, style.line, 1.4, style.dash));
    }
  }

  function backdrop(pen, data, view) {
    const { context } = pen;
    context.lineJoin = "round";
    context.lineCap = "round";
    exclusions(pen, data, view);
    if (view.roads) {
      const grow = Math.max(0.6, Math.min(2, 1 + (pen.zoom - 11) * 0.18));
      for (let rank = data.roads.lines.length - 1; rank >= 0; rank -= 1) {
        stroke(pen, data.roads.lines[rank], ROADS[rank].colour, ROADS[rank].width * grow);
      }
    }
    if (view.districts) {
      context.lineCap = "butt";
      data.districts.forEach((district) => {
        stroke(pen, district.lines, "rgba(140,120,160,0.18)", 4);
        stroke(pen, district.lines, "#7c7486", 1.1, [9, 3, 2, 3]);
      });
    }
  }

  function areas(pen, stream, layers) {
    stream.areas.facility.forEach((facility, k) => {
      if (!layers[`area:${stream.facilities.tier[facility]}`]) return;
      pen.context.beginPath();
      trace(pen, stream.areas.lines[k]);
      const tint = [0.72, 0.88, 0.78, 0.94, 0.83][stream.areas.tint[k]];
      pen.context.fillStyle = Symbols.mixed(stream.colour, "#ffffff", tint);
      pen.context.globalAlpha = 0.5;
      pen.context.fill("evenodd");
      pen.context.globalAlpha = 0.75;
      pen.context.strokeStyle = stream.colour;
      pen.context.lineWidth = 0.9;
      pen.context.stroke();
      pen.context.globalAlpha = 1;
    });
  }

  function circles(pen, stream, layers) {
    const table = stream.facilities;
    table.x.forEach((_x, k) => {
      const tier = stream.tiers[table.tier[k]];
      if (!layers[`circle:${table.tier[k]}`] || !tier.radius_m || table.status[k] > 2) return;
      pen.context.beginPath();
      pen.context.arc(pen.x(table.wx[k]), pen.y(table.wy[k]), tier.radius_m * pen.metre, 0, 2 * Math.PI);
      pen.context.setLineDash([5, 4]);
      pen.context.lineWidth = 1;
      pen.context.strokeStyle = stream.colour;
      pen.context.globalAlpha = 0.75;
      pen.context.stroke();
      pen.context.globalAlpha = 1;
      pen.context.setLineDash([]);
    });
  }

  function link(pen, data, stream, tier, k) {
    const start = PlanModel.startOf(data, stream, tier, k), end = PlanModel.endOf(stream, tier, k);
    pen.context.moveTo(pen.x(start[0]), pen.y(start[1]));
    pen.context.lineTo(pen.x(end[0]), pen.y(end[1]));
  }

  function allLinks(pen, data, stream, layers) {
    stream.links.forEach((links, tier) => {
      if (!layers[`links:${tier}`]) return;
      pen.context.beginPath();
      links.from.forEach((_from, k) => link(pen, data, stream, tier, k));
      pen.context.lineWidth = stream.tiers[tier].serves < 0 ? 0.7 : 1.5;
      pen.context.strokeStyle = stream.colour;
      pen.context.globalAlpha = 0.55;
      pen.context.stroke();
      pen.context.globalAlpha = 1;
    });
  }

  const villageRadius = (pen, count) => {
    const crowd = count > 3000 ? -1.2 : count > 800 ? -0.5 : 0.4;
    return Math.max(1.3, Math.min(6, 2.6 + crowd + (pen.zoom - 11) * 0.6));
  };

  // Covered ones first, so that an uncovered village is never hidden under a covered one.
  function villages(pen, data, stream, layers) {
    const radius = villageRadius(pen, stream.demand.point.length);
    const [west, north, east, south] = pen.box;
    for (let status = 0; status < 3; status += 1) {
      if (!layers[`village:${status}`]) continue;
      stream.demand.point.forEach((point, row) => {
        if (stream.demand.status[row] !== status) return;
        const wx = data.points.wx[point], wy = data.points.wy[point];
        if (wx < west || wx > east || wy < north || wy > south) return;
        Symbols.village(pen.context, status, stream.colour, pen.x(wx), pen.y(wy), radius);
      });
    }
  }

  const facilityRadius = (pen, stream, tier) => {
    const crowd = stream.facilities.x.length > 300 ? -1.6 : stream.facilities.x.length > 100 ? -0.7 : 0;
    return Math.max(3.2, Math.min(11, 6 + crowd + tier * 1.6 + (pen.zoom - 11) * 0.7));
  };

  const isShown = (stream, layers, k) =>
    Boolean(layers[`facility:${stream.facilities.tier[k]}:${stream.facilities.status[k]}`]);

  function facilities(pen, stream, layers) {
    const table = stream.facilities;
    const order = table.x.map((_x, k) => k)
      .sort((a, b) => table.tier[a] - table.tier[b] || table.status[b] - table.status[a]);
    order.forEach((k) => {
      if (!isShown(stream, layers, k)) return;
      const radius = facilityRadius(pen, stream, table.tier[k]);
      Symbols.facility(pen.context, table.tier[k], table.status[k], stream.colour,
        pen.x(table.wx[k]), pen.y(table.wy[k]), table.status[k] > 2 ? radius * 0.8 : radius);
    });
  }

  function candidates(pen, data, view) {
    data.candidates.x.forEach((_x, k) => {
      if (!view.candidates[data.candidates.kept[k]]) return;
      Symbols.candidate(pen.context, data.candidates.kept[k],
        pen.x(data.candidates.wx[k]), pen.y(data.candidates.wy[k]));
    });
  }

  // Text that keeps clear of earlier text.
  function labels(pen) {
    const taken = [];
    return (text, wx, wy, { size, colour, dy = 0, weight = "400", spaced = false, must = false }) => {
      const { context } = pen;
      const shown = text.length > 16 ? `${text.slice(0, 15)}…` : text;
      context.font = `${weight} ${size}px ${FONT}`;
      if ("letterSpacing" in context) context.letterSpacing = spaced ? "3px" : "0px";
      const width = context.measureText(shown).width;
      const x = pen.x(wx) - width / 2, y = pen.y(wy) + dy;
      const box = [x - 2, y - size, x + width + 2, y + 3];
      if (box[2] < 0 || box[0] > pen.width || box[3] < 0 || box[1] > pen.height) return;
      if (!must && taken.some((other) => !apart(other, box))) return;
      taken.push(box);
      context.lineJoin = "round";
      context.lineWidth = 3;
      context.strokeStyle = "rgba(255,255,255,0.9)";
      context.strokeText(shown, x, y);
      context.fillStyle = colour;
      context.fillText(shown, x, y);
      if ("letterSpacing" in context) context.letterSpacing = "0px";
    };
  }

  function names(pen, data, view) {
    const write = labels(pen);
    if (view.districts) {
      data.districts.forEach((district) => write(district.name, district.at[0], district.at[1],
        { size: pen.zoom > 12 ? 16 : 13, colour: "#6a5f78", spaced: true, weight: "600" }));
    }
    const shown = data.streams.filter((stream, s) => view.streams[s].on);
    if (view.facilityNames) {
      shown.forEach((stream) => {
        const layers = view.streams[data.streams.indexOf(stream)].layers;
        for (let tier = stream.tiers.length - 1; tier >= 0; tier -= 1) {
          if (tier === 0 && pen.zoom < 12.5) continue;
          stream.facilities.x.forEach((_x, k) => {
            if (stream.facilities.tier[k] !== tier || !isShown(stream, layers, k)) return;
            write(stream.facilities.name[k], stream.facilities.wx[k], stream.facilities.wy[k],
              { size: 12, colour: "#1d1d1d", dy: -facilityRadius(pen, stream, tier) - 5, weight: "600" });
          });
        }
      });
    }
    shown.forEach((stream) => {
      const layers = view.streams[data.streams.indexOf(stream)].layers;
      stream.demand.point.forEach((point, row) => {
        const status = stream.demand.status[row];
        if (!layers[`village:${status}`]) return;
        // Whoever is not covered is named as soon as there is room.
        if (!view.villageNames || pen.zoom < (status === 2 ? 11 : 13)) return;
        write(data.points.name[point], data.points.wx[point], data.points.wy[point],
          { size: 11, colour: status === 2 ? "#a34700" : "#444444", dy: 15 });
      });
    });
  }

  function selection(pen, data, view) {
    const { context } = pen;
    if (!view.selected) return;
    context.lineCap = "round";
    view.selected.links.forEach(({ s, tier, k }) => {
      const stream = data.streams[s];
      [["#ffffff", 5], [stream.colour, 2.2]].forEach(([colour, width]) => {
        context.beginPath();
        link(pen, data, stream, tier, k);
        context.strokeStyle = colour;
        context.lineWidth = width;
        context.stroke();
      });
    });
    const x = pen.x(view.selected.at[0]), y = pen.y(view.selected.at[1]);
    [["#ffffff", 5], [Symbols.INK, 2]].forEach(([colour, width]) => {
      context.beginPath();
      context.arc(x, y, 12, 0, 2 * Math.PI);
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.stroke();
    });
  }

  function plan(pen, data, view) {
    const on = data.streams.map((stream, s) => [stream, view.streams[s]]).filter(([, v]) => v.on);
    on.forEach(([stream, v]) => areas(pen, stream, v.layers));
    on.forEach(([stream, v]) => circles(pen, stream, v.layers));
    on.forEach(([stream, v]) => allLinks(pen, data, stream, v.layers));
    on.forEach(([stream, v]) => villages(pen, data, stream, v.layers));
    candidates(pen, data, view);
    selection(pen, data, view);
    on.forEach(([stream, v]) => facilities(pen, stream, v.layers));
    names(pen, data, view);
  }

  return { backdrop, plan, styleOf, isShown, ROADS };
})();
