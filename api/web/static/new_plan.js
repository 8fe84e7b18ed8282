// A new plan: files looked at before use, numbers of the profile, every fault at once, and off.
import { ask, data, element, metres, word } from "./page.js";
import { makeMap, popupText } from "./maps.js";
import { faultTable } from "./tables.js";

const at = (id) => document.getElementById(id);
const form = at("new-plan");
const map = makeMap("map");
const ROADS = /\.(pbf|osm|graphml)$/i;
const CHINA = { west: 73, south: 3, east: 136, north: 54 };
const WIDE_KM = 400, FAR_KM = 50;
const PALETTE = ["#1d4ed8", "#b91c1c", "#1f6f54", "#6d28d9", "#b45309", "#0e7490", "#4b5563", "#be185d"];
const SYSTEMS = ["", "wgs84", "cgcs2000", "gcj02", "bd09"];
const layers = []; // { file, name, sheet, kind, crs, told, shape, before, box }

// ---------------------------------------------------------------- files

at("file").addEventListener("change", async (event) => {
  for (const file of [...event.target.files]) {
    at("upload-told").textContent = word("uploading", { name: file.name });
    try {
      const body = new FormData();
      body.append("file", file);
      await taken(await ask("/api/uploads", { method: "POST", body }));
      at("upload-told").textContent = "";
    } catch (error) {
      at("upload-told").textContent = word("failed", { reason: `${file.name}: ${error.message}` });
    }
  }
  event.target.value = "";
  document.documentElement.dataset.uploads = String(layers.length);
});

async function taken(upload) {
  const head = { file: upload.file, name: upload.name, sheet: null, crs: "", told: null, shape: null, before: null, box: element("div") };
  if (ROADS.test(upload.name)) {
    layers.push({ ...head, kind: "roads" });
  } else {
    const told = await ask(`/api/uploads/${upload.file}/description`);
    const found = Object.entries(told.layers ?? {});
    if (found.length) {
      for (const [kind, sheet] of found) await add({ ...head, box: element("div"), kind, sheet });
      return draw();
    }
    await add({ ...head, kind: told.kind ?? "" }, told);
  }
  return draw();
}

async function add(layer, told = null) {
  layers.push(layer);
  layer.told = told ?? (await described(layer));
}

const described = (layer) => ask(`/api/uploads/${layer.file}/description`, {
  query: { kind: layer.kind === "roads" ? "" : layer.kind, crs: layer.crs, sheet: layer.sheet ?? "" },
});

async function change(layer, facts) {
  const before = layer.told;
  Object.assign(layer, facts);
  if (!layer.kind) return draw();
  const turn = (layer.turn = (layer.turn ?? 0) + 1);
  try {
    const told = await described(layer);
    if (turn !== layer.turn) return undefined; // another choice was made meanwhile
    layer.told = told;
    layer.before = "crs" in facts ? before : null;
  } catch (error) {
    layer.told = { faults: [{ where: layer.name, row: null, severity: "error", text: error.message }] };
  }
  return draw();
}

// ---------------------------------------------------------------- what the files hold

function draw() {
  at("layers").replaceChildren(...layers.map(card));
  drawPlaces();
}

function choice(name, options, value, changed) {
  const select = element("select", {}, options.map(([key, text]) => element("option", { value: key, selected: key === value }, text)));
  select.addEventListener("change", () => changed(select.value));
  return element("label", {}, `${name} `, select);
}

function card(layer, k) {
  const told = layer.told ?? {};
  const kinds = [["", word("not_used")], ["roads", word("roads")], ...Object.entries(data.kinds)];
  const names = SYSTEMS.map((one) => [one, one ? one.toUpperCase().replace("02", "-02").replace("09", "-09") : word("as_file")]);
  return element("article", { class: "card" },
    element("h3", {}, element("i", { class: `swatch c${k % PALETTE.length}` }), `${layer.name}${layer.sheet ? ` · ${layer.sheet}` : ""}`),
    element("div", { class: "bar" },
      choice(word("use_as"), kinds, layer.kind, (kind) => change(layer, { kind })),
      choice(word("system"), names, layer.crs, (crs) => change(layer, { crs })),
      element("button", { type: "button", class: "link", "aria-label": `${word("remove")}: ${layer.name} ${layer.sheet ?? ""}`, onclick: () => { layers.splice(k, 1); draw(); } }, word("remove"))),
    told.rows === undefined ? null : element("p", {}, word("rows_read", { usable: told.usable_rows, rows: told.rows }),
      told.file_crs ? ` · ${told.file_crs}` : ""),
    told.bbox ? element("p", { class: "help figure" }, word("extent", extent(told.bbox))) : null,
    told.columns ? columnTable(layer, told.columns) : null,
    told.faults?.length ? element("details", { open: told.faults.some((one) => one.severity === "error") },
      element("summary", {}, word("faults_found", { n: told.faults.length })), faultTable(told.faults)) : null);
}

function columnTable(layer, columns) {
  const rows = columns.map((one) => element("tr", {}, element("td", {}, one.header),
    element("td", {}, one.means ? `${one.means}${one.unit ? ` (${one.unit})` : ""}` : "–"), element("td", {}, one.samples.join(" | "))));
  return element("details", {}, element("summary", {}, `${word("column")}（${columns.length}）`),
    element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${word("column")} ${layer.name}` },
      element("table", {}, element("thead", {}, element("tr", {}, ["column", "means", "samples"].map((key) => element("th", { scope: "col" }, word(key))))),
        element("tbody", {}, rows))));
}

const extent = ([west, south, east, north]) => ({ west: west.toFixed(4), south: south.toFixed(4), east: east.toFixed(4), north: north.toFixed(4) });

// ---------------------------------------------------------------- where they lie

const shapes = L.layerGroup().addTo(map);
const grid = L.layerGroup().addTo(map);

function drawPlaces() {
  shapes.clearLayers();
  const bounds = L.latLngBounds([]);
  layers.forEach((layer, k) => {
    const colour = PALETTE[k % PALETTE.length];
    points(layer.before, (place) => L.circleMarker(place, { renderer: map.points, radius: 4, color: "#9ca3af", weight: 1, fill: false, interactive: false }).addTo(shapes));
    points(layer.told, (place, facts) => {
      bounds.extend(place);
      L.circleMarker(place, { renderer: map.points, radius: 4, color: "#fff", weight: 1, fillColor: colour, fillOpacity: 0.9 })
        .bindPopup(popupText(facts.name, `${word("row")} ${facts.row}`)).addTo(shapes);
    });
  });
  if (bounds.isValid()) map.fitBounds(bounds.pad(0.1), { animate: false, maxZoom: 15 });
  drawGrid();
  at("place-warnings").replaceChildren(...warnings().map((text) => element("li", {}, text)));
}

function points(told, draw_) {
  for (const one of told?.preview?.features ?? []) {
    const [lon, lat] = one.geometry.coordinates;
    if (Math.abs(lat) <= 90) draw_([lat, lon], one.properties);
  }
}

// Without a base map the degrees themselves are the reference.
function drawGrid() {
  grid.clearLayers();
  const view = map.getBounds();
  const step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10].find((one) => (view.getEast() - view.getWest()) / one <= 8) ?? 30;
  const line = (from, to, text) => {
    L.polyline([from, to], { renderer: map.ground, color: "#c9ced6", weight: 1, interactive: false }).addTo(grid);
    L.marker(from, { interactive: false, keyboard: false, icon: L.divIcon({ className: "degree", html: element("span", {}, text), iconSize: null }) }).addTo(grid);
  };
  const digits = step < 0.1 ? 2 : step < 1 ? 1 : 0;
  for (let lon = Math.ceil(view.getWest() / step) * step; lon < view.getEast(); lon += step) line([view.getSouth(), lon], [view.getNorth(), lon], `${lon.toFixed(digits)}°E`);
  for (let lat = Math.ceil(view.getSouth() / step) * step; lat < view.getNorth(); lat += step) line([lat, view.getWest()], [lat, view.getEast()], `${lat.toFixed(digits)}°N`);
}
map.on("moveend", drawGrid);

function warnings() {
  const found = [];
  const placed = layers.filter((one) => one.kind && one.told?.bbox);
  for (const one of layers) {
    if (one.kind && one.told?.rows && !one.told.bbox) found.push(`${title(one)}: ${word("no_places")}`);
  }
  for (const one of placed) {
    const [west, south, east, north] = one.told.bbox;
    if (west < CHINA.west || east > CHINA.east || south < CHINA.south || north > CHINA.north) found.push(`${title(one)}: ${word("outside_china")}`);
    const wide = L.latLng(south, west).distanceTo([north, east]) / 1000;
    if (wide > WIDE_KM) found.push(`${title(one)}: ${word("very_wide", { km: Math.round(wide) })}`);
    if (one.before?.bbox) {
      const moved = centre(one.told.bbox).distanceTo(centre(one.before.bbox));
      if (moved > 1) found.push(`${title(one)}: ${word("shift", { metres: metres(moved) })}`);
    }
  }
  placed.forEach((a, k) => placed.slice(k + 1).forEach((b) => {
    const km = centre(a.told.bbox).distanceTo(centre(b.told.bbox)) / 1000;
    if (km > FAR_KM) found.push(word("far_apart", { a: title(a), b: title(b), km: Math.round(km) }));
  }));
  return found;
}

const title = (layer) => (layer.sheet ? `${layer.name} ${layer.sheet}` : layer.name);
const centre = ([west, south, east, north]) => L.latLng((south + north) / 2, (west + east) / 2);

// ---------------------------------------------------------------- the scenario

const source = () => form.elements.source.value;
form.querySelectorAll("[name=source]").forEach((one) => one.addEventListener("change", () => {
  at("synthetic-part").hidden = source() !== "synthetic";
  at("files-part").hidden = source() === "synthetic";
  if (source() !== "synthetic") map.invalidateSize();
}));

function scenario() {
  const set = {};
  for (const field of form.querySelectorAll("[data-key]")) {
    if (field.value !== "" && Number(field.value) !== Number(field.dataset.default || NaN)) set[field.dataset.key] = field.valueAsNumber;
  }
  const made = {
    title: at("title").value.trim() || data.stream,
    area: at("area").value.trim(),
    streams: [Object.keys(set).length ? { stream: data.stream, set } : { stream: data.stream }],
    solver: { time_limit_s: at("time-limit").valueAsNumber || 60, gap: (at("gap").valueAsNumber || 0) / 100 },
  };
  if (source() === "synthetic") {
    made.synthetic = { villages: at("villages").valueAsNumber, seed: at("seed").valueAsNumber || 0 };
    return { ...made, max_snap_m: 800, off_road: "straight" };
  }
  if (at("off-road").checked) made.off_road = "straight";
  made.layers = {};
  for (const one of layers) {
    const spec = { file: one.file, ...(one.sheet ? { sheet: one.sheet } : {}), ...(one.crs ? { crs: one.crs } : {}) };
    if (one.kind === "roads") made.roads = spec;
    else if (one.kind) made.layers[one.kind] = spec;
  }
  return made;
}

function byName(fault) {
  let { where, text } = fault;
  for (const one of layers) [where, text] = [where, text].map((said) => said.replaceAll(one.file, one.name));
  return { ...fault, where, text };
}

async function checked() {
  at("told").textContent = "";
  at("faults").textContent = word("checking");
  const made = scenario();
  const found = await ask("/api/scenarios/validate", { method: "POST", body: made });
  at("faults").replaceChildren(faultTable(found.faults.map(byName)));
  return { made, valid: found.valid };
}

function failed(error) {
  at("faults").replaceChildren(...(error.faults?.length ? [faultTable(error.faults.map(byName))] : []));
  at("told").textContent = word("failed", { reason: error.message });
}

at("check").addEventListener("click", () => checked().catch(failed));
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("[name=do]");
  button.disabled = true;
  try {
    const { made, valid } = await checked();
    if (!valid) { at("faults").scrollIntoView({ block: "nearest" }); return; }
    const kept = await ask("/api/scenarios", { method: "POST", body: made });
    const run = await ask("/api/runs", { method: "POST", body: { scenario_id: kept.id } });
    location.assign(`/planner/runs/${run.id}`);
  } catch (error) {
    failed(error);
  } finally {
    button.disabled = false;
  }
});
