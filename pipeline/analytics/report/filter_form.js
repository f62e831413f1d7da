// The form of the filter: its choices are those that the calls have.

import { byId, make, setChildren } from "../../formats/page/dom.js";
import { ANY, noFilter, STATES, WITHOUT } from "./filters.js";
import { compareTexts } from "./table.js";

/** @typedef {import("./reading.js").Report} Report */
/** @typedef {import("./filters.js").Filter} Filter */

/** Values of a manifest's column with which it has a choice in the form; the text finds the others. Chosen by hand. */
const MAX_CHOICES = 200;
/** Milliseconds after the last key in which the page waits before it filters by a text. */
const DELAY = 150;

/**
 * @param {Report} report
 * @param {() => void} onChange
 */
export function createFilterForm(report, onChange) {
  const form = /** @type {HTMLFormElement} */ (byId("filters"));
  const columns = report.columns.flatMap((name, place) => {
    const values = unique(report.calls.map((call) => call.columns[place]));
    const offered = values.length > 1 && values.length <= MAX_CHOICES && values.length < report.calls.length;
    return offered && name.toLowerCase() !== report.role.toLowerCase() ? [{ name, field: choice(name, values, true) }] : [];
  });
  setChildren(byId("filter-columns"), columns.map(({ field }) => field.label));
  const agents = unique(report.calls.flatMap((call) => call.agents.map((agent) => agent.name)));
  byId("filter-agent-label").textContent = report.role;
  fill("filter-agent", agents, true);
  const days = unique(report.calls.map((call) => call.day));
  fill("filter-from", days, false);
  fill("filter-to", days, false);
  fill("filter-rule", report.rules.map((rule) => rule.name), true);
  fill("filter-warning", unique(report.calls.flatMap((call) => call.warnings.map((warning) => warning.code))), true);
  const state = select("filter-state");
  state.append(...[...STATES].map(([id, text]) => make("option", { value: id }, text.replace("agent", report.role))));
  for (const [id, useful] of /** @type {[string, boolean][]} */ ([
    ["filter-agent", agents.length > 1], ["filter-from", days.length > 1], ["filter-to", days.length > 1],
    ["filter-rule", report.rules.length > 0], ["filter-warning", report.calls.some((call) => call.warnings.length)],
  ])) /** @type {HTMLElement} */ (byId(id).parentElement).hidden = !useful;

  let waiting = 0;
  form.addEventListener("input", (event) => {
    clearTimeout(waiting);
    const typed = /** @type {Element} */ (event.target).matches("input");
    waiting = setTimeout(onChange, typed ? DELAY : 0);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(onChange, 0));

  return {
    /** @returns {Filter} */
    read() {
      const text = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (byId(id)).value;
      return {
        text: text("filter-text"), agent: text("filter-agent"), from: text("filter-from"), to: text("filter-to"),
        rule: text("filter-rule"), warning: text("filter-warning"), state: text("filter-state"),
        minLength: Math.max(0, Number(text("filter-length")) || 0),
        columns: Object.fromEntries(columns.map(({ name, field }) => [name, field.select.value])),
      };
    },
    /**
     * Shows a filter that was kept; what it asks and the form cannot have is left out.
     * @param {Filter} kept
     */
    write(kept) {
      const filter = { ...noFilter(), ...kept };
      const set = (/** @type {string} */ id, /** @type {string} */ value) => {
        /** @type {HTMLInputElement} */ (byId(id)).value = value;
      };
      for (const name of /** @type {const} */ (["text", "agent", "from", "to", "rule", "warning", "state"])) set(`filter-${name}`, filter[name]);
      set("filter-length", filter.minLength ? String(filter.minLength) : "");
      for (const { name, field } of columns) field.select.value = filter.columns[name] ?? "";
      for (const each of form.querySelectorAll("select")) if (each.selectedIndex < 0) each.selectedIndex = 0;
    },
  };
}

/** @param {readonly (string | null)[]} values */
function unique(values) {
  const texts = /** @type {string[]} */ (values.filter((value) => value !== null && value !== ""));
  return [...new Set(texts)].sort(compareTexts);
}

/** @param {string} id */
function select(id) {
  return /** @type {HTMLSelectElement} */ (byId(id));
}

/**
 * @param {string} id
 * @param {readonly string[]} values
 * @param {boolean} special
 */
function fill(id, values, special) {
  select(id).append(...options(values, special));
}

/**
 * @param {readonly string[]} values
 * @param {boolean} special whether "any" and "none" can be chosen
 */
function options(values, special) {
  const more = special ? [make("option", { value: ANY }, "any"), make("option", { value: WITHOUT }, "none")] : [];
  return [...more, ...values.map((value) => make("option", { value }, value))];
}

/**
 * @param {string} name
 * @param {readonly string[]} values
 * @param {boolean} special
 */
function choice(name, values, special) {
  const field = /** @type {HTMLSelectElement} */ (make("select", { "data-column": name }, make("option", { value: "" }, "all"), ...options(values, special)));
  return { select: field, label: make("label", {}, make("span", {}, name), field) };
}
