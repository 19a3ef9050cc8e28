/*
Copyright (c) 2026, pgflex.azure contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
*/
// The report from the JSON in the page, and what all parts draw with. All texts go in as textContent or attributes,
// never as HTML. The scripts of this folder stand in one script element, in the order that html.py names.
"use strict";
const report = JSON.parse(document.getElementById("report").textContent);
const rollout = report.kind === "rollout";
const SIGNS = {
  held: ["●", "held"], encrypting: ["◆", "held, encrypts the data"], missing: ["+", "missing"],
  extra: ["✕", "extra"], added: ["+", "added"], removed: ["✕", "removed"],
  replica_lacks: ["○", "held by its primary, not by this replica"],
};
// In the order of their urgency.
const STATUS = {
  failed: "! failed", not_started: "○ not started", drifted: "△ drifted", undeclared: "? undeclared",
  changed: "→ changed", compliant: "✓ compliant",
};
const URGENCY = Object.keys(STATUS);
const CHUNK = 50;
const SYSTEM = -1;
// Statuses that are counted beside "compliant": what this kind of report is about, and what went wrong.
const COUNTED = [rollout ? "changed" : "drifted",
  ...["undeclared", "failed", "not_started"].filter((each) => each === "failed" || report.totals[each])];
const needsAttention = (row) => (row.status !== "compliant" && row.status !== "changed")
  || [...row.cells.values()].some((identity) => identity.status === "replica_lacks");

const at = (id) => document.getElementById(id);
const plural = (number, one, many) => `${number} ${number === 1 ? one : many}`;

function make(tag, content, className) {
  const node = document.createElement(tag);
  if (content !== undefined) node.append(...[content].flat());
  if (className) node.className = className;
  return node;
}

function svg(tag, facts, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  // Attributes: the page's policy forbids style attributes.
  for (const [name, value] of Object.entries(facts)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function scoped(scope, content) {
  const cell = make("th", content);
  cell.scope = scope;
  return cell;
}

const headLine = (titles) => make("tr", titles.map((title) => scoped("col", title)));
const bodyLine = (head, cells) =>
  make("tr", [scoped("row", head), ...cells.map((each) => (each instanceof Node ? each : make("td", String(each))))]);

// Columns: by the identity's name, then by its resource group; the system-assigned one first.
const columns = report.identities.map((each, number) => {
  const [, , subscription, , group = ""] = each.id.split("/");
  return { number, name: each.name, group, subscription, title: each.id };
});
const lower = (text) => text.toLowerCase();
columns.sort((a, b) => lower(a.name).localeCompare(lower(b.name)) || lower(a.group).localeCompare(lower(b.group))
  || a.title.localeCompare(b.title));
const alike = (these, by) => {
  const found = new Map();
  for (const each of these) found.set(by(each), [...(found.get(by(each)) || []), each]);
  return [...found.values()];
};
for (const sameName of alike(columns, (each) => lower(each.name))) {
  for (const same of alike(sameName, (each) => lower(each.group))) {
    for (const each of same) {
      // Of one name in one group of several subscriptions only the subscription tells.
      each.place = same.length > 1 ? `${each.group}, subscription ${each.subscription}` : each.group;
      each.label = sameName.length > 1 ? `${each.name} (${each.place})` : each.name;
    }
  }
}
columns.unshift({ number: SYSTEM, name: "system-assigned", label: "system-assigned", place: "",
  title: "system-assigned identity" });

const rows = report.servers.map((each) => {
  const server = each.server || {};
  const tags = Object.entries(server.tags || {}).map(([name, value]) => `${name}=${value}`);
  const cells = new Map(report.holdings[each.identities].map(([number, status, ...uses]) => [number, { status, uses }]));
  if (each.system_assigned) cells.set(SYSTEM, { status: each.system_assigned, uses: [] });
  const source = (server.source_server_id || "").split("/").pop();
  const replica = source && `replica of ${source}`;
  const name = server.name || each.host;
  const about = [name === each.host ? "" : `host ${each.host}`, server.resource_group, server.location, server.state,
    source && server.replication_role].filter(Boolean).join(" · ");
  const words = [each.host, server.id, name, about, replica, each.message, ...each.notes, STATUS[each.status], ...tags];
  return { ...each, server, name, tags, cells, replica, about, words: lower(words.filter(Boolean).join("\n")) };
});
rows.sort((a, b) => URGENCY.indexOf(a.status) - URGENCY.indexOf(b.status));
const known = new Set(rows.flatMap((row) => [...row.cells.keys()]));
const SHOWN_SIGNS = ["held", "encrypting", ...(rollout ? ["added", "removed"] : ["missing", "extra"]),
  ...(report.totals.replica_lacks ? ["replica_lacks"] : [])];
const signOf = (identity) => (identity.status === "held" && identity.uses.length ? "encrypting" : identity.status);

// Draws what is long in parts, as they are scrolled to, and says how many are left; `all` draws the rest, for paper.
function inParts(body, more, root, draw) {
  let [items, drawn] = [[], 0];
  const upTo = (until) => {
    const part = document.createDocumentFragment();
    part.append(...items.slice(drawn, until).map(draw));
    body.append(part);
    drawn = Math.max(drawn, Math.min(until, items.length));
    more.textContent = drawn < items.length ? `${items.length - drawn} more below` : items.length ? "" : "No server matches.";
  };
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((each) => each.isIntersecting) || drawn >= items.length) return;
    upTo(drawn + CHUNK);
    // It tells of changes only: still in sight is told again this way.
    observer.unobserve(more);
    observer.observe(more);
  }, { root, rootMargin: "800px" });
  observer.observe(more);
  return {
    start(shown) {
      [items, drawn] = [shown, 0];
      body.replaceChildren();
      upTo(CHUNK);
    },
    all: () => upTo(items.length),
  };
}
