// One scenario: every fault of its inputs, and the start of a plan.
import { ask, data, word } from "./page.js";
import { faultTable } from "./tables.js";

const told = document.getElementById("told");
const box = document.getElementById("faults");

function byName(fault) {
  let { where, text } = fault;
  for (const [file, name] of Object.entries(data.files)) [where, text] = [where, text].map((said) => said.replaceAll(file, name));
  return { ...fault, where, text };
}

document.getElementById("start").addEventListener("click", async (event) => {
  event.currentTarget.disabled = true;
  try {
    const run = await ask("/api/runs", { method: "POST", body: { scenario_id: data.scenario } });
    location.assign(`/planner/runs/${run.id}`);
  } catch (error) {
    document.getElementById("start").disabled = false;
    told.textContent = word("failed", { reason: error.message });
  }
});

ask(`/api/scenarios/${data.scenario}/validate`, { method: "POST" })
  .then((found) => box.replaceChildren(faultTable(found.faults.map(byName))))
  .catch((error) => { box.textContent = word("failed", { reason: error.message }); });
