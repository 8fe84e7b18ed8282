"use strict";
// The side panel (search, what is shown, the plan in brief) and the legend of what is shown.
const Panel = (() => {
  const { element, number, formats } = Popups;

  function initialView(data) {
    return {
      roads: true, districts: true, villageNames: true, facilityNames: true, tiles: false,
      exclusions: Object.fromEntries(Object.keys(data.exclusions).map((kind) => [kind, kind === "water"])),
      candidates: [false, false],
      selected: null,
      streams: data.streams.map((stream, s) => ({ on: s === 0, layers: layersOf(stream) })),
    };
  }

  function layersOf(stream) {
    const layers = { "village:0": true, "village:1": true, "village:2": true };
    stream.states.forEach(({ facilities, areas, links }) => {
      facilities.tier.forEach((tier, k) => {
        layers[`facility:${tier}:${facilities.status[k]}`] = facilities.status[k] < 4;
      });
      stream.tiers.forEach((tier, position) => {
        if (areas.facility.some((k) => facilities.tier[k] === position)) {
          layers[`area:${position}`] = position === 0;
        }
        if (tier.radius_m) layers[`circle:${position}`] = false;
        // Few and short above the lowest tier; a fan of all villages only when asked for.
        if (links[position].from.length) layers[`links:${position}`] = tier.serves >= 0;
      });
    });
    return layers;
  }

  const iconOf = {
    facility: (stream, tier, status) => Symbols.icon((c, w, h) =>
      Symbols.facility(c, tier, status, stream.colour, w / 2, h / 2, 6)),
    village: (stream, status) => Symbols.icon((c, w, h) => Symbols.village(c, status, stream.colour, w / 2, h / 2, 4)),
    area: (stream) => Symbols.icon((c, w, h) => {
      c.fillStyle = Symbols.mixed(stream.colour, "#ffffff", 0.8);
      c.strokeStyle = stream.colour;
      c.fillRect(3, 3, w - 6, h - 6);
      c.strokeRect(3, 3, w - 6, h - 6);
    }),
    circle: (stream) => Symbols.icon((c, w, h) => {
      c.setLineDash([3, 2]);
      c.strokeStyle = stream.colour;
      c.beginPath();
      c.arc(w / 2, h / 2, 7, 0, 2 * Math.PI);
      c.stroke();
    }),
    line: (colour, width, dash = []) => Symbols.icon((c, w, h) => {
      c.setLineDash(dash);
      c.strokeStyle = colour;
      c.lineWidth = width;
      c.beginPath();
      c.moveTo(2, h / 2);
      c.lineTo(w - 2, h / 2);
      c.stroke();
    }),
    fill: (style) => Symbols.icon((c, w, h) => {
      c.fillStyle = style.fill;
      c.strokeStyle = style.line;
      c.setLineDash(style.dash || []);
      c.fillRect(3, 3, w - 6, h - 6);
      c.strokeRect(3, 3, w - 6, h - 6);
    }),
    candidate: (kept) => Symbols.icon((c, w, h) => Symbols.candidate(c, kept, w / 2, h / 2)),
  };

  // Every layer of a stream: its key, its words, its symbol, how many it holds.
  function entries(data, stream) {
    const words = data.words, found = [];
    const tierNames = stream.tiers.length > 1;
    stream.tiers.forEach((tier, t) => {
      words.status.forEach((name, status) => {
        const count = stream.facilities.tier.filter((x, k) => x === t && stream.facilities.status[k] === status).length;
        if (count) {
          found.push({ key: `facility:${t}:${status}`, name: `${tier.name} · ${name}`, count,
            icon: () => iconOf.facility(stream, t, status) });
        }
      });
    });
    words.village_status.forEach((name, status) => {
      if (stream.counts[status] || status === 2) {
        found.push({ key: `village:${status}`, name, count: stream.counts[status], icon: () => iconOf.village(stream, status) });
      }
    });
    stream.tiers.forEach((tier, t) => {
      const suffix = tierNames ? ` · ${tier.name}` : "";
      const radius = tier.radius_m ? ` ${formats(words).distance(tier.radius_m)}` : "";
      found.push({ key: `area:${t}`, name: words.service_area + suffix, icon: () => iconOf.area(stream) });
      found.push({ key: `circle:${t}`, name: words.circle + radius + suffix, icon: () => iconOf.circle(stream) });
      found.push({ key: `links:${t}`, name: words.links + suffix, icon: () => iconOf.line(stream.colour, 1.2) });
    });
    return found;
  }

  function baseEntries(data, view) {
    const words = data.words;
    const toggle = (key) => ({ get: () => view[key], set: (on) => { view[key] = on; } });
    const found = [
      { name: words.districts, icon: () => iconOf.line("#7c7486", 1.2, [7, 3, 2, 3]), ...toggle("districts"),
        present: data.districts.length, legend: words.district_boundary },
      { name: words.roads, icon: () => iconOf.line(Drawing.ROADS[0].colour, 2.4), ...toggle("roads"),
        present: data.roads.lines.some((rank) => rank.length) },
    ];
    Object.keys(data.exclusions).forEach((kind) => found.push({
      name: words.exclusions[kind] || kind, icon: () => iconOf.fill(Drawing.styleOf(kind)), present: true,
      get: () => view.exclusions[kind], set: (on) => { view.exclusions[kind] = on; },
    }));
    [1, 0].forEach((kept) => found.push({
      name: kept ? words.candidate_kept : words.candidate_dropped, icon: () => iconOf.candidate(kept),
      present: data.candidates.kept.includes(kept),
      get: () => view.candidates[kept], set: (on) => { view.candidates[kept] = on; },
    }));
    found.push({ name: words.facility_names, present: true, text: true, ...toggle("facilityNames") },
      { name: words.village_names, present: true, text: true, ...toggle("villageNames") });
    if (data.tiles) found.push({ name: words.tiles, present: true, text: true, ...toggle("tiles") });
    return found.filter((entry) => entry.present);
  }

  function check(name, checked, icon, count, onChange) {
    const label = element("label", "layer");
    const input = element("input");
    input.type = "checkbox";
    input.checked = checked;
    input.addEventListener("change", () => onChange(input.checked));
    label.append(input);
    if (icon) label.append(icon());
    label.append(element("span", "name", name));
    if (count !== undefined) label.append(element("span", "count", number(count)));
    return label;
  }

  function streamGroup(data, view, s, redraw) {
    const stream = data.streams[s], state = view.streams[s], words = data.words;
    const group = element("details", "stream");
    group.dataset.stream = stream.id;
    const summary = element("summary");
    const input = element("input");
    input.type = "checkbox";
    input.checked = state.on;
    input.setAttribute("aria-label", stream.name);
    input.addEventListener("click", (event) => event.stopPropagation());
    input.addEventListener("change", () => { state.on = input.checked; redraw(); });
    const swatch = element("i", "swatch");
    swatch.style.background = stream.colour;
    const only = element("button", "only", words.only);
    only.type = "button";
    only.addEventListener("click", (event) => {
      event.preventDefault();
      view.streams.forEach((other, k) => { other.on = k === s; });
      group.parentElement.querySelectorAll("details[data-stream]").forEach((other) => { other.open = other === group; });
      redraw();
    });
    summary.append(input, swatch, element("span", "name", stream.name), only);
    group.append(summary, brief(data, stream));
    entries(data, stream).filter(({ key }) => key in state.layers).forEach(({ key, name, count, icon }) => {
      const row = check(name, state.layers[key], icon, count, (on) => { state.layers[key] = on; redraw(); });
      row.dataset.layer = key;
      group.append(row);
    });
    group.open = state.on;
    return { group, input, state };
  }

  // What an official asks first: how many are covered, what has to be built, how good is it.
  function brief(data, stream) {
    const words = data.words, total = stream.demand.point.length;
    const covered = stream.counts[0];
    const box = element("div", "brief");
    const share = total ? ` (${number((covered / total) * 100, 1)}%)` : "";
    box.append(element("div", "", words.count.replace("{n}", number(covered)).replace("{total}", number(total)) + share));
    if (stream.counts[1]) box.append(element("div", "", `${words.village_status[1]} ${number(stream.counts[1])}`));
    const statuses = words.status.map((name, k) => [name, stream.facilities.status.filter((x) => x === k).length])
      .filter(([, count], k) => count && k < 4).map(([name, count]) => `${name} ${number(count)}`);
    if (statuses.length) box.append(element("div", "", statuses.join(words.comma)));
    box.append(element("div", "certificate", stream.certificate));
    return box;
  }

  function layers(data, view, redraw) {
    const box = element("div", "layers");
    const groups = data.streams.map((_stream, s) => streamGroup(data, view, s, redraw));
    groups.forEach(({ group }) => box.append(group));
    const base = element("details", "stream base");
    base.open = true;
    base.append(element("summary", "", data.words.base));
    baseEntries(data, view).forEach((entry) => base.append(
      check(entry.name, entry.get(), entry.icon, undefined, (on) => { entry.set(on); redraw(); })));
    box.append(base);
    const refresh = () => groups.forEach(({ input, state }) => { input.checked = state.on; });
    return { box, refresh };
  }

  function legendRow(icon, name) {
    const row = element("div", "legend-row");
    if (icon) row.append(icon());
    row.append(element("span", "", name));
    return row;
  }

  // Only what is on the map now, so that a printed sheet explains itself.
  function legend(data, view, box) {
    const words = data.words;
    box.replaceChildren(element("h2", "", words.legend));
    if (data.years.length > 1) box.append(element("h3", "", `${words.phase}${words.colon}${data.years[data.phase]}`));
    data.streams.forEach((stream, s) => {
      if (!view.streams[s].on) return;
      box.append(element("h3", "", stream.name));
      entries(data, stream)
        .filter(({ key, count }) => view.streams[s].layers[key] && (count === undefined || count > 0))
        .forEach(({ name, icon }) => box.append(legendRow(icon, name)));
    });
    const base = baseEntries(data, view).filter((entry) => !entry.text && entry.get());
    if (base.length) box.append(element("h3", "", words.base));
    base.forEach((entry) => {
      if (entry.name !== words.roads) { box.append(legendRow(entry.icon, entry.legend || entry.name)); return; }
      data.roads.lines.forEach((rank, k) => {
        if (rank.length) {
          box.append(legendRow(() => iconOf.line(Drawing.ROADS[k].colour, Drawing.ROADS[k].width), words.road_ranks[k]));
        }
      });
    });
  }

  // As many columns as show every line and are together no wider than `widest`. Where there are none,
  // one that scrolls: columns that are too short would go on sideways.
  function fitLegend(box, widest) {
    const column = parseFloat(getComputedStyle(box).getPropertyValue("--column"));
    const isCut = () => box.scrollHeight > box.clientHeight || box.scrollWidth > box.clientWidth;
    const arrange = (count) => {
      box.style.columnCount = count > 1 ? count : "";
      box.style.maxWidth = count > 1 ? `${count * column}px` : "";
      return !isCut();
    };
    let count = 1;
    while (!arrange(count) && (count + 1) * column <= widest) count += 1;
    const cut = isCut() && !arrange(1);
    box.classList.toggle("cut", cut);
    if (cut) box.tabIndex = 0; // to be scrolled by keys too
    else box.removeAttribute("tabindex");
  }

  function search(data, choose) {
    const words = data.words, box = element("div", "search");
    const input = element("input");
    input.type = "search";
    input.placeholder = words.search;
    input.setAttribute("aria-label", words.search);
    const list = element("ul", "results");
    const index = [];
    data.points.name.forEach((name, k) => index.push({
      kind: "village", k, name, detail: data.points.districts[data.points.district[k]] }));
    data.streams.forEach((stream, s) => stream.facilities.name.forEach((name, k) => {
      if (stream.facilities.status[k] < 4) index.push({ kind: "facility", s, k, name, detail: stream.name });
    }));
    const hit = (item) => { list.replaceChildren(); choose(item); };
    const find = () => {
      const asked = input.value.trim().toLowerCase();
      list.replaceChildren();
      if (!asked) return;
      const found = index.filter(({ name }) => name.toLowerCase().includes(asked));
      found.sort((a, b) => a.name.length - b.name.length);
      found.slice(0, 20).forEach((item) => {
        const row = element("li"), button = element("button");
        button.type = "button";
        button.append(element("span", "", item.name), element("small", "", item.detail));
        button.addEventListener("click", () => hit(item));
        row.append(button);
        list.append(row);
      });
      if (!found.length) list.append(element("li", "none", words.nothing_found));
    };
    input.addEventListener("input", find);
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") list.querySelector("button")?.click();
      if (event.key === "Escape") { input.value = ""; find(); }
    });
    box.append(input, list);
    return box;
  }

  // One button a year; arrow keys go from one to the next, as in any group of choices.
  function years(data, choose) {
    const box = element("div", "years");
    box.setAttribute("role", "radiogroup");
    box.setAttribute("aria-label", data.words.phase);
    box.append(element("span", "", data.words.phase));
    const buttons = data.years.map((year, k) => {
      const button = element("button", "", String(year));
      button.type = "button";
      button.setAttribute("role", "radio");
      button.addEventListener("click", () => go(k));
      return button;
    });
    const mark = (k) => buttons.forEach((button, other) => {
      button.setAttribute("aria-checked", String(other === k));
      button.tabIndex = other === k ? 0 : -1;
    });
    const go = (k) => { mark(k); choose(k); };
    box.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const next = Math.min(Math.max(data.phase + step, 0), buttons.length - 1);
      go(next);
      buttons[next].focus();
    });
    mark(data.phase);
    box.append(...buttons);
    return box;
  }

  return { fitLegend, initialView, layers, legend, search, years };
})();
