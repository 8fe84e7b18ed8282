// Tables that sort and filter; rows are objects, columns say how to show them.
import { element, figure, word } from "./page.js";

const PAGE = 200;

// columns: [{ key, name, number, text(row), cell(row) }]
export function makeTable(box, title, columns, rows) {
  let shown = PAGE, sorted = null, direction = 1;
  const field = element("input", { type: "search", autocomplete: "off" });
  const told = element("span", { class: "quiet", role: "status" });
  const more = element("button", { type: "button", class: "second" }, word("more"));
  const body = element("tbody");
  const heads = columns.map((column) => {
    const button = element("button", { type: "button", "aria-label": word("sort_by", { column: column.name }) }, column.name);
    const head = element("th", { scope: "col", class: column.number ? "figure" : null }, button);
    button.addEventListener("click", () => {
      direction = sorted === column ? -direction : 1;
      sorted = column;
      heads.forEach((one) => one.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
      draw();
    });
    return head;
  });
  const text = (column, row) => {
    if (column.text) return column.text(row);
    const value = row[column.key];
    return column.number ? figure(value) : value ?? "";
  };
  const searched = new Map(rows.map((row) => [row, columns.map((column) => text(column, row)).join(" ").toLowerCase()]));

  function chosen() {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = rows.filter((row) => words.every((one) => searched.get(row).includes(one)));
    if (!sorted) return found;
    const value = (row) => sorted.number ? row[sorted.key] : text(sorted, row);
    return found.sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === y) return 0;
      if (x === null || x === undefined || x === "") return 1;
      if (y === null || y === undefined || y === "") return -1;
      return direction * (sorted.number ? x - y : String(x).localeCompare(String(y), "zh-Hans-CN", { numeric: true }));
    });
  }

  function draw() {
    const found = chosen();
    body.replaceChildren(...found.slice(0, shown).map((row) => element("tr", {}, columns.map((column) =>
      element("td", { class: column.number ? "figure" : null }, column.cell ? column.cell(row) : String(text(column, row)))))));
    told.textContent = word("rows_of", { shown: Math.min(shown, found.length), total: found.length });
    more.hidden = found.length <= shown;
  }
  field.addEventListener("input", () => { shown = PAGE; draw(); });
  more.addEventListener("click", () => { shown += PAGE * 5; draw(); });
  draw();
  box.replaceChildren(
    element("div", { class: "bar" }, element("label", {}, word("filter"), " ", field), told),
    element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": word("table_of", { title }) },
      element("table", {}, element("thead", {}, element("tr", {}, heads)), body)), more);
}

// Faults with their rows.
export function faultTable(faults) {
  if (!faults.length) return element("p", { class: "good" }, word("no_faults"));
  const rows = faults.map((one) => element("tr", {},
    element("td", {}, one.where), element("td", { class: "figure" }, one.row === null ? "–" : String(one.row)),
    element("td", { class: one.severity === "error" ? "bad" : "warned" }, word(`severity_${one.severity}`)),
    element("td", {}, one.text)));
  const head = ["where", "row", null, "what"].map((key) =>
    element("th", { scope: "col", class: key === "row" ? "figure" : null }, key ? word(key) : ""));
  head[2].textContent = word("status");
  return element("div", {}, element("p", {}, word("faults_found", { n: faults.length })),
    element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": word("faults_found", { n: faults.length }) },
      element("table", {}, element("thead", {}, element("tr", {}, head)), element("tbody", {}, rows))));
}
