// A plan on its way: its progress with the gap falling; and what is done with a plan as a whole.
import { address, ask, data, word } from "./page.js";

const told = document.getElementById("told");
const at = (id) => document.getElementById(id);
const base = `/api/runs/${data.run}`;

async function tried(work) {
  told.textContent = "";
  try { await work(); } catch (error) { told.textContent = word("failed", { reason: error.message }); }
}

at("cancel")?.addEventListener("click", () => tried(async () => {
  await ask(`${base}/cancel`, { method: "POST" });
  at("step").textContent = word("cancelling");
}));
at("delete")?.addEventListener("click", () => tried(async () => {
  if (!confirm(word("confirm_delete"))) return;
  await ask(base, { method: "DELETE" });
  location.assign("/planner");
}));
at("publish")?.addEventListener("click", () => tried(async () => {
  const wanted = at("publish").getAttribute("aria-pressed") !== "true";
  await ask(`${base}/publication`, { method: "PUT", body: { published: wanted } });
  at("publish").setAttribute("aria-pressed", String(wanted));
}));
at("rounds")?.addEventListener("click", () => tried(async () => {
  const body = { time_limit_s: Number(at("rounds").dataset.seconds) };
  const made = await ask(`${base}/rounds`, { method: "POST", body });
  location.assign(`/planner/runs/${made.id}`);
}));
// The sheet is large: it is fetched when somebody wants to see it.
at("full-map")?.addEventListener("toggle", () => {
  const frame = at("map-sheet");
  if (!frame.src) frame.src = frame.dataset.src;
});

// ---------------------------------------------------------------- progress

const gaps = [];
let begun = null;
let lastStep = "";

function drawGaps() {
  if (!gaps.length) return;
  const last = Math.max(gaps.at(-1).seconds, 1);
  const top = Math.max(...gaps.map((one) => one.gap), 0.01);
  at("gap-line").setAttribute("points", gaps.map((one) =>
    `${(50 + 540 * one.seconds / last).toFixed(1)},${(150 - 140 * one.gap / top).toFixed(1)}`).join(" "));
  at("gap-top").textContent = `${(top * 100).toFixed(top < 0.1 ? 1 : 0)}%`;
  at("gap-seconds").textContent = `${Math.round(last)} s`;
}

function progressed(event) {
  const news = JSON.parse(event.data);
  at("bar").value = news.percent;
  at("percent").textContent = `${Math.round(news.percent)}%`;
  const known = data.words[`step_${news.phase}`] ?? word("step_solve");
  const step = [known, data.streams[news.stream] ?? news.stream].filter(Boolean).join(" · ");
  if (step !== lastStep) at("step").textContent = lastStep = step;
  if (news.phase?.startsWith("rounds_") && news.objective !== null) {
    at("gap").textContent = word("cost_now", { cost: Math.round(news.objective).toLocaleString("en-US") });
  }
  if (news.phase && news.gap !== null) {
    const seconds = (Date.parse(news.at) - (begun ??= Date.parse(news.at))) / 1000;
    gaps.push({ seconds, gap: Math.min(news.gap, 1) });
    at("gap").textContent = word("gap_now", { percent: `${Math.max(Math.ceil(news.gap * 1000 - 1e-9) / 10, news.gap > 0 ? 0.1 : 0)}%` });
    drawGaps();
  }
}

if (!data.ended) {
  const source = new EventSource(address(`${base}/events`));
  source.addEventListener("progress", progressed);
  source.addEventListener("started", () => { at("state").textContent = word("state_running"); at("state").className = "tag running"; });
  source.addEventListener("requeued", () => { at("step").textContent = word("requeued"); gaps.length = 0; begun = null; });
  source.addEventListener("so_far", async () => (await import("./rounds_so_far.js")).refresh());
  // Rounds that were stopped are there at once; their files follow, which the page then waits for.
  source.addEventListener("cancelled", () => { source.close(); location.reload(); });
  source.addEventListener("cancelling", () => { at("step").textContent = word("cancelling"); });
  source.addEventListener("end", () => { source.close(); location.reload(); });
}
if (data.files_come) {
  const source = new EventSource(address(`${base}/events`));
  source.addEventListener("end", () => { source.close(); location.reload(); });
}
if (data.ended && document.getElementById("so-far-map")) (await import("./rounds_so_far.js")).drawKept();
