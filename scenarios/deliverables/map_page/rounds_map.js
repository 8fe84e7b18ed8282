"use strict";
const CLOSE = 12; // From this zoom on stops have room for their numbers.
// The rounds page: the map that folium made, a panel with days and lorries, one layer a round.
function startRoundsMap(map) {
  const data = JSON.parse(document.getElementById("rounds-data").textContent);
  const words = data.words;
  const view = { stream: 0, day: 0, hidden: new Set(), alone: null };
  map.attributionControl.setPrefix(false);
  map.fitBounds(data.bounds, { padding: [24, 24], animate: false });
  data.roads.forEach((line) => L.polyline(line, { color: "#b9b4a6", weight: 1, interactive: false }).addTo(map));
  const shown = L.layerGroup().addTo(map);

  const element = (tag, name, text) => {
    const made = document.createElement(tag);
    if (name) made.className = name;
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const panel = document.getElementById("panel");

  // A chooser as buttons: the days of a week are seen at once and need no second click. What has
  // nothing to show is marked, not hidden: that no lorry is out on Sundays is worth knowing.
  function chooser(title, names, chosen, choose, isEmpty = () => false) {
    const box = element("div", "chooser");
    if (names.length < 2) return box;
    box.append(element("h2", "", title));
    names.forEach((name, k) => {
      const button = element("button", [k === chosen && "on", isEmpty(k) && "empty"].filter(Boolean).join(" "), name);
      button.type = "button";
      button.setAttribute("aria-pressed", String(k === chosen));
      button.addEventListener("click", () => choose(k));
      box.append(button);
    });
    return box;
  }

  // Stores, rounds and both: the cheapest first, which is the one that is drawn.
  function sideBySide(stream) {
    const box = element("div", "ways");
    if (!stream.ways.length) return box;
    box.append(element("h2", "", words.ways));
    stream.ways.forEach((way, k) => {
      const row = element("div", k ? "way" : "way chosen");
      row.append(element("b", "", way.cost), element("span", "", way.name), element("small", "", way.facts));
      box.append(row);
    });
    const key = element("p", "hint");
    key.append(element("i", "store key"), document.createTextNode(` ${words.stores}`));
    box.append(key);
    return box;
  }

  function key() {
    const box = element("p", "hint");
    ["depot", "disposal"].forEach((kind) => {
      box.append(element("i", `site ${kind} key`), element("span", "key-text", words[kind]));
    });
    return box;
  }

  function firstDay(stream) {
    return stream && stream.rounds.length ? Math.min(...stream.rounds.map((round) => round.day)) : 0;
  }

  function visible(round) {
    if (round.day !== view.day) return false;
    return view.alone === null ? !view.hidden.has(round.lorry) : view.alone === round.lorry;
  }

  // An arrow every so many pixels, on the way as it is driven; only where somebody looks: close by,
  // a county has tens of thousands of them.
  const pointers = L.layerGroup().addTo(map);
  function arrows(line, colour, seen) {
    const every = 90;
    let left = every / 2;
    for (let k = 1; k < line.length; k += 1) {
      const a = map.latLngToLayerPoint(line[k - 1]), b = map.latLngToLayerPoint(line[k]);
      const dx = b.x - a.x, dy = b.y - a.y, length = Math.hypot(dx, dy);
      let at = left;
      while (at <= length && seen.intersects(L.bounds([a, b]))) {
        const spot = L.point(a.x + (dx * at) / length, a.y + (dy * at) / length);
        at += every;
        if (!seen.contains(spot)) continue;
        const mark = element("i", "arrow");
        mark.style.borderLeftColor = colour;
        mark.style.transform = `rotate(${Math.atan2(dy, dx)}rad)`;
        const icon = L.divIcon({ className: "arrow-box", html: mark, iconSize: [12, 12] });
        L.marker(map.layerPointToLatLng(spot), { icon, interactive: false, keyboard: false, zIndexOffset: -1000 }).addTo(pointers);
      }
      // What was passed over out of sight counts on, so that arrows stay where they are.
      left = (((left - length) % every) + every) % every;
    }
  }

  function point() {
    pointers.clearLayers();
    const stream = data.streams[view.stream];
    const drawn = stream ? stream.rounds.filter(visible) : [];
    if (map.getZoom() < CLOSE && drawn.length > 12) return;
    const pixels = map.getPixelBounds(), origin = map.getPixelOrigin();
    const seen = L.bounds(pixels.min.subtract(origin), pixels.max.subtract(origin));
    drawn.forEach((round) => arrows(round.line, stream.lorries[round.lorry].colour, seen));
  }

  function popup(call, round, lorry) {
    const box = element("div", "popup");
    box.append(element("b", "", call.n === null ? call.name : `${call.n}. ${call.name}`));
    box.append(element("div", "quiet", `${lorry.name} · ${call.what}`));
    box.append(element("div", "", `${words.arrives} ${call.arrives}, ${words.leaves} ${call.leaves}`));
    box.append(element("div", "", `${words.on_board} ${call.load}`));
    return box;
  }

  function draw() {
    shown.clearLayers();
    const stream = data.streams[view.stream];
    if (!stream) return;
    const drawn = stream.rounds.filter(visible);
    const close = map.getZoom() >= CLOSE || drawn.length <= 3;
    stream.brings.forEach((line) => L.polyline(line, { color: "#6b5b95", weight: 1.5, dashArray: "4 4", interactive: false }).addTo(shown));
    drawn.forEach((round) => {
      const lorry = stream.lorries[round.lorry];
      const line = L.polyline(round.line, { color: lorry.colour, weight: view.alone === null ? 3 : 5, opacity: 0.85 });
      const about = element("div", "popup");
      about.append(element("b", "", lorry.name), element("div", "", round.facts));
      line.bindPopup(about).addTo(shown);
      round.calls.forEach((call) => {
        let mark;
        if (call.n === null) {
          mark = element("span", `site ${call.kind}`);
        } else {
          mark = element("span", close ? "number" : "dot", close ? String(call.n) : "");
          mark.style.background = lorry.colour;
        }
        const size = call.n === null ? 16 : close ? 20 : 7;
        const icon = L.divIcon({ className: "mark", html: mark, iconSize: [size, size] });
        L.marker(call.at, { icon, title: call.name }).bindPopup(popup(call, round, lorry)).addTo(shown);
      });
    });
    stream.stores.forEach((one) => {
      const about = element("div", "popup");
      about.append(element("b", "", one.name), element("div", "", one.facts));
      const icon = L.divIcon({ className: "mark", html: element("span", "store"), iconSize: [18, 18] });
      L.marker(one.at, { icon, title: one.name, zIndexOffset: 500 }).bindPopup(about).addTo(shown);
    });
    stream.unserved.forEach((one) => {
      const about = element("div", "popup");
      about.append(element("b", "", one.name), element("div", "", one.reason));
      const icon = L.divIcon({ className: "mark", html: element("span", "unserved", "!"), iconSize: [20, 20] });
      L.marker(one.at, { icon, title: one.name }).bindPopup(about).addTo(shown);
    });
  }

  function frame() {
    const stream = data.streams[view.stream];
    panel.replaceChildren();
    panel.append(chooser(words.stream, data.streams.map((one) => one.name), view.stream, (k) => {
      Object.assign(view, { stream: k, day: firstDay(data.streams[k]), alone: null });
      view.hidden.clear();
      redraw();
    }));
    if (!stream) return;
    panel.append(sideBySide(stream));
    const out = new Set(stream.rounds.map((round) => round.day));
    panel.append(chooser(words.day, stream.days, view.day, (k) => { view.day = k; redraw(); }, (k) => !out.has(k)));
    panel.append(element("h2", "", words.lorries), element("p", "hint", words.hint), key());
    const tools = element("div", "chooser");
    [[words.all, () => view.hidden.clear()],
      [words.none, () => stream.lorries.forEach((_one, k) => view.hidden.add(k))]].forEach(([text, act]) => {
      const button = element("button", "", text);
      button.type = "button";
      button.addEventListener("click", () => { act(); view.alone = null; redraw(); });
      tools.append(button);
    });
    panel.append(tools);
    const list = element("ul", "lorries");
    stream.rounds.filter((round) => round.day === view.day).forEach((round) => {
      const lorry = stream.lorries[round.lorry];
      const item = element("li", view.alone === round.lorry ? "alone" : "");
      const box = element("input");
      box.type = "checkbox";
      box.checked = !view.hidden.has(round.lorry);
      box.setAttribute("aria-label", lorry.name);
      box.addEventListener("change", () => {
        if (box.checked) view.hidden.delete(round.lorry); else view.hidden.add(round.lorry);
        view.alone = null;
        redraw();
      });
      const colour = element("i", "colour");
      colour.style.background = lorry.colour;
      const name = element("button", "name", lorry.name);
      name.type = "button";
      name.addEventListener("click", () => {
        view.alone = view.alone === round.lorry ? null : round.lorry;
        map.fitBounds(view.alone === null ? data.bounds : round.line, { padding: [24, 24], animate: false });
        redraw();
      });
      item.append(box, colour, name, element("small", "", round.facts));
      list.append(item);
    });
    panel.append(list);
    if (stream.unserved.length) {
      panel.append(element("h2", "", `${words.unserved}: ${stream.unserved.length}`));
      const left = element("ul", "unserved-list");
      stream.unserved.forEach((one) => left.append(element("li", "", `${one.name}: ${one.reason}`)));
      panel.append(left);
    }
  }

  function redraw() {
    frame();
    draw();
    point();
  }
  map.on("zoomend", draw);
  map.on("moveend", point);
  view.day = firstDay(data.streams[0]);
  redraw();
  window.roundsMap = { map, data, view, redraw, ready: true };
}
