// Leaflet without a base map: borders, roads, villages and sites of the plan itself.
import { ask, word } from "./page.js";

export const COLOURS = {
  covered: "#1f6f54", uncovered: "#c2410c", kept: "#1d4ed8", expanded: "#6d28d9", new: "#b91c1c",
  closed: "#4b5563", not_chosen: "#9ca3af", road: "#b9b3a6", border: "#6b7280", way: "#111827",
};

export function makeMap(id) {
  const map = L.map(id, {
    preferCanvas: true, zoomControl: false, attributionControl: false, maxZoom: 18,
    zoomSnap: 0.25, wheelPxPerZoomLevel: 90, // whole steps leave a county on half of its map
  });
  L.control.zoom({ zoomInTitle: word("zoom_in"), zoomOutTitle: word("zoom_out") }).addTo(map);
  L.control.scale({ imperial: false }).addTo(map);
  map.setView([36, 115], 8);
  // Villages and sites lie above roads and areas, whenever these arrive.
  for (const [name, level] of [["ground", 250], ["ways", 390], ["points", 410]]) {
    map.createPane(name).style.zIndex = String(level);
  }
  map.ground = L.canvas({ pane: "ground" });
  map.ways = L.canvas({ pane: "ways" });
  map.points = L.canvas({ pane: "points", tolerance: 6 });
  return map;
}

export const layerPath = (run, name) => `/api/runs/${run}/layers/${name}.geojson`;

export function popupText(...lines) {
  const box = document.createElement("div");
  for (const line of lines.filter(Boolean)) {
    const row = document.createElement("div");
    row.textContent = line;
    box.append(row);
  }
  return box;
}

export async function addDistricts(map, run, chosen = "") {
  const found = await ask(layerPath(run, "districts"));
  const layer = L.geoJSON(found, {
    renderer: map.ground, interactive: false,
    style: (feature) => ({
      color: COLOURS.border, weight: feature.properties.name === chosen ? 2.5 : 1,
      fillColor: "#f5d76e", fillOpacity: feature.properties.name === chosen ? 0.18 : 0,
    }),
  }).addTo(map);
  return layer;
}

export async function addRoads(map, run) {
  const found = await ask(layerPath(run, "roads"));
  return L.geoJSON(found, {
    renderer: map.ground, interactive: false,
    style: (feature) => ({
      color: COLOURS.road,
      weight: ["motorway", "trunk", "primary"].includes(feature.properties.class) ? 2 : 1,
    }),
  }).addTo(map);
}

// A square for a site, a dot for a village: told apart without colour.
export function siteMarker(map, place, colour) {
  const Square = siteMarker.kind ??= L.CircleMarker.extend({
    _updatePath() {
      if (!this._renderer._drawing || this._empty()) return;
      const { _ctx: pen } = this._renderer;
      const { x, y } = this._point, half = this._radius;
      pen.beginPath();
      pen.rect(x - half, y - half, 2 * half, 2 * half);
      this._renderer._fillStroke(pen, this);
    },
  });
  return new Square(place, {
    renderer: map.points, radius: 6, color: "#fff", weight: 1.5, fillColor: colour, fillOpacity: 1,
  });
}

export function villageMarker(map, place, covered) {
  return L.circleMarker(place, {
    renderer: map.points, radius: covered ? 4 : 6, color: "#fff", weight: 1,
    fillColor: covered ? COLOURS.covered : COLOURS.uncovered, fillOpacity: 1,
  });
}
