/*
Copyright (c) 2026, pgflex.azure contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
*/
// Servers in words: the list of what needs attention, and the whole as a list, for narrow windows and for paper.
const SAID = {
  missing: "missing", extra: "extra", added: "added", removed: "removed", held: "holds",
  encrypting: "encrypts the data with", replica_lacks: "its primary holds, and it lacks",
};
const inColumns = new Map(columns.map((each, place) => [each.number, place]));

// What is said of the identities of a server, those of one sign together.
function identityLines(row, signs) {
  const sorted = [...row.cells].sort(([a], [b]) => inColumns.get(a) - inColumns.get(b));
  return signs.flatMap((sign) => {
    const names = sorted.filter(([, identity]) => signOf(identity) === sign)
      .map(([number]) => columns[inColumns.get(number)].label);
    return names.length ? [make("p", [make("b", `${SIGNS[sign][0]} ${SAID[sign]}`, sign), ` ${names.join(", ")}`])] : [];
  });
}

function entry(row, signs) {
  const head = make("p", [make("strong", row.name), " ", make("span", STATUS[row.status], `status ${row.status}`)]);
  if (row.replica) head.append(" ", make("span", row.replica, "replica"));
  if (row.server.name) head.append(" ", make("span", row.about, "small"));
  const item = make("li", [head], "entry");
  if (row.message) item.append(make("p", row.message, "message"));
  item.append(...identityLines(row, signs));
  for (const note of row.notes) item.append(make("p", note, "small"));
  return item;
}

function listEntry(row) {
  const item = entry(row, ["missing", "added", "extra", "removed", "replica_lacks", "encrypting", "held"]);
  if (!row.cells.size && row.server.name) item.append(make("p", "holds no identity"));
  if (row.tags.length) item.append(make("p", row.tags.join(", "), "small"));
  return item;
}

// Return what draws all of it, for paper.
function drawAttention() {
  const waiting = rows.filter(needsAttention);
  const rest = [];
  at("attention-note").textContent = waiting.length
    ? `${waiting.length} of ${plural(rows.length, "server", "servers")}`
    : `Nothing: ${plural(rows.length, "server", "servers")}, none of which failed or drifted.`;
  for (const status of URGENCY) {
    const these = waiting.filter((row) => row.status === status);
    if (!these.length) continue;
    const lacking = status === "compliant" || status === "changed" ? ", but a replica lacks identities" : "";
    const list = make("ul", [], "entries");
    const part = (until) => list.append(...these.slice(list.children.length, until).map((row) => entry(row,
      status === "undeclared" ? ["encrypting", "held", "replica_lacks"]
        : ["missing", "extra", "added", "removed", "replica_lacks"])));
    part(CHUNK);
    at("exceptions").append(make("h3", `${STATUS[status]}${lacking}: ${these.length}`), list);
    if (these.length <= CHUNK) continue;
    const button = make("button", `Show ${these.length - CHUNK} more`);
    button.type = "button";
    const all = () => {
      part(these.length);
      button.remove();
    };
    button.addEventListener("click", () => {
      const next = list.children.length;
      all();
      // Where the button was, so that the keyboard goes on from there.
      list.children[next].tabIndex = -1;
      list.children[next].focus();
    });
    at("exceptions").append(button);
    rest.push(all);
  }
  return () => rest.forEach((each) => each());
}
