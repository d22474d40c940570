#include "reports/html/script.h"

namespace isobatch {

const std::string_view page_script = R"(
"use strict";
(() => {
const all = (selector, from = document) => [...from.querySelectorAll(selector)];
const make = (name, text, parent) => {
  const made = document.createElement(name);
  made.textContent = text;
  parent.append(made);
  return made;
};

const copy = async code => {
  try {
    await navigator.clipboard.writeText(code.textContent);
    return "copied";
  } catch {  // no clipboard for this page: the old way
    getSelection().selectAllChildren(code);
    return document.execCommand("copy") ? "copied" : "selected";
  }
};
for (const code of all(".command code")) {
  const button = make("button", "copy", code.parentElement);
  button.type = "button";
  button.setAttribute("aria-label", "copy this command");
  button.addEventListener("click", async () => {
    button.textContent = await copy(code);
    setTimeout(() => { button.textContent = "copy"; }, 2000);
  });
}

const value = (row, column) => {
  const cell = row.cells[column], text = cell.dataset.value ?? cell.textContent.trim();
  const number = text === "inf" ? Infinity : parseFloat(text);
  return column === 0 || Number.isNaN(number) && text !== "-" ? text : number;
};
const before = (a, b) => {
  if (typeof a === "string" && typeof b === "string") return a.localeCompare(b, "en", {numeric: true});
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
  return a < b ? -1 : a > b ? 1 : 0;
};
for (const head of all("table.sortable thead th")) {
  const text = head.textContent;
  head.textContent = "";
  const button = make("button", text, head);
  button.type = "button";
  button.addEventListener("click", () => {
    const up = head.getAttribute("aria-sort") !== "ascending", column = head.cellIndex;
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const body = head.closest("table").tBodies[0];
    const rows = [...body.rows].map(row => [value(row, column), row]);
    rows.sort((a, b) => up ? before(a[0], b[0]) : before(b[0], a[0]));
    body.append(...rows.map(row => row[1]));
  });
}

for (const table of all("table.filtered")) {
  const rows = [...table.tBodies[0].rows], outcomes = new Map();
  for (const row of rows) outcomes.set(row.dataset.outcome, (outcomes.get(row.dataset.outcome) ?? 0) + 1);
  if (outcomes.size < 2) continue;
  const field = document.createElement("fieldset");
  make("legend", "show", field);
  const said = make("p", "", field);
  said.setAttribute("role", "status");
  for (const [outcome, count] of outcomes) {
    const label = make("label", "", field), box = make("input", "", label);
    box.type = "checkbox";
    box.checked = true;
    box.value = outcome;
    label.append(` ${outcome} (${count})`);
    box.addEventListener("change", () => {
      for (const row of rows) if (row.dataset.outcome === outcome) row.hidden = !box.checked;
      said.textContent = `${rows.filter(row => !row.hidden).length} of ${rows.length} trials`;
    });
  }
  field.append(said);
  table.closest(".wide").before(field);
}

addEventListener("keydown", event => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input,textarea,select")) return;
  if (event.key !== "j" && event.key !== "k") return;
  const stops = all("article,tr[tabindex]").filter(stop => !stop.hidden);
  if (stops.length === 0) return;
  const at = stops.indexOf(document.activeElement.closest("article,tr[tabindex]"));
  const next = event.key === "j" ? Math.min(at + 1, stops.length - 1) : Math.max(at - 1, 0);
  stops[next].focus();
  stops[next].scrollIntoView({block: "nearest"});
});
})();
)";

}  // namespace isobatch
