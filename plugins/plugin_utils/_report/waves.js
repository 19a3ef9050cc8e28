/*
Copyright (c) 2026, pgflex.azure contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
*/
// Draws the waves of a rollout on one time axis; of a plan their sizes, if there are several. It stands in the same
// script element as report.js, which calls it with its own functions.
function drawWaves(waves, make, headLine) {
  "use strict";
  const at = (id) => document.getElementById(id);
  const svg = (tag, facts) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    // Attributes: the page's policy forbids style attributes.
    for (const [name, value] of Object.entries(facts)) node.setAttribute(name, value);
    return node;
  };
  const times = waves.flatMap((wave) => [wave.started, wave.ended]).filter(Boolean).map(Date.parse);
  if (!times.length && waves.length < 2) return;
  at("waves-section").hidden = false;
  if (!times.length) {
    at("waves-title").textContent = "Planned waves";
    at("waves").tHead.append(headLine(["Wave", "Servers to change"]));
    at("waves").tBodies[0].append(...waves.map((wave, number) => line(number, [wave.servers])));
    return;
  }
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const day = (time) => new Date(time).toISOString().slice(0, 10);
  const clock = (time) => new Date(time).toISOString().slice(11, 19);
  const oneDay = day(first) === day(last);
  const moment = (time) => (oneDay ? clock(time) : `${day(time)} ${clock(time)}`);

  function line(number, cells) {
    const row = make("tr");
    const head = make("th", String(number + 1));
    head.scope = "row";
    row.append(head, ...cells.map((each) => (each instanceof Node ? each : make("td", String(each)))));
    return row;
  }

  function duration(seconds) {
    const parts = [[Math.floor(seconds / 3600), "h"], [Math.floor(seconds / 60) % 60, "min"], [seconds % 60, "s"]];
    return parts.filter(([number]) => number).map((each) => each.join(" ")).join(" ") || "0 s";
  }

  function bar(wave, start, end) {
    const span = Math.max(last - first, 1000);
    const width = Math.max((100 * (end - start)) / span, 1);
    const left = Math.min((100 * (start - first)) / span, 100 - width);
    const said = `${moment(start)} to ${moment(end)}, ${wave.failed} failed`;
    const drawing = svg("svg", { class: "bar", role: "img", "aria-label": said });
    const title = svg("title", {});
    title.textContent = said;
    drawing.append(title);
    for (const place of ["0", "50%", "100%"]) drawing.append(svg("line", { x1: place, x2: place, y1: "0", y2: "100%" }));
    const part = (kind, height) => drawing.append(svg("rect", {
      x: `${left}%`, width: `${width}%`, y: `${85 - height}%`, height: `${height}%`, class: kind,
    }));
    part("done", 70);
    // In proportion, and a single one among thousands is seen as well.
    if (wave.failed) part("failed", Math.max((70 * wave.failed) / wave.servers, 15));
    const cell = make("td");
    cell.append(drawing);
    return cell;
  }

  function waveLine(wave, number) {
    const failed = make("td", String(wave.failed), wave.failed ? "failed" : "");
    const counts = [wave.servers, wave.changed, failed, wave.not_started];
    if (!wave.started || !wave.ended) return line(number, [...counts, "", "", "", "not started"]);
    const [start, end] = [Date.parse(wave.started), Date.parse(wave.ended)];
    const when = [moment(start), moment(end), duration((end - start) / 1000)];
    return line(number, [...counts, ...when, bar(wave, start, end)]);
  }

  const head = headLine(["Wave", "Servers", "Changed", "Failed", "Not started", "Start", "End", "Duration", "Timeline"]);
  const axis = make("div", undefined, "axis");
  axis.append(...[first, (first + last) / 2, last].map((time) => make("span", clock(time))));
  head.lastChild.append(axis);
  at("waves-note").textContent = oneDay ? `${day(first)}, times in UTC` : "Times in UTC";
  at("waves").tHead.append(head);
  at("waves").tBodies[0].append(...waves.map(waveLine));
}
