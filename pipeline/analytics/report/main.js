// Puts the report together: reads the data, makes the sections, and shows the calls that the filter leaves.

import { byId, make, setChildren } from "../../formats/page/dom.js";
import { createCalls } from "./calls_view.js";
import { createComparison } from "./comparison.js";
import { csvText, downloadCsv } from "./csv.js";
import { createFilterForm } from "./filter_form.js";
import { filtered, inWords } from "./filters.js";
import { clock, counted, whole } from "./numbers.js";
import { createOutliers, MIN_LENGTH } from "./outliers_view.js";
import { createOverview } from "./overview.js";
import { readReport } from "./reading.js";
import { createRest } from "./rest_view.js";
import { createRules } from "./rules_view.js";

document.documentElement.classList.add("scripted");
const report = readReport(byId("data").textContent ?? "");
/** @type {HTMLInputElement} */ (byId("outlier-length")).value = String(MIN_LENGTH);
const form = createFilterForm(report, changed);
const comparison = createComparison(report);
const outliers = createOutliers(report);
const sections = {
  overview: createOverview(report, byId("overview-figures")),
  comparison,
  rules: createRules(report),
  outliers,
  calls: createCalls(report),
  rest: createRest(report),
};
/** The fields outside the filter whose values are kept with it. */
const fields = [...comparison.choices, ...outliers.choices];

function show() {
  const filter = form.read();
  const calls = filtered(report, filter);
  for (const section of Object.values(sections)) section.update(calls);
  const words = inWords(filter, report.role);
  byId("shown").textContent = words
    ? `${whole(calls.length)} of ${counted(report.calls.length, "call")} shown: ${words}`
    : `All ${counted(report.calls.length, "call")} shown`;
  byId("no-calls").hidden = calls.length > 0;
  byId("results").hidden = calls.length === 0;
}

/** Shows the calls anew, and keeps the choices in the history, so that they are there after a call was looked at. */
function changed() {
  keep();
  show();
}

function keep() {
  history.replaceState({ filter: form.read(), fields: fields.map((field) => field.value) }, "");
}

function restore() {
  const kept = history.state;
  if (!kept?.filter) return;
  form.write(kept.filter);
  fields.forEach((field, i) => (field.value = kept.fields[i] ?? field.value));
  for (const field of fields) if (field instanceof HTMLSelectElement && field.selectedIndex < 0) field.selectedIndex = 0;
}

function showFacts() {
  const days = report.calls.flatMap((call) => call.day ?? []).sort();
  const period = days.length ? [days[0] === days[days.length - 1] ? days[0] : `${days[0]} to ${days[days.length - 1]}`] : [];
  const length = report.calls.reduce((sum, call) => sum + (call.figures[0] ?? 0), 0);
  byId("facts").textContent = [counted(report.calls.length, "call"), `${clock(length)} in all`, ...period].join(" · ");
}

/** Draws the charts anew when the window has another width. */
function followWidth() {
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    comparison.redraw();
  });
}

function connect() {
  followWidth();
  for (const field of fields) field.addEventListener("input", changed);
  for (const button of document.querySelectorAll("[data-csv]")) {
    const name = /** @type {keyof typeof sections} */ (button.getAttribute("data-csv"));
    button.addEventListener("click", () => {
      const section = /** @type {{ csv?: () => (string | number | boolean | null)[][] }} */ (sections[name]);
      const [header, ...rows] = section.csv?.() ?? [[]];
      downloadCsv(`${button.getAttribute("data-name")}.csv`, csvText(header.map(String), rows));
    });
  }
  byId("print").addEventListener("click", () => print());
  addEventListener("hashchange", keep);
  addEventListener("popstate", () => {
    restore();
    show();
  });
  const parts = [...document.querySelectorAll("#results > section, #rest")].filter((each) => !(/** @type {HTMLElement} */ (each).hidden));
  setChildren(byId("parts"), parts.map((each) =>
    make("li", {}, make("a", { href: `#${each.id}` }, each.querySelector("h2")?.textContent ?? ""))));
}

restore();
showFacts();
show();
connect();
document.documentElement.classList.add("ready");
performance.mark("crosstalk:ready");
