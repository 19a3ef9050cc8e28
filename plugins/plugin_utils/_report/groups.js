/*
Copyright (c) 2026, pgflex.azure contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
*/
// How many servers of each resource group, subscription and region have which status: a chart, and a table beside it.
const SHOWN_GROUPS = 12;

function groupsBy(by) {
  const groups = new Map();
  for (const row of rows) {
    const name = row.server[by] || "unknown: not read";
    const group = groups.get(lower(name)) || { name, servers: 0 };
    group.servers += 1;
    group[row.status] = (group[row.status] || 0) + 1;
    groups.set(lower(name), group);
  }
  // Those that are worst off first. A rollout has made compliant what it changed.
  const good = (group) => (group.compliant || 0) + (group.changed || 0);
  for (const group of groups.values()) group.compliance = Math.floor((100 * good(group)) / group.servers);
  return [...groups.values()].sort((a, b) =>
    (b.servers - good(b)) - (a.servers - good(a)) || a.name.localeCompare(b.name));
}

function groupBar(group) {
  const counts = URGENCY.filter((status) => group[status]).map((status) => [status, group[status]]);
  const said = counts.map(([status, number]) => `${number} ${STATUS[status].slice(2)}`).join(", ");
  const drawing = svg("svg", { class: "bar", role: "img", "aria-label": `${group.name}: ${said}` }, svg("title", {}, said));
  let left = 0;
  for (const [status, number] of counts) {
    const width = (100 * number) / group.servers;
    drawing.append(svg("rect", { x: `${left}%`, y: "5%", width: `${width}%`, height: "90%", class: `part ${status}` }));
    // Where it is too narrow for a number the table has it.
    if (width >= 8) {
      drawing.append(svg("text", { x: `${left + width / 2}%`, y: "50%", "text-anchor": "middle",
        "dominant-baseline": "central", class: status }, `${STATUS[status][0]} ${number}`));
    }
    left += width;
  }
  return drawing;
}

function drawGroups(by) {
  const groups = groupsBy(by);
  const [chart, table] = [at(`chart-${by}`), at(`table-${by}`)];
  const bars = groups.slice(0, SHOWN_GROUPS).map((group) =>
    make("li", [`${group.name}: ${group.compliance} % of ${plural(group.servers, "server", "servers")}`, groupBar(group)]));
  chart.replaceChildren(...bars);
  const left = groups.length - bars.length;
  at(`cut-${by}`).textContent = left ? `${plural(left, "more is", "more are")} in the table only.` : "";
  const titles = COUNTED.map((status) => STATUS[status].slice(2)).map((word) => word[0].toUpperCase() + word.slice(1));
  table.tHead.append(headLine(["Group", "Servers", "Compliant", ...titles, "Compliance"]));
  table.tBodies[0].append(...groups.map((group) => bodyLine(group.name,
    [group.servers, ...["compliant", ...COUNTED].map((status) => group[status] || 0), `${group.compliance} %`])));
}
