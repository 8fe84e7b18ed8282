"use strict";
// What a click shows. Every text goes in by textContent: a name is data, whatever it looks like.
const Popups = (() => {
  function element(tag, className, text) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined && text !== null) node.textContent = text;
    return node;
  }

  const known = (value) => value !== null && value !== undefined && value !== "";

  function number(value, digits) {
    if (!known(value)) return "–";
    const size = Math.abs(value);
    const decimals = digits ?? (size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2);
    return new Intl.NumberFormat("en-US",
      { minimumFractionDigits: digits ?? 0, maximumFractionDigits: decimals }).format(value);
  }

  function formats(words) {
    const unit = words.unit;
    const withUnit = (value, name, digits) => (known(value) ? `${number(value, digits)} ${unit[name]}` : "–");
    const distance = (metres) => (!known(metres) ? "–"
      : metres < 999.5 ? withUnit(metres, "m", 0) : withUnit(metres / 1000, "km", 1));
    const duration = (seconds) => (!known(seconds) ? "–"
      : seconds < 120 ? withUnit(seconds, "s", 0) : withUnit(seconds / 60, "min", seconds < 600 ? 1 : 0));
    // Sheets hold ten thousands of yuan, which is no unit of English.
    const money = (wan) => (words.yuan ? `CNY ${number(wan * 10000, 0)}` : withUnit(wan, "wan_cny"));
    const land = (m2) => (known(m2) ? `${withUnit(m2, "m2", 0)} / ${withUnit(m2 / (2000 / 3), "mu", 1)}` : "–");
    const percent = (fraction) => (known(fraction) ? `${number(fraction * 100, 1)}%` : "–");
    return { withUnit, money, distance, duration, land, percent, cost: (v, u) => (u === "s" ? duration(v) : distance(v)) };
  }

  function rows(table, pairs) {
    pairs.forEach(([name, value, className]) => {
      if (!known(value) || value === "–") return;
      const row = element("tr", className);
      row.append(element("th", "", name), element("td", "", value));
      table.append(row);
    });
  }

  function heading(text, detail, synthetic) {
    const head = element("div", "popup-head");
    head.append(element("strong", "", text));
    if (detail) head.append(element("span", "", detail));
    if (synthetic) head.append(element("em", "synthetic", synthetic));
    return head;
  }

  // One village in one stream: served or not, by which site, how far, and the rule it is held to.
  function villageInStream(data, stream, row) {
    const words = data.words, show = formats(words), demand = stream.demand;
    const block = element("section", "popup-stream");
    const title = element("h4", "", stream.name);
    title.style.borderColor = stream.colour;
    const status = demand.status[row];
    title.append(element("span", `badge status-${status}`, words.village_status[status]));
    const table = element("table");
    rows(table, [[words.demand, known(demand.tonnes[row])
      ? `${show.withUnit(demand.tonnes[row], "t/yr")} (${words.bases[demand.basis[row]] ?? "–"})` : null]]);
    stream.demandLinks[row].forEach(({ tier, k }) => {
      const links = stream.links[tier], to = links.to[k];
      const share = links.share ? links.share[k] : 1;
      rows(table, [
        [words.served_by, stream.facilities.name[to] || stream.facilities.id[to], "strong"],
        [words.share, share < 0.9995 ? show.percent(share) : null],
        [`${links.unit === "s" ? words.time : words.cost} (${words.metrics[Array.isArray(links.measured) ? links.measured[k] : links.measured]})`,
          show.cost(links.cost[k], links.unit)],
      ]);
    });
    if (demand.status[row] === 2) rows(table, [[words.reason, words.reasons[demand.reason[row]]]]);
    const tier = stream.tiers.find((t) => t.serves < 0) || stream.tiers[0];
    rows(table, [
      [words.straight, show.distance(demand.straight[row])],
      [words.snap, show.distance(demand.snap[row])],
      [words.radius, known(tier.radius_m) ? show.distance(tier.radius_m) : null],
      ["", known(tier.radius_m) ? tier.clause : null, "note"],
    ]);
    block.append(title, table);
    return block;
  }

  function village(data, view, point) {
    const words = data.words, show = formats(words), points = data.points;
    const box = element("div", "popup");
    box.append(heading(points.name[point] || points.id[point], points.districts[points.district[point]],
      data.synthetic ? words.synthetic : ""));
    const table = element("table");
    rows(table, [[words.population, known(points.population[point])
      ? show.withUnit(points.population[point], "people", 0) : null]]);
    box.append(table);
    const rest = element("details");
    rest.append(element("summary", "", words.other_streams));
    data.rowsOfPoint[point].forEach(({ s, row }) => {
      (view.streams[s].on ? box : rest).append(villageInStream(data, data.streams[s], row));
    });
    if (rest.children.length > 1) box.append(rest);
    return box;
  }

  function facility(data, s, k) {
    const words = data.words, show = formats(words), stream = data.streams[s];
    const table = stream.facilities, tier = stream.tiers[table.tier[k]];
    const open = table.status[k] <= 2;
    const unit = stream.links[table.tier[k]]?.unit;
    const box = element("div", "popup");
    box.append(heading(table.name[k] || table.id[k], [table.district[k], table.village[k]].filter(Boolean).join(" "),
      data.synthetic ? words.synthetic : ""));
    const title = element("h4", "", `${stream.name} · ${tier.name}`);
    title.style.borderColor = stream.colour;
    const body = element("table");
    rows(body, [
      [words.state, words.status[table.status[k]] + (table.state[k] && table.state[k] !== words.status[table.status[k]]
        ? ` (${table.state[k]})` : ""), "strong"],
      [words.size, table.size[k]],
      [words.capacity, known(table.capacity[k]) ? show.withUnit(table.capacity[k], "t/yr") : open ? words.unlimited : null],
      [words.throughput, open ? show.withUnit(table.throughput[k], "t/yr") : null],
      [words.load_rate, show.percent(table.load[k])],
      [tier.serves < 0 ? words.served_points : words.served_sites, open ? number(table.served[k]) : null],
      [words.people_served, known(table.people[k]) ? show.withUnit(table.people[k], "people", 0) : null],
      [words.mean_distance, show.cost(table.mean[k], unit)],
      [words.worst_distance, show.cost(table.worst[k], unit)],
      [words.radius, known(tier.radius_m) ? show.distance(tier.radius_m) : null],
      ["", known(tier.radius_m) ? tier.clause : null, "note"],
      [words.land, show.land(table.land[k])],
      [words.investment, known(table.investment[k]) ? show.money(table.investment[k]) : null],
      [words.phase, table.phase[k]],
      [words.responsible, table.responsible[k]],
    ]);
    stream.upward[k].forEach(({ tier: upper, k: link }) => {
      const links = stream.links[upper], to = links.to[link];
      rows(body, [[words.onward, `${stream.facilities.name[to]} ${show.cost(links.cost[link], links.unit)}`]]);
    });
    box.append(title, body);
    return box;
  }

  function candidate(data, k) {
    const words = data.words, kept = data.candidates.kept[k];
    const box = element("div", "popup");
    box.append(heading(data.candidates.name[k], kept ? words.candidate_kept : words.candidate_dropped, ""));
    const table = element("table");
    rows(table, [[words.dropped_by, data.candidates.rule[k]]]);
    box.append(table);
    return box;
  }

  return { village, facility, candidate, element, number, formats };
})();
