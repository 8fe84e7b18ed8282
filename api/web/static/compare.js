// Two plans side by side: maps that move together, indicators, and every difference.
import { ask, data, element, figure, metres, word } from "./page.js";
import { COLOURS, addDistricts, addRoads, makeMap, popupText, siteMarker } from "./maps.js";
import { makeTable } from "./tables.js";

const CHANGES = { kept: COLOURS.kept, opened: "#b91c1c", closed: "#4b5563", moved: "#b45309", resized: "#6d28d9", reassigned: "#b45309", unserved: "#c2410c" };
const IN_FIRST = ["kept", "closed", "resized"];
const IN_SECOND = ["kept", "opened", "moved", "resized", "reassigned", "unserved"];
const base = `/api/runs/${data.a}/comparison/${data.b}`;
const maps = { a: makeMap("map-a"), b: makeMap("map-b") };

let moving = false;
for (const [one, other] of [["a", "b"], ["b", "a"]]) {
  maps[one].on("move", () => {
    if (moving) return;
    moving = true;
    maps[other].setView(maps[one].getCenter(), maps[one].getZoom(), { animate: false });
    moving = false;
  });
}

function draw(map, features, wanted) {
  for (const one of features) {
    const { change } = one.properties;
    if (!wanted.includes(change)) continue;
    if (one.geometry.type === "LineString") {
      L.polyline(one.geometry.coordinates.map(([lon, lat]) => [lat, lon]), { renderer: map.ways, color: CHANGES[change], weight: 2, dashArray: "6 4" }).addTo(map);
    } else {
      const [lon, lat] = one.geometry.coordinates;
      siteMarker(map, [lat, lon], CHANGES[change]).bindPopup(popupText(one.properties.name, word(change))).addTo(map);
    }
  }
}

function movedFrom(features) {
  return features.filter((one) => one.properties.change === "moved" && one.geometry.type === "LineString")
    .map((one) => ({ ...one, geometry: { type: "Point", coordinates: one.geometry.coordinates[0] } }));
}

function indicators(told) {
  const rows = Object.entries(told.streams ?? told).flatMap(([stream, one]) => (one.indicators ?? []).map((each) => ({
    stream: data.streams[stream] ?? stream, name: data.indicators[each.id] ?? each.id, unit: each.unit,
    before: each.before, after: each.after,
    difference: each.before === null || each.after === null ? null : each.after - each.before,
  })));
  makeTable(document.getElementById("indicators"), document.getElementById("indicators-title").textContent, [
    { key: "stream", name: word("stream") }, { key: "name", name: word("indicator") },
    { key: "before", name: `A`, number: true }, { key: "after", name: `B`, number: true },
    { key: "difference", name: word("difference"), number: true, text: (row) => row.difference === null ? "–" : (row.difference > 0 ? "+" : "") + figure(row.difference) },
  ], rows);
}

function differences(told) {
  const rows = Object.entries(told.streams ?? told).flatMap(([stream, one]) =>
    ["opened", "closed", "moved", "resized", "reassigned"].flatMap((kind) => (one[kind] ?? []).map((each) => ({
      stream: data.streams[stream] ?? stream, change: word(kind), name: each.name || each.id, district: each.district ?? "",
      from: each.from_name ?? each.from_site ?? each.from?.id ?? each.size?.before ?? "", to: each.to_name ?? each.to_site ?? each.size?.after ?? "",
      before: each.impedance_before ?? null, after: each.impedance_after ?? null,
    }))));
  const box = document.getElementById("changes");
  if (!rows.length) { box.textContent = word("no_differences"); return; }
  makeTable(box, document.getElementById("changes-title").textContent, [
    { key: "change", name: word("change") }, { key: "name", name: word("name") }, { key: "district", name: word("district") },
    { key: "stream", name: word("stream") }, { key: "from", name: word("from") }, { key: "to", name: word("to") },
    { key: "before", name: "A", number: true, text: (row) => row.before === null ? "" : metres(row.before) },
    { key: "after", name: "B", number: true, text: (row) => row.after === null ? "" : metres(row.after) },
  ], rows);
}

async function start() {
  const [told, layer] = await Promise.all([ask(base), ask(`${base}/map`)]);
  indicators(told);
  differences(told);
  const districts = await addDistricts(maps.a, data.a);
  await addDistricts(maps.b, data.b);
  if (districts.getBounds().isValid()) maps.a.fitBounds(districts.getBounds(), { animate: false });
  draw(maps.a, [...layer.features, ...movedFrom(layer.features)], IN_FIRST);
  for (const one of movedFrom(layer.features)) {
    const [lon, lat] = one.geometry.coordinates;
    siteMarker(maps.a, [lat, lon], CHANGES.moved).addTo(maps.a);
  }
  draw(maps.b, layer.features, IN_SECOND);
  await Promise.all([addRoads(maps.a, data.a), addRoads(maps.b, data.b)]);
}
start().catch((error) => { document.getElementById("told").textContent = word("failed", { reason: error.message }); })
  .finally(() => { document.documentElement.dataset.ready = "yes"; });
