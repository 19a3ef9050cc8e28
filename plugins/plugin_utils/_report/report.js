
/*
Copyright (c) 2026, pgflex.azure contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
*/
// Draws the report from the JSON in the page. All texts go in as textContent or attributes, never as HTML.
"use strict";
(() => {
  const report = JSON.parse(document.getElementById("report").textContent);
  const at = (id) => document.getElementById(id);
  const rollout = report.kind === "rollout";
  const SIGNS = {
    held: ["●", "held"], encrypting: ["◆", "held, encrypts the data"], missing: ["+", "missing"],
    extra: ["✕", "extra"], added: ["+", "added"], removed: ["✕", "removed"],
    replica_lacks: ["○", "held by its primary, not by this replica"],
  };
  const SHOWN_SIGNS = ["held", "encrypting", ...(rollout ? ["added", "removed"] : ["missing", "extra"]),
    ...(report.totals.replica_lacks ? ["replica_lacks"] : [])];
  // In the order of their urgency.
  const STATUS = {
    failed: "! failed", not_started: "○ not started", drifted: "△ drifted", undeclared: "? undeclared",
    changed: "→ changed", compliant: "✓ compliant",
  };
  const URGENCY = Object.keys(STATUS);
  const CHUNK = 100;
  const SYSTEM = -1;

  function make(tag, text, className) {
    const node = document.createElement(tag);
    if (text !== undefined) node.textContent = text;
    if (className) node.className = className;
    return node;
  }

  // Columns: the identities by label, the system-assigned one first.
  const sameName = new Map();
  for (const each of report.identities) {
    const name = each.name.toLowerCase();
    sameName.set(name, (sameName.get(name) || 0) + 1);
  }
  const columns = report.identities.map((each, number) => {
    const group = each.id.split("/")[4] || "";
    const label = sameName.get(each.name.toLowerCase()) > 1 ? `${each.name} (${group})` : each.name;
    return { number, label, title: each.id };
  });
  columns.sort((a, b) => a.label.localeCompare(b.label));
  columns.unshift({ number: SYSTEM, label: "system-assigned", title: "system-assigned identity" });

  const rows = report.servers.map((each) => {
    const server = each.server || {};
    const tags = Object.entries(server.tags || {}).map(([name, value]) => `${name}=${value}`);
    const cells = new Map(each.identities.map(([number, status, ...uses]) => [number, { status, uses }]));
    if (each.system_assigned) cells.set(SYSTEM, { status: each.system_assigned, uses: [] });
    const source = (server.source_server_id || "").split("/").pop();
    const role = source && `${server.replication_role || "replica"} of ${source}`;
    const place = [server.resource_group, server.location, server.state, role].filter(Boolean).join(" · ");
    const words = [each.host, server.id, server.name, place, each.message, ...each.notes, STATUS[each.status], ...tags];
    return { ...each, server, tags, cells, place, words: words.filter(Boolean).join("\n").toLowerCase() };
  });
  rows.sort((a, b) => URGENCY.indexOf(a.status) - URGENCY.indexOf(b.status));
  // Statuses that are counted beside "compliant": what this kind of report is about, and what went wrong.
  const rare = ["undeclared", "failed", "not_started"].filter((each) => each === "failed" || report.totals[each]);
  const counted = [rollout ? "changed" : "drifted", ...rare];
  const needsAttention = (status) => status !== "compliant" && status !== "changed";

  function drawTotals() {
    const totals = report.totals;
    const shown = [["servers", totals.servers]];
    for (const status of ["compliant", ...counted]) shown.push([STATUS[status], totals[status]]);
    for (const name of SHOWN_SIGNS.filter((each) => each in totals)) shown.push([SIGNS[name].join(" "), totals[name]]);
    for (const [name, number] of shown) {
      const box = make("div");
      box.append(make("dt", name), make("dd", String(number)));
      at("totals").append(box);
    }
    for (const name of SHOWN_SIGNS) {
      const line = make("li");
      line.append(make("b", SIGNS[name][0], name), ` ${SIGNS[name][1]}`);
      at("legend").append(line);
    }
    if (rollout) at("legend").append(make("li", "A server that failed or was not started is shown as it was before."));
    if (report.time) at("time").textContent = `As of ${report.time}`;
  }

  function headCell(column) {
    const cell = make("th", undefined, "identity");
    cell.scope = "col";
    cell.title = column.title;
    cell.append(make("span", column.label));
    return cell;
  }

  function rowHead(row) {
    const head = make("th", row.server.name || row.host);
    head.scope = "row";
    head.title = row.server.id || row.host;
    const about = [row.host === row.server.name ? "" : `host ${row.host}`, row.place].filter(Boolean).join(" · ");
    if (row.server.name) head.append(make("span", about, "small"));
    if (row.tags.length) head.append(make("span", row.tags.join(", "), "small"));
    for (const note of row.notes) head.append(make("span", note, "small"));
    if (row.message) head.append(make("span", row.message, "message"));
    return head;
  }

  function matrixCell(row, column) {
    const identity = row.cells.get(column.number);
    if (!identity) return make("td");
    const sign = identity.status === "held" && identity.uses.length ? "encrypting" : identity.status;
    const cell = make("td", SIGNS[sign][0], sign);
    const uses = identity.uses.length ? `, used for ${identity.uses.join(" and ").replace(/_/g, " ")}` : "";
    const label = SIGNS[identity.status][1] + uses;
    cell.title = `${row.host}: ${column.label} ${label}`;
    cell.setAttribute("aria-label", label);
    return cell;
  }

  let shownRows = [];
  let shownColumns = [];
  let drawn = 0;

  function drawMore(until) {
    const part = document.createDocumentFragment();
    for (const row of shownRows.slice(drawn, until)) {
      const line = make("tr");
      line.append(rowHead(row), make("td", STATUS[row.status], `status ${row.status}`));
      line.append(...shownColumns.map((column) => matrixCell(row, column)));
      part.append(line);
    }
    at("matrix").tBodies[0].append(part);
    drawn = Math.min(until, shownRows.length);
    const left = shownRows.length - drawn;
    at("more").textContent = left ? `${left} more below` : shownRows.length ? "" : "No server matches.";
  }

  function drawMatrix() {
    const words = at("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = at("identity").value === "" ? null : Number(at("identity").value);
    const [attention, changes] = [at("only-attention").checked, at("only-changed").checked];
    shownRows = rows.filter((row) =>
      (!attention && !changes || attention && needsAttention(row.status) || changes && row.status === "changed")
      && (chosen === null || row.cells.has(chosen))
      && words.every((word) => row.words.includes(word)));
    const used = new Set(chosen === null ? shownRows.flatMap((row) => [...row.cells.keys()]) : [chosen]);
    shownColumns = columns.filter((column) => used.has(column.number));
    const head = headLine(["Server", "Status"]);
    head.append(...shownColumns.map(headCell));
    at("matrix").tHead.replaceChildren(head);
    at("matrix").tBodies[0].replaceChildren();
    at("matrix-frame").scrollTop = 0;
    const wide = `${shownColumns.length} ${shownColumns.length === 1 ? "identity" : "identities"}`;
    at("shown").textContent = `${shownRows.length} of ${rows.length} servers, ${wide}`;
    drawn = 0;
    drawMore(CHUNK);
  }

  function drawGroups() {
    const by = at("group-by").value;
    const groups = new Map();
    for (const row of rows) {
      const name = row.server[by] || "unknown: not read";
      const group = groups.get(name.toLowerCase()) || { name, servers: 0, attention: 0 };
      group.servers += 1;
      group.attention += needsAttention(row.status);
      group[row.status] = (group[row.status] || 0) + 1;
      groups.set(name.toLowerCase(), group);
    }
    const sorted = [...groups.values()].sort((a, b) =>
      b.attention - a.attention || a.name.localeCompare(b.name));
    at("groups").tBodies[0].replaceChildren(...sorted.map((group) => {
      const line = make("tr");
      const head = make("th", group.name);
      head.scope = "row";
      const share = make("td");
      const bar = make("progress");
      bar.max = group.servers;
      bar.value = group.attention;
      const percent = `${Math.round((100 * bar.value) / group.servers)} %`;
      bar.setAttribute("aria-label", percent);
      share.append(bar, ` ${percent}`);
      const numbers = [group.servers, ...counted.map((status) => group[status] || 0)];
      line.append(head, ...numbers.map((number) => make("td", String(number))), share);
      return line;
    }));
  }

  function headLine(titles) {
    const line = make("tr");
    for (const title of titles) {
      const cell = make("th", title);
      cell.scope = "col";
      line.append(cell);
    }
    return line;
  }

  drawTotals();
  drawWaves(report.waves, make, headLine);
  at("changes").hidden = !rollout;
  const heads = counted.map((status) => STATUS[status].slice(2)).map((word) => word[0].toUpperCase() + word.slice(1));
  at("groups").tHead.append(headLine(["Group", "Servers", ...heads, "Needs attention"]));
  const known = new Set(rows.flatMap((row) => [...row.cells.keys()]));
  for (const column of columns.filter((each) => known.has(each.number))) {
    const option = make("option", column.label);
    option.value = String(column.number);
    option.title = column.title;
    at("identity").append(option);
  }
  const controls = document.querySelector("form");
  controls.addEventListener("submit", (event) => event.preventDefault());
  controls.addEventListener("reset", () => setTimeout(drawMatrix));
  controls.addEventListener("input", drawMatrix);
  at("group-by").addEventListener("input", drawGroups);
  // Rows are drawn as they are scrolled to, and all of them for paper.
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((each) => each.isIntersecting) || drawn >= shownRows.length) return;
    drawMore(drawn + CHUNK);
    // It tells of changes only: still in sight is told again this way.
    observer.unobserve(at("more"));
    observer.observe(at("more"));
  }, { root: at("matrix-frame"), rootMargin: "800px" });
  observer.observe(at("more"));
  window.addEventListener("beforeprint", () => drawMore(shownRows.length));
  drawMatrix();
  drawGroups();
})();
