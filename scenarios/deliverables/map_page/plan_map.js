"use strict";
// The page: the map that folium made, the two canvases, the panel, and what a click does.
function startPlanMap(map) {
  const data = PlanModel.decode(JSON.parse(document.getElementById("plan-data").textContent));
  const words = data.words;
  const view = Panel.initialView(data);
  const { element } = Popups;
  map.attributionControl.setPrefix(false);

  const backdrop = new CanvasLayer({ draw: (pen) => Drawing.backdrop(pen, data, view) }).addTo(map);
  const plan = new CanvasLayer({ draw: (pen) => Drawing.plan(pen, data, view) }).addTo(map);
  const tiles = data.tiles && L.layerGroup(data.tiles.urls.map((url) => L.tileLayer(url,
    { subdomains: data.tiles.subdomains, maxZoom: 18, attribution: words.tiles_attribution })));

  // ---- frame ------------------------------------------------------------
  const legendBox = document.getElementById("legend");
  const panel = document.getElementById("panel");
  let layers = Panel.layers(data, view, redraw);
  panel.append(Panel.search(data, choose), element("h2", "", words.layers), layers.box,
    element("p", "hint", words.links_hint));

  // A building programme: the whole sheet as it is in a year.
  function showPhase(phase) {
    PlanModel.atPhase(data, phase);
    const fresh = Panel.layers(data, view, redraw);
    layers.box.replaceWith(fresh.box);
    layers = fresh;
    map.closePopup();
    redraw();
  }

  // On paper, where nobody can scroll or move the map, it may be as wide as it must, and stands
  // beside what is mapped; on the screen the map keeps the most.
  const onPaper = () => document.body.classList.contains("printing");
  const fitLegend = () => Panel.fitLegend(legendBox, map.getSize().x / (onPaper() ? 1 : 3));

  function redraw() {
    layers.refresh();
    Panel.legend(data, view, legendBox);
    fitLegend();
    if (tiles) {
      if (view.tiles && !map.hasLayer(tiles)) tiles.addTo(map);
      if (!view.tiles && map.hasLayer(tiles)) tiles.remove();
    }
    if (view.selected) view.selected.links = linksOf(view.selected);
    backdrop.redraw();
    plan.redraw();
  }

  const control = (position, content) => {
    const made = L.control({ position });
    made.onAdd = () => { L.DomEvent.disableClickPropagation(content); return content; };
    made.addTo(map);
  };
  const zoom = L.control.zoom({ position: "topleft", zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out });
  zoom.addTo(map);
  const whole = element("button", "tool", words.whole_county);
  whole.type = "button";
  whole.addEventListener("click", fit);
  const print = element("button", "tool", words.print);
  print.type = "button";
  print.addEventListener("click", () => window.print());
  const tools = element("div", "tools");
  tools.append(whole, print);
  control("topleft", tools);
  control("topright", north(words.north));
  if (data.years.length > 1) control("bottomright", Panel.years(data, showPhase));
  const scale = element("div", "scale-bar");
  control("bottomright", scale);
  map.on("zoomend moveend resize", () => drawScale(map, scale, words.unit));
  map.on("resize", fitLegend);

  // Beside the legend where the sheet is wide enough for both.
  function fit() {
    const isBeside = onPaper() || legendBox.offsetWidth * 3 < map.getSize().x;
    const beside = isBeside ? legendBox.offsetWidth : 0;
    const padding = { paddingTopLeft: [24 + beside, 24], paddingBottomRight: [24, 24] };
    if (data.bounds) map.fitBounds(data.bounds, { ...padding, animate: false });
  }

  // ---- selection --------------------------------------------------------
  // A village shows its way to the top tier; a facility all whom it serves, and its own way up.
  function linksOf(chosen) {
    const found = [];
    const climb = (s, stream, start) => {
      start.forEach(({ tier, k }) => {
        found.push({ s, tier, k });
        climb(s, stream, stream.upward[stream.links[tier].to[k]]);
      });
    };
    if (chosen.kind === "village") {
      data.rowsOfPoint[chosen.k].filter(({ s }) => view.streams[s].on)
        .forEach(({ s, row }) => climb(s, data.streams[s], data.streams[s].demandLinks[row]));
    } else if (chosen.kind === "facility") {
      const stream = data.streams[chosen.s];
      stream.feeds[chosen.k].forEach(({ tier, k }) => found.push({ s: chosen.s, tier, k }));
      climb(chosen.s, stream, stream.upward[chosen.k]);
    }
    return found;
  }

  const tableOf = (item) => (item.kind === "village" ? data.points
    : item.kind === "facility" ? data.streams[item.s].facilities : data.candidates);

  function select(item) {
    const table = tableOf(item);
    const content = item.kind === "village" ? Popups.village(data, view, item.k)
      : item.kind === "facility" ? Popups.facility(data, item.s, item.k) : Popups.candidate(data, item.k);
    const popup = L.popup({ maxWidth: 340, minWidth: 250, maxHeight: 380, autoPanPadding: [30, 30], offset: [0, -6] })
      .setLatLng([table.y[item.k] / data.scale, table.x[item.k] / data.scale]).setContent(content);
    popup.openOn(map); // closes the popup before, which takes its selection away
    view.selected = { ...item, at: [table.wx[item.k], table.wy[item.k]] };
    view.selected.links = linksOf(view.selected);
    popup.getElement().querySelector(".leaflet-popup-close-button")?.setAttribute("aria-label", words.close_popup);
    plan.redraw();
  }

  function choose(item) {
    const streams = item.kind === "facility" ? [item.s] : data.rowsOfPoint[item.k].map(({ s }) => s);
    if (streams.length && !streams.some((s) => view.streams[s].on)) {
      view.streams[streams[0]].on = true;
      redraw();
    }
    const table = tableOf(item);
    map.setView([table.y[item.k] / data.scale, table.x[item.k] / data.scale],
      Math.max(map.getZoom(), 13), { animate: false });
    select(item);
  }

  map.on("popupclose", () => {
    view.selected = null;
    plan.redraw();
  });

  // Everything visible within reach of a click, nearest first, facilities before villages.
  function hits(at) {
    const mapScale = map.options.crs.scale(map.getZoom()), origin = map.getPixelOrigin();
    const point = map.containerPointToLayerPoint(at).add(origin);
    const found = [];
    const test = (item, table, k, reach, preference) => {
      const dx = table.wx[k] * mapScale - point.x, dy = table.wy[k] * mapScale - point.y;
      const far = dx * dx + dy * dy;
      if (far <= reach * reach) found.push({ item, order: Math.sqrt(far) - preference });
    };
    const seen = new Set();
    data.streams.forEach((stream, s) => {
      const { on, layers: shown } = view.streams[s];
      if (!on) return;
      stream.facilities.x.forEach((_x, k) => {
        if (Drawing.isShown(stream, shown, k)) test({ kind: "facility", s, k }, stream.facilities, k, 13, 6);
      });
      stream.demand.point.forEach((k, row) => {
        if (!shown[`village:${stream.demand.status[row]}`] || seen.has(k)) return;
        seen.add(k);
        test({ kind: "village", k }, data.points, k, 10, 0);
      });
    });
    data.candidates.x.forEach((_x, k) => {
      if (view.candidates[data.candidates.kept[k]]) test({ kind: "candidate", k }, data.candidates, k, 8, -3);
    });
    return found.sort((a, b) => a.order - b.order).map(({ item }) => item);
  }

  // Clicking the same spot again goes to the next thing under it.
  let last = { x: -99, y: -99, turn: 0 };
  map.on("click", (event) => {
    const at = event.containerPoint, found = hits(at);
    if (!found.length) return;
    const same = Math.hypot(at.x - last.x, at.y - last.y) < 4;
    last = { x: at.x, y: at.y, turn: same ? last.turn + 1 : 0 };
    select(found[last.turn % found.length]);
  });

  let waiting = false;
  map.on("mousemove", (event) => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      map.getContainer().classList.toggle("over", hits(event.containerPoint).length > 0);
    });
  });

  // ---- print: a sharper canvas on a fixed sheet, then back ---------------
  const resize = (printing) => {
    document.body.classList.toggle("printing", printing);
    [backdrop, plan].forEach((layer) => { layer.options.density = printing ? 3 : 0; });
    map.invalidateSize({ animate: false });
    fitLegend();
    [backdrop, plan].forEach((layer) => layer._update());
    if (printing) fit();
  };
  window.addEventListener("beforeprint", () => resize(true));
  window.addEventListener("afterprint", () => resize(false));

  redraw();
  fit();
  drawScale(map, scale, words.unit);
  window.planMap = { map, data, view, select, choose, redraw, showPhase, ready: true };
}

function north(letter) {
  const box = Popups.element("div", "north");
  const canvas = Symbols.icon((c, w, h) => {
    c.beginPath();
    c.moveTo(w / 2, 2); c.lineTo(w / 2 + 9, h - 3); c.lineTo(w / 2, h - 10); c.closePath();
    c.fillStyle = "#2b2b2b";
    c.fill();
    c.beginPath();
    c.moveTo(w / 2, 2); c.lineTo(w / 2 - 9, h - 3); c.lineTo(w / 2, h - 10); c.closePath();
    c.fillStyle = "#ffffff";
    c.fill();
    c.lineWidth = 1.2;
    c.strokeStyle = "#2b2b2b";
    c.stroke();
  }, 30, 38);
  box.append(Popups.element("b", "", letter), canvas);
  return box;
}

// A cartographer's bar: four equal parts, black and white by turns, of a round length.
function drawScale(map, box, unit) {
  const size = map.getSize(), middle = size.y / 2;
  const metres = map.distance(map.containerPointToLatLng([0, middle]), map.containerPointToLatLng([160, middle]));
  if (!(metres > 0)) return;
  const power = 10 ** Math.floor(Math.log10(metres));
  const round = [5, 2, 1].map((k) => k * power).find((length) => length <= metres);
  const bar = Popups.element("div", "bar");
  bar.style.width = `${(160 * round) / metres}px`;
  for (let k = 0; k < 4; k += 1) bar.append(Popups.element("i"));
  const labels = Popups.element("div", "labels");
  const large = round >= 1000;
  [0, 0.5, 1].forEach((share) => {
    const value = Popups.number((round * share) / (large ? 1000 : 1));
    labels.append(Popups.element("span", "", share === 1 ? `${value} ${large ? unit.km : unit.m}` : value));
  });
  labels.style.width = bar.style.width;
  box.replaceChildren(labels, bar);
}
