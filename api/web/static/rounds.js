// Rounds after a change: what is noted here becomes a run that keeps most rounds as they are.
import { address, ask, data, element, word } from "./page.js";

const told = document.getElementById("told");
const base = `/api/runs/${data.run}`;

async function nameStops(list, stream) {
  const layer = await ask(`${base}/rounds.geojson?stream=${encodeURIComponent(stream)}`);
  const facts = (name) => layer.features.map((one) => one.properties).filter((one) => one.layer === name);
  // A shared store is no stop of its own; who brings there is.
  const stores = new Set(facts("stores").map((one) => one.id));
  const names = new Map([
    ...facts("round_stops").filter((one) => one.kind === "stop" && !stores.has(one.id)).map((one) => [one.id, one.name]),
    ...facts("brings").map((one) => [one.from_id, one.from_name]),
  ]);
  list.replaceChildren(...[...names].map(([id, name]) => element("option", { value: id }, name)));
}

function number(input) {
  return input.value === "" || Number.isNaN(Number(input.value)) ? null : Number(input.value);
}

for (const card of document.querySelectorAll("details.change")) {
  const form = card.querySelector("form");
  const stream = card.dataset.stream;
  const changes = { dropped: [], amounts: {}, added: [] };
  card.addEventListener("toggle", () => nameStops(form.querySelector("datalist"), stream), { once: true });

  const show = () => {
    const lines = [
      ...changes.dropped.map((id) => `${id}: ${word("stop_dropped")}`),
      ...Object.entries(changes.amounts).map(([id, tonnes]) => `${id}: ${tonnes} t`),
      ...changes.added.map((one) => `${one.id}: ${word("stop_added")}, ${one.t_per_yr} t`),
    ];
    form.querySelector(".noted").replaceChildren(...lines.map((text) => element("li", {}, text)));
  };

  const note = {
    dropped(fields) {
      if (fields.stop.value && !changes.dropped.includes(fields.stop.value)) changes.dropped.push(fields.stop.value);
      delete changes.amounts[fields.stop.value];
    },
    amount(fields) {
      if (fields.stop.value && number(fields.tonnes) > 0) changes.amounts[fields.stop.value] = number(fields.tonnes);
    },
    added(fields) {
      const one = { id: fields.id.value, name: fields.name.value, lon: number(fields.lon), lat: number(fields.lat), t_per_yr: number(fields.new_tonnes) };
      if (!one.id || one.lon === null || one.lat === null || !(one.t_per_yr > 0)) return;
      changes.added = [...changes.added.filter((other) => other.id !== one.id), one];
    },
  };
  for (const button of form.querySelectorAll("[data-note]")) {
    button.addEventListener("click", () => { note[button.dataset.note](form.elements); show(); });
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const lorries = [...form.querySelectorAll("[data-depot]")]
      .filter((input) => input.value !== input.defaultValue && number(input) !== null)
      .map((input) => ({ depot: input.dataset.depot, vehicle: input.dataset.vehicle, lorries: number(input) }));
    told.textContent = "";
    try {
      const body = { changes: { [stream]: { ...changes, lorries } } };
      const made = await ask(`${base}/rounds/changes`, { method: "POST", body });
      location.assign(address(`/planner/runs/${made.id}`));
    } catch (error) {
      told.textContent = word("failed", { reason: error.message });
      told.scrollIntoView();
    }
  });
}
