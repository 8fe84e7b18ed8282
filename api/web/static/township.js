// 服务半径查询: a village or a place in, who serves it out.
import { ask, data, element, metres, word } from "./page.js";
import { COLOURS, addDistricts, addRoads, layerPath, makeMap, popupText, siteMarker, villageMarker } from "./maps.js";

const answerBox = document.getElementById("answer");
const streamChoice = document.getElementById("stream");
const nameField = document.getElementById("village");
const byId = new Map(data.villages.map((one) => [one.id, one]));
const map = makeMap("map");
const shown = L.layerGroup().addTo(map);
let asking = null;
let last = null;

const label = (one) => (data.district ? one.name : `${one.name}（${one.district}）`);

// ---------------------------------------------------------------- asking

async function lookUp(question) {
  const begun = performance.now();
  asking?.abort();
  asking = new AbortController();
  last = question;
  const query = { run: data.run, ...question };
  if (streamChoice.value) query.stream = streamChoice.value;
  try {
    const told = await ask("/api/coverage", { query, signal: asking.signal });
    show(told.answers, question);
  } catch (error) {
    if (error.name === "AbortError") return;
    shown.clearLayers();
    answerBox.replaceChildren(element("p", { class: "bad" }, word("failed", { reason: error.message })));
  }
  document.documentElement.dataset.answerMs = (performance.now() - begun).toFixed(1);
}

const askVillage = (one) => {
  nameField.value = label(one);
  return lookUp({ village: one.id });
};

function show(answers, question) {
  shown.clearLayers();
  const place = answers[0].village;
  const title = question.village
    ? place.name || place.id
    : place && answers[0].from_village_m >= 1
      ? word("from_village", { metres: metres(answers[0].from_village_m), village: place.name })
      : place?.name ?? word("place");
  const where = place ? `${title}（${place.district}）` : word("outside");
  answerBox.replaceChildren(element("h3", {}, where), ...answers.map(card));
  drawAnswers(answers, question);
}

function card(one) {
  const good = one.served && one.within !== false;
  const state = !one.served ? word("not_served") : one.within === false ? word("beyond") : word("served");
  const rows = [];
  const add = (name, ...values) => rows.push(element("div", {}, element("dt", {}, name), element("dd", {}, ...values)));
  if (one.site) {
    add(word("serving_site"), one.site.name ?? word("not_shown"));
    const minutes = one.site.minutes === null ? "" : ` · ${word("minutes", { minutes: one.site.minutes })}`;
    add(word(distanceWord(one.site.measured)), `${metres(one.site.distance_m)}${minutes}`);
  } else if (one.reason) {
    add(word("not_served"), word(`reason_${one.reason}`));
  }
  const promised = one.radius_m === null ? word("no_radius")
    : `${metres(one.radius_m)}${one.served ? ` · ${word(one.within ? "within" : "beyond")}` : ""}`;
  add(word("radius"), promised);
  if (one.clause) add(word("clause"), one.clause);
  if (one.next_nearest.length) {
    add(word("next_nearest"), one.next_nearest.map((site) => `${site.name || site.id} ${metres(site.distance_m)}`).join(data.lang === "zh" ? "；" : "; "));
  }
  return element("article", { class: `card ${good ? "good-card" : "bad-card"}` },
    element("h4", {}, `${one.stream_name} · ${one.tier_name}`),
    element("p", { class: "state" }, state), element("dl", {}, rows));
}

const distanceWord = (measured) => ({ road: "road_distance", walk: "walking_distance" }[measured] ?? "straight_distance");

function drawAnswers(answers, question) {
  const bounds = L.latLngBounds([]);
  const from = question.lat !== undefined
    ? [question.lat, question.lon] : [answers[0].village.lat, answers[0].village.lon];
  bounds.extend(from);
  for (const one of answers) {
    if (one.route) {
      const way = one.route.coordinates.map(([lon, lat]) => [lat, lon]);
      L.polyline(way, { renderer: map.ways, color: COLOURS.way, weight: 4, opacity: 0.85, interactive: false }).addTo(shown);
      bounds.extend(way);
    }
    if (one.site && one.site.lat !== null) {
      siteMarker(map, [one.site.lat, one.site.lon], COLOURS[one.site.status] ?? COLOURS.kept)
        .setRadius(8).bindPopup(popupText(one.site.name)).addTo(shown);
      bounds.extend([one.site.lat, one.site.lon]);
    }
  }
  L.circleMarker(from, { renderer: map.points, radius: 9, color: COLOURS.way, weight: 3, fill: false, interactive: false }).addTo(shown);
  if (bounds.isValid() && !map.getBounds().contains(bounds)) {
    map.fitBounds(bounds.pad(0.3), { maxZoom: 14, animate: false });
  }
}

document.getElementById("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const typed = nameField.value.trim();
  const same = data.villages.find((one) => label(one) === typed)
    ?? data.villages.find((one) => one.name === typed || one.id === typed)
    ?? data.villages.find((one) => typed && one.name.includes(typed));
  if (same) askVillage(same);
  else answerBox.replaceChildren(element("p", { class: "bad" }, word("no_village")));
});
// A name taken from the list is a question already.
nameField.addEventListener("input", (event) => {
  const typed = nameField.value;
  const same = event.inputType === undefined || event.inputType === "insertReplacementText"
    ? data.villages.find((one) => label(one) === typed) : null;
  if (same) askVillage(same);
});
streamChoice.addEventListener("change", () => last && lookUp(last));
document.querySelectorAll("[data-village]").forEach((button) =>
  button.addEventListener("click", () => {
    const one = byId.get(button.dataset.village);
    if (one) askVillage(one);
    answerBox.scrollIntoView({ block: "nearest" });
  }));
document.querySelectorAll("[data-lon]").forEach((button) =>
  button.addEventListener("click", () => {
    const place = [Number(button.dataset.lat), Number(button.dataset.lon)];
    shown.clearLayers();
    siteMarker(map, place, COLOURS.new).setRadius(9).addTo(shown);
    map.setView(place, 14, { animate: false });
    document.getElementById("map").scrollIntoView({ block: "nearest" });
  }));

// ---------------------------------------------------------------- the map

map.on("click", (event) => lookUp({ lon: event.latlng.lng.toFixed(6), lat: event.latlng.lat.toFixed(6) }));
const villages = data.villages.map((one) =>
  villageMarker(map, [one.lat, one.lon], one.covered)
    .on("click", (event) => { L.DomEvent.stopPropagation(event); askVillage(one); })
    .bindTooltip(popupText(one.name)));
L.featureGroup(villages).addTo(map);
if (villages.length) map.fitBounds(L.latLngBounds(data.villages.map((one) => [one.lat, one.lon])).pad(0.1), { animate: false, maxZoom: 14 });

async function backdrop() {
  await addDistricts(map, data.run, data.district);
  const sites = await ask(layerPath(data.run, "facilities"));
  for (const one of sites.features) {
    if (!one.geometry || one.properties.status === "not_chosen") continue;
    const [lon, lat] = one.geometry.coordinates;
    siteMarker(map, [lat, lon], COLOURS[one.properties.status] ?? COLOURS.kept).setRadius(5)
      .bindPopup(popupText(one.properties.name, word(`status_${one.properties.status}`))).addTo(map);
  }
  await addRoads(map, data.run);
}
backdrop().catch(() => {}).finally(() => { document.documentElement.dataset.ready = "yes"; });

// ---------------------------------------------------------------- the task list

document.querySelectorAll("form.comment").forEach((form) =>
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const told = form.querySelector(".told");
    const verdict = form.elements.verdict.value;
    if (!verdict) {
      told.textContent = word("choose_verdict");
      return;
    }
    try {
      const made = await ask(data.comments_to, {
        method: "POST",
        body: { stream: form.dataset.stream, site_id: form.dataset.site, verdict, text: form.elements.text.value },
      });
      told.textContent = word("sent");
      form.closest(".task").querySelector(".comments").append(element("li", {},
        element("b", { class: `verdict ${verdict}` }, word(verdict)), ` ${made.author}${made.text ? `：${made.text}` : ""}`));
      form.elements.text.value = "";
    } catch (error) {
      told.textContent = word("failed", { reason: error.message });
    }
  }));
document.getElementById("print")?.addEventListener("click", () => window.print());
