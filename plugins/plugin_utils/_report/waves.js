/*
Copyright (c) 2026, pgflex.azure contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
*/
// Draws the waves of a rollout on one time axis, and what it assigned and removed by then; of a plan the sizes of its
// waves.
function drawWaves(waves) {
  const times = waves.flatMap((wave) => [wave.started, wave.ended]).filter(Boolean).map(Date.parse);
  if (!waves.length) return;
  at("waves-section").hidden = false;
  if (!times.length) {
    at("waves-title").textContent = "Planned waves";
    at("waves").tHead.append(headLine(["Wave", "Servers to change"]));
    at("waves").tBodies[0].append(...waves.map((wave, number) => bodyLine(String(number + 1), [wave.servers])));
    return;
  }
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const span = Math.max(last - first, 1000);
  const day = (time) => new Date(time).toISOString().slice(0, 10);
  const clock = (time) => new Date(time).toISOString().slice(11, 19);
  const oneDay = day(first) === day(last);
  const moment = (time) => (oneDay ? clock(time) : `${day(time)} ${clock(time)}`);
  const axis = () => make("div", [first, (first + last) / 2, last].map((time) => make("span", clock(time))), "axis");

  function duration(seconds) {
    const parts = [[Math.floor(seconds / 3600), "h"], [Math.floor(seconds / 60) % 60, "min"], [seconds % 60, "s"]];
    return parts.filter(([number]) => number).map((each) => each.join(" ")).join(" ") || "0 s";
  }

  function outcome(wave) {
    if (!wave.started || !wave.ended) return "○ not started";
    if (wave.failed) return `! ${wave.failed} of ${wave.servers} failed`;
    return wave.not_started ? `○ ${wave.not_started} of ${wave.servers} not started` : "✓ none failed";
  }

  function bar(wave, start, end) {
    const width = Math.max((100 * (end - start)) / span, 1);
    const left = Math.min((100 * (start - first)) / span, 100 - width);
    const said = `${moment(start)} to ${moment(end)}, ${wave.failed} failed`;
    const drawing = svg("svg", { class: "bar", role: "img", "aria-label": said }, svg("title", {}, said));
    for (const place of ["0", "50%", "100%"]) drawing.append(svg("line", { x1: place, x2: place, y1: "0", y2: "100%" }));
    const part = (kind, height) => drawing.append(svg("rect", {
      x: `${left}%`, width: `${width}%`, y: `${85 - height}%`, height: `${height}%`, class: kind,
    }));
    // No part of a bar with a failure looks like success.
    part(wave.failed ? "partly" : "done", 70);
    // In proportion, and a single one among thousands is seen as well.
    if (wave.failed) part("failed", Math.max((70 * wave.failed) / wave.servers, 20));
    return make("td", [drawing]);
  }

  function waveLine(wave, number) {
    const result = make("td", outcome(wave), "outcome");
    const counts = [result, wave.servers, wave.changed, wave.failed, wave.not_started];
    const [start, end] = [wave.started, wave.ended].map((each) => each && Date.parse(each));
    const rest = start && end ? [moment(start), moment(end), duration((end - start) / 1000), bar(wave, start, end)] : ["", "", "", ""];
    const line = bodyLine(String(number + 1), [...counts, ...rest]);
    line.className = wave.failed ? "failed-wave" : "";
    return line;
  }

  function drawProgress() {
    const ended = waves.filter((wave) => wave.ended);
    const steps = [];
    let [added, removed] = [0, 0];
    for (const wave of ended) {
      [added, removed] = [added + wave.added, removed + wave.removed];
      steps.push({ time: Date.parse(wave.ended), added, removed, wave });
    }
    const top = Math.max(added, removed, 1);
    const x = (time) => `${5 + (88 * (time - first)) / span}%`;
    const y = (number) => `${90 - (80 * number) / top}%`;
    const said = `By ${moment(last)}: ${added} assigned, ${removed} removed`;
    const drawing = svg("svg", { class: "progress", role: "img", "aria-label": said }, svg("title", {}, said));
    for (const number of new Set([0, top])) {
      drawing.append(svg("line", { x1: "5%", x2: "93%", y1: y(number), y2: y(number), class: "rule" }),
        svg("text", { x: "4%", y: y(number), "text-anchor": "end", "dominant-baseline": "middle" }, String(number)));
    }
    for (const kind of ["added", "removed"]) {
      let [time, number] = [first, 0];
      for (const step of steps) {
        const [x1, x2, y1, y2] = [x(time), x(step.time), y(number), y(step[kind])];
        drawing.append(svg("line", { x1, x2, y1, y2: y1, class: `step ${kind}` }),
          svg("line", { x1: x2, x2, y1, y2, class: `step ${kind}` }),
          svg("circle", { cx: x2, cy: y2, r: kind === "added" ? 5 : 3, class: kind }));
        [time, number] = [step.time, step[kind]];
      }
    }
    at("progress").append(drawing, axis());
    at("progress-table").tHead.append(headLine(["Wave", "Verified", "Assigned", "Removed", "Assigned by then", "Removed by then"]));
    at("progress-table").tBodies[0].append(...steps.map((step) => bodyLine(String(waves.indexOf(step.wave) + 1),
      [moment(step.time), step.wave.added, step.wave.removed, step.added, step.removed])));
    at("progress-section").hidden = false;
  }

  const head = headLine(["Wave", "Result", "Servers", "Changed", "Failed", "Not started", "Start", "End", "Duration", "Timeline"]);
  head.lastChild.append(axis());
  at("waves-note").textContent = oneDay ? `${day(first)}, times in UTC` : "Times in UTC";
  at("waves").tHead.append(head);
  at("waves").tBodies[0].append(...waves.map(waveLine));
  drawProgress();
}
