// The list of plans and scenarios.
import { ask, word } from "./page.js";

const told = document.getElementById("told");

async function tried(work) {
  told.textContent = "";
  try { await work(); } catch (error) { told.textContent = word("failed", { reason: error.message }); }
}

document.querySelectorAll("[data-start]").forEach((button) =>
  button.addEventListener("click", () => tried(async () => {
    button.disabled = true;
    const run = await ask("/api/runs", { method: "POST", body: { scenario_id: button.dataset.start } })
      .finally(() => { button.disabled = false; });
    location.assign(`/planner/runs/${run.id}`);
  })));
document.querySelectorAll("[data-delete]").forEach((button) =>
  button.addEventListener("click", () => tried(async () => {
    if (!confirm(word("confirm_delete"))) return;
    await ask(button.dataset.delete, { method: "DELETE" });
    location.reload();
  })));

// Those on their way move on without a reload.
async function look() {
  const waiting = [...document.querySelectorAll("tr[data-run]")].filter((row) =>
    row.querySelector(".tag.running, .tag.queued"));
  if (!waiting.length) return;
  for (const row of waiting) {
    const run = await ask(`/api/runs/${row.dataset.run}`);
    const tag = row.querySelector("[data-state]");
    if (["finished", "failed", "cancelled"].includes(run.state)) { location.reload(); return; }
    tag.className = `tag ${run.state}`;
    tag.textContent = `${word(`state_${run.state}`)} ${Math.round(run.percent)}%`;
    row.querySelector("[data-percent]")?.remove();
  }
  setTimeout(() => look().catch(() => {}), 3000);
}
setTimeout(() => look().catch(() => {}), 2000);
