// What came of a plan: its layers on a map, its tables, and changes to plan again with.
import { ask, data, element, figure, metres, word } from "./page.js";
import { COLOURS, addDistricts, addRoads, layerPath, makeMap, popupText, siteMarker, villageMarker } from "./maps.js";
import { makeTable } from "./tables.js";

const at = (id) => document.getElementById(id);
const map = makeMap("map");
const layers = new Map();
const markers = new Map();
const started = ["districts", "roads", "villages", "facilities"];

const tierName = (one) => data.tiers[`${one.stream}/${one.tier}`] ?? one.tier ?? "";
const streamName = (one) => data.streams[one.stream] ?? one.stream ?? "";
const latlng = ([lon, lat]) => [lat, lon];

// ---------------------------------------------------------------- layers

const styled = (style, extra = {}) => async (name) =>
  L.geoJSON(await ask(layerPath(data.run, name)), { renderer: map.ground, interactive: false, style, ...extra });

const makers = {
  districts: () => addDistricts(map, data.run),
  roads: () => addRoads(map, data.run),
  service_areas: styled({ color: "#6d28d9", weight: 1, fillOpacity: 0.05 }),
  exclusions: styled({ color: "#a3330a", weight: 1, fillColor: "#a3330a", fillOpacity: 0.12 }),
  exclusion_lines: styled({ color: "#a3330a", weight: 1.5, dashArray: "6 4" }),
  links: styled({ color: "#6b7280", weight: 1, opacity: 0.6 }),
  candidates: async (name) => {
    const found = await ask(layerPath(data.run, name));
    return L.layerGroup(found.features.filter((one) => one.geometry).map((one) =>
      L.circleMarker(latlng(one.geometry.coordinates), { renderer: map.points, radius: 3, color: COLOURS.not_chosen, weight: 1, fillOpacity: 0.4 })
        .bindPopup(popupText(one.properties.name, one.properties.dropped_by))));
  },
  villages: async (name) => {
    const found = await ask(layerPath(data.run, name));
    villageTable(found.features);
    return L.layerGroup(found.features.map(villageOnMap));
  },
  facilities: async (name) => {
    const found = await ask(layerPath(data.run, name));
    siteTable(found.features);
    return L.layerGroup(found.features.filter((one) => one.geometry && one.properties.status !== "not_chosen").map(siteOnMap));
  },
};

function villageOnMap(one) {
  const facts = one.properties;
  const covered = facts.served && facts.within_radius !== false;
  return villageMarker(map, latlng(one.geometry.coordinates), covered)
    .bindPopup(popupText(facts.name, facts.district, streamName(facts),
      facts.served ? facts.facility_name : `${word("not_served")}：${word(`reason_${facts.reason}`)}`));
}

function siteOnMap(one) {
  const facts = one.properties;
  const marker = siteMarker(map, latlng(one.geometry.coordinates), COLOURS[facts.status] ?? COLOURS.kept)
    .bindPopup(popupText(facts.name, tierName(facts), word(`status_${facts.status}`)))
    .on("click", (event) => { L.DomEvent.stopPropagation(event); choose(one); });
  markers.set(`${facts.stream}/${facts.id}`, marker);
  return marker;
}

async function show(name, wanted) {
  if (wanted && !layers.has(name)) layers.set(name, await makers[name](name));
  const layer = layers.get(name);
  if (layer) wanted ? layer.addTo(map) : layer.remove();
}

async function start() {
  const box = at("layer-choice");
  for (const name of data.layers.filter((one) => makers[one])) {
    const tick = element("input", { type: "checkbox", checked: started.includes(name), "data-layer": name });
    tick.addEventListener("change", () => show(name, tick.checked));
    box.append(element("label", {}, tick, ` ${word(name)}`));
  }
  const districts = data.layers.includes("districts") ? await makers.districts() : null;
  if (districts) layers.set("districts", districts);
  for (const name of ["facilities", "villages", "roads"]) {
    if (!data.layers.includes(name)) continue;
    await show(name, true);
    if (name === "villages" || !map.fitted) fit(districts);
  }
}

function fit(districts) {
  const bounds = districts ? districts.getBounds() : L.latLngBounds([]);
  for (const one of layers.get("villages")?.getLayers() ?? []) bounds.extend(one.getLatLng());
  if (bounds.isValid()) { map.fitBounds(bounds, { animate: false }); map.fitted = true; }
}

// ---------------------------------------------------------------- tables

function siteTable(features) {
  const rows = features.map((one) => ({ ...one.properties, feature: one }))
    .sort((a, b) => (a.status === "not_chosen") - (b.status === "not_chosen"));
  makeTable(at("sites-table"), at("sites-title").textContent, [
    { key: "name", name: word("name"), text: (row) => row.name || row.id || word("not_shown"),
      cell: (row) => element("button", { type: "button", class: "link", onclick: () => choose(row.feature, true) }, row.name || row.id || word("not_shown")) },
    { key: "stream", name: word("stream"), text: streamName },
    { key: "tier", name: word("level"), text: tierName },
    { key: "district", name: word("district") },
    { key: "status", name: word("status"), text: (row) => word(`status_${row.status}`) },
    { key: "size", name: word("size"), text: (row) => data.sizes[row.stream]?.[row.size] ?? row.size ?? "" },
    { key: "capacity_t_per_yr", name: word("capacity"), number: true },
    { key: "throughput_t_per_yr", name: word("tonnes"), number: true },
    { key: "load_rate", name: word("load"), number: true, text: (row) => row.load_rate === null ? "–" : `${(row.load_rate * 100).toFixed(1)}%` },
    { key: "land_m2", name: word("land"), number: true },
    { key: "n_served", name: word("served_points"), number: true },
  ], rows);
}

function villageTable(features) {
  const rows = features.map((one) => ({ ...one.properties, covered: one.properties.served && one.properties.within_radius !== false, place: one.geometry.coordinates }));
  makeTable(at("villages-table"), at("villages-title").textContent, [
    { key: "name", name: word("name"), text: (row) => row.name || row.id,
      cell: (row) => element("button", { type: "button", class: "link", onclick: () => { map.setView(latlng(row.place), 14, { animate: false }); at("map").scrollIntoView({ block: "nearest" }); } }, row.name || row.id) },
    { key: "district", name: word("district") },
    { key: "stream", name: word("stream"), text: streamName },
    { key: "covered", name: word("covered"), text: (row) => word(row.covered ? "yes" : "no") },
    { key: "facility_name", name: word("by_site") },
    { key: "impedance", name: word("distance"), number: true, text: (row) => metres(row.impedance) },
    { key: "population", name: word("population"), number: true },
    { key: "reason", name: word("reason"), text: (row) => row.reason ? word(`reason_${row.reason}`) : "" },
  ], rows);
}

// ---------------------------------------------------------------- changes

const changes = [];
let chosen = null;
let waiting = null; // "move" or "road": the next click on the map says where

function choose(feature, look = false) {
  chosen = feature;
  const facts = feature.properties;
  if (look && feature.geometry) {
    map.setView(latlng(feature.geometry.coordinates), Math.max(map.getZoom(), 13), { animate: false });
    markers.get(`${facts.stream}/${facts.id}`)?.openPopup();
    at("map").scrollIntoView({ block: "nearest" });
  }
  if (!at("site-actions")) return;
  waitFor(null);
  at("chosen").textContent = word("site_chosen", { site: facts.name || facts.id });
  at("site-actions").hidden = false;
}

function waitFor(what) {
  waiting = what;
  at("goal").hidden = what === null;
  at("close-road").setAttribute("aria-pressed", String(what === "road"));
  at("map").classList.toggle("aiming", what !== null);
}

function add(change) {
  const same = (one) => one.kind === "site" && change.kind === "site" && one.body.site === change.body.site && one.body.stream === change.body.stream;
  const earlier = changes.findIndex(same);
  if (earlier >= 0) changes.splice(earlier, 1);
  changes.push(change);
  list();
}

function list() {
  at("changes").replaceChildren(...changes.map((one) => element("li", {}, `${one.text} `,
    element("button", { type: "button", class: "link", "aria-label": `${word("take_back")}: ${one.text}`, onclick: () => { changes.splice(changes.indexOf(one), 1); list(); } }, word("take_back")))));
}

function siteChange(action, place = {}) {
  const facts = chosen.properties;
  add({ kind: "site", body: { action, stream: facts.stream, site: facts.id, ...place }, text: `${facts.name || facts.id}：${word(`change_${action}`)}` });
}

function placed(lon, lat) {
  if (waiting === "move") siteChange("move", { lon, lat });
  else add({ kind: "road", body: { lon, lat }, text: `${word("change_close")}：${word("road_at", { lon: lon.toFixed(5), lat: lat.toFixed(5) })}` });
  L.circleMarker([lat, lon], { renderer: map.points, radius: 8, color: "#111827", weight: 3, fill: false, interactive: false }).addTo(map);
  waitFor(null);
}

if (at("replan")) {
  at("site-actions").querySelectorAll("[data-action]").forEach((button) =>
    button.addEventListener("click", () => {
      if (button.dataset.action !== "move") return siteChange(button.dataset.action);
      waitFor("move");
      at("chosen").textContent = word("click_goal", { site: chosen.properties.name || chosen.properties.id });
      return undefined;
    }));
  at("close-road").addEventListener("click", () => {
    waitFor(waiting === "road" ? null : "road");
    at("chosen").textContent = word("click_road");
  });
  map.on("click", (event) => { if (waiting) placed(Number(event.latlng.lng.toFixed(6)), Number(event.latlng.lat.toFixed(6))); });
  at("goal-take").addEventListener("click", () => {
    const [lon, lat] = [at("goal-lon").valueAsNumber, at("goal-lat").valueAsNumber];
    if (Number.isFinite(lon) && Number.isFinite(lat)) placed(lon, lat);
  });
  at("replan").addEventListener("click", planAgain);
}

async function planAgain() {
  const radii = [...document.querySelectorAll("[data-radius]")]
    .filter((field) => field.valueAsNumber > 0 && field.valueAsNumber !== Number(field.dataset.radius))
    .map((field) => ({ stream: field.dataset.stream, tier: field.dataset.tier, radius_km: field.valueAsNumber }));
  const told = at("told");
  told.textContent = "";
  if (!changes.length && !radii.length) {
    at("chosen").textContent = word("nothing_changed");
    return;
  }
  at("replan").disabled = true;
  try {
    const made = await ask(`/api/runs/${data.run}/replan`, { method: "POST", body: {
      sites: changes.filter((one) => one.kind === "site").map((one) => one.body),
      closed_roads: changes.filter((one) => one.kind === "road").map((one) => one.body),
      radii, title: at("replan-title-field").value,
    } });
    location.assign(`/planner/runs/${made.id}`);
  } catch (error) {
    const faults = error.faults?.map((one) => one.text).join("; ");
    at("chosen").textContent = word("failed", { reason: faults || error.message });
    at("replan").disabled = false;
  }
}

start().finally(() => { document.documentElement.dataset.ready = "yes"; });
// Tests and the curious look at the map by this.
window.planPage = { map, markers, changes, figure };
