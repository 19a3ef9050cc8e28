/*
Copyright (c) 2026, pgflex.azure contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
*/
// The matrix of servers and identities, and what narrows it down.
function headLines(shown) {
  const whole = (text, className) => {
    const cell = scoped("col", [make("span", text)]);
    cell.rowSpan = 2;
    cell.className = className;
    return cell;
  };
  const [names, places] = [make("tr", [whole("Server", ""), whole("Status", "")]), make("tr")];
  for (const same of alike(shown, (each) => (each.number === SYSTEM ? SYSTEM : lower(each.name)))) {
    if (same[0].number === SYSTEM) {
      names.append(whole(same[0].name, "identity"));
      continue;
    }
    const name = scoped(same.length > 1 ? "colgroup" : "col", [make("span", same[0].name)]);
    name.colSpan = same.length;
    name.className = "identity";
    names.append(name);
    for (const column of same) {
      const place = scoped("col", [make("span", column.place)]);
      place.className = "identity place";
      place.title = column.title;
      places.append(place);
    }
  }
  return places.children.length ? [names, places] : [names];
}

function rowHead(row) {
  const head = scoped("row", row.name);
  head.title = row.server.id || row.host;
  if (row.replica) head.append(make("span", row.replica, "replica"));
  if (row.server.name) head.append(make("span", row.about, "small"));
  if (row.tags.length) head.append(make("span", row.tags.join(", "), "small"));
  for (const note of row.notes) head.append(make("span", note, "small"));
  return head;
}

// Why it failed is told above, and in the list, where there is room.
function statusCell(row) {
  const cell = make("td", STATUS[row.status], `status ${row.status}`);
  if (row.message) cell.title = row.message;
  return cell;
}

function matrixCell(row, column) {
  const identity = row.cells.get(column.number);
  if (!identity) return make("td");
  const sign = signOf(identity);
  const cell = make("td", SIGNS[sign][0], sign);
  const uses = identity.uses.length ? `, used for ${identity.uses.join(" and ").replace(/_/g, " ")}` : "";
  const label = SIGNS[identity.status][1] + uses;
  cell.title = `${row.host}: ${column.label} ${label}`;
  cell.setAttribute("aria-label", label);
  return cell;
}

function chosenRows() {
  const words = lower(at("search").value).split(/\s+/).filter(Boolean);
  // Each word is one of the server, or of an identity that it has to do with.
  const named = words.map((word) => columns.filter((each) => lower(`${each.title}\n${each.name}`).includes(word)));
  const chosen = at("identity").value === "" ? null : Number(at("identity").value);
  const [attention, changes] = [at("only-attention").checked, at("only-changed").checked];
  const found = rows.filter((row) =>
    (!attention && !changes || attention && needsAttention(row) || changes && row.status === "changed")
    && (chosen === null || row.cells.has(chosen))
    && words.every((word, place) => row.words.includes(word) || named[place].some((each) => row.cells.has(each.number))));
  const used = new Set(chosen === null ? found.flatMap((row) => [...row.cells.keys()]) : [chosen]);
  return [found, columns.filter((column) => used.has(column.number))];
}

function filterText() {
  const said = [];
  if (at("search").value.trim()) said.push(`search for ${at("search").value.trim()}`);
  if (at("identity").value !== "") said.push(`identity ${at("identity").selectedOptions[0].textContent}`);
  if (at("only-attention").checked) said.push("only what needs attention");
  if (at("only-changed").checked) said.push("only changes");
  return said.length ? `; left out are servers outside of: ${said.join(", ")}` : "";
}

// Return what draws all of it, for paper.
function drawServers() {
  const narrow = matchMedia("(max-width: 48rem)");
  let [shownRows, shownColumns] = [[], []];
  const matrix = inParts(at("matrix").tBodies[0], at("more"), at("matrix-frame"), (row) =>
    make("tr", [rowHead(row), statusCell(row), ...shownColumns.map((column) => matrixCell(row, column))]));
  const list = inParts(at("list"), at("list-more"), null, listEntry);

  function fits() {
    const frame = at("matrix-frame");
    at("wide").textContent = frame.scrollWidth > frame.clientWidth
      ? "Not all identities fit in the window: scroll sideways, or choose the list." : "";
  }

  function draw() {
    const asList = at("view").value === "list";
    [shownRows, shownColumns] = chosenRows();
    at("matrix-view").hidden = asList;
    at("list-view").hidden = !asList;
    at("matrix").tHead.replaceChildren(...headLines(shownColumns));
    at("matrix-frame").scrollTop = 0;
    // What is not shown costs time all the same.
    matrix.start(asList ? [] : shownRows);
    list.start(asList ? shownRows : []);
    at("shown").textContent = `${shownRows.length} of ${plural(rows.length, "server", "servers")}, `
      + plural(shownColumns.length, "identity", "identities");
    at("printed").textContent = at("shown").textContent + filterText();
    fits();
  }

  function fitWindow() {
    // Paper is narrow too, and has been drawn for already.
    if (matchMedia("print").matches) return;
    at("view").value = narrow.matches ? "list" : "matrix";
    draw();
  }

  const controls = document.querySelector("form");
  controls.addEventListener("submit", (event) => event.preventDefault());
  controls.addEventListener("reset", () => setTimeout(fitWindow));
  controls.addEventListener("input", draw);
  narrow.addEventListener("change", fitWindow);
  window.addEventListener("resize", fits);
  fitWindow();
  return () => {
    list.start(shownRows);
    list.all();
  };
}
