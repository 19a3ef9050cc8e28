/*
Copyright (c) 2026, pgflex.azure contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
*/
// Draws the report, part by part.
function drawTotals() {
  const totals = report.totals;
  const shown = [["servers", totals.servers]];
  for (const status of ["compliant", ...COUNTED]) shown.push([STATUS[status], totals[status]]);
  for (const name of SHOWN_SIGNS.filter((each) => each in totals)) shown.push([SIGNS[name].join(" "), totals[name]]);
  at("totals").append(...shown.map(([name, number]) => make("div", [make("dt", name), make("dd", String(number))])));
  at("legend").append(...SHOWN_SIGNS.map((name) => make("li", [make("b", SIGNS[name][0], name), ` ${SIGNS[name][1]}`])));
  if (rollout) at("legend").append(make("li", "A server that failed or was not started is shown as it was before."));
  if (report.time) at("time").textContent = `As of ${report.time}`;
  if (report.change_reference) {
    at("change-reference").hidden = false;
    at("change-reference").textContent = `Change reference: ${report.change_reference}`;
  }
  if (report.refusal) {
    at("refusal").hidden = false;
    at("refusal").textContent = `Refused as a whole: ${report.refusal}`;
  }
}

function offerIdentities() {
  at("identity").append(...columns.filter((each) => known.has(each.number)).map((column) => {
    const option = make("option", column.label);
    option.value = String(column.number);
    option.title = column.title;
    return option;
  }));
}

drawTotals();
drawWaves(report.waves || []);
at("changes").hidden = !rollout;
offerIdentities();
const forPaper = [drawAttention(), drawServers()];
for (const by of ["resource_group", "subscription_id", "location"]) drawGroups(by);
window.addEventListener("beforeprint", () => forPaper.forEach((drawAll) => drawAll()));
