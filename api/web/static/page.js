// What every script of the pages uses: the page's data, elements without HTML text, requests.

export const data = JSON.parse(document.getElementById("page-data").textContent);

export function word(key, values = {}) {
  const text = data.words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// An element; children are nodes or text, and text is never read as HTML.
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || String(status));
    this.status = status;
    this.faults = problem.faults || [];
  }
}

export function address(path, query = {}) {
  const asked = new URLSearchParams({ ...query, lang: data.lang });
  return `${path}${path.includes("?") ? "&" : "?"}${asked}`;
}

// The answer as JSON; throws Refused with the reason in the page's language.
export async function ask(path, { method = "GET", body, query = {}, signal } = {}) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRF-Token"] = data.csrf;
  let sent = body;
  if (body !== undefined && !(body instanceof FormData)) {
    headers["Content-Type"] = "application/json";
    sent = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(address(path, query), { method, headers, body: sent, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, { title: word("unreachable") });
  }
  const text = await response.text();
  let told = {};
  try { told = text ? JSON.parse(text) : {}; } catch { /* no JSON: the status says enough */ }
  if (!response.ok) throw new Refused(response.status, told);
  return told;
}

export function metres(value) {
  if (value === null || value === undefined) return "–";
  return value < 999.5
    ? `${Math.round(value)} ${word("m")}`
    : `${(value / 1000).toFixed(value < 99950 ? 1 : 0)} ${word("km")}`;
}

export function figure(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const digits = Number.isInteger(value) || size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
