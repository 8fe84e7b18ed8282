// The best rounds so far of a search that goes on: figures, a table and a map, as often as they change.
import { ask, data, element, word } from "./page.js";
import { addRoads, makeMap } from "./maps.js";

const base = `/api/runs/${data.run}`;
const GOLDEN_ANGLE = 137.5;
let map = null;
let drawn = null;
let reading = false;
let again = false;

const yuan = (value) => Math.round(value).toLocaleString("en-US");

function newMap() {
  map = makeMap("so-far-map");
  map.options.zoomSnap = 0.25;
  // Rounds are read on the roads of the plan; without them the map says no less, only less well.
  addRoads(map, data.plan).catch(() => {});
}

function draw(layer) {
  const lorries = new Map();
  const colour = (facts) => {
    const key = `${facts.stream} ${facts.lorry}`;
    if (!lorries.has(key)) lorries.set(key, `hsl(${(lorries.size * GOLDEN_ANGLE) % 360} 70% 40%)`);
    return lorries.get(key);
  };
  const lines = layer.features.filter((one) => one.properties.layer === "rounds");
  const made = L.geoJSON({ ...layer, features: lines }, {
    renderer: map.ways,
    style: (one) => ({ color: colour(one.properties), weight: 2.5, opacity: 0.85 }),
    onEachFeature: (one, line) => line.bindTooltip(() => element("span", {}, one.properties.lorry)),
  });
  if (drawn) drawn.remove();
  else if (lines.length) map.fitBounds(made.getBounds(), { padding: [12, 12], animate: false });
  drawn = made.addTo(map);
  return lines.map((one) => one.properties);
}

function table(rounds, days, id) {
  const columns = ["lorry", "day", "stops", "km", "leaves", "returns"];
  const shown = { km: (facts) => facts.km.toFixed(1), day: (facts) => days[facts.day] ?? facts.day };
  const cell = (facts, name) => String(shown[name]?.(facts) ?? facts[name] ?? "");
  const head = columns.map((name) => element("th", { scope: "col" }, word(`round_${name}`)));
  const rows = rounds.map((facts) => element("tr", {},
    element("th", { scope: "row" }, facts.lorry),
    columns.slice(1).map((name) => element("td", { class: ["stops", "km"].includes(name) ? "figure" : null }, cell(facts, name)))));
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-labelledby": id },
    element("table", {}, element("thead", {}, element("tr", {}, head)), element("tbody", {}, rows)));
}

function section(stream, told, rounds) {
  const { still_improving: improving, cost_cny_per_cycle: cost, figures, days } = told.so_far;
  const name = data.streams[stream] ?? stream;
  const tag = improving ? element("span", { class: "tag running" }, word("still_improving")) : null;
  const pairs = figures[data.lang] ?? figures.zh;
  const shown = pairs.map(([what, value]) => element("div", {}, element("dt", {}, what), element("dd", { class: "figure" }, value)));
  const open = document.querySelector(`details[data-rounds-of="${stream}"]`)?.open ?? false;
  const id = `rounds-of-${stream}`;
  return element("section", { class: "outcome" },
    element("h3", {}, name, " ", tag),
    element("p", {}, word("cost_now", { cost: yuan(cost) })),
    element("dl", { class: "figures" }, shown),
    element("details", { "data-rounds-of": stream, open }, element("summary", { id }, `${word("rounds_now")} (${rounds.length})`), table(rounds, days[data.lang] ?? days.zh, id)));
}

async function read() {
  const [told, layer] = await Promise.all([ask(`${base}/rounds`), ask(`${base}/rounds.geojson`)]);
  // The last word may already be the final rounds; the page is loaded anew for them.
  if (!layer.still_improving) return;
  document.getElementById("so-far").hidden = false;
  if (!map) newMap();
  const rounds = draw(layer);
  document.getElementById("so-far-streams").replaceChildren(...Object.entries(told)
    .filter(([, one]) => one.so_far)
    .map(([stream, one]) => section(stream, one, rounds.filter((facts) => facts.stream === stream))));
}

// The rounds of a run that was stopped, until there is the map with the ways on the roads.
export async function drawKept() {
  const layer = await ask(`${base}/rounds.geojson`);
  newMap();
  draw(layer);
}

// Called at every news; what comes while one is being read is read once, afterwards.
export async function refresh() {
  again = true;
  if (reading) return;
  reading = true;
  try {
    while (again) {
      again = false;
      await read();
    }
  } catch { /* between two attempts, or just ended: the next news tells */ }
  reading = false;
}
