// The rules: how often each is passed, and the moments in which it is broken.

import { byId, make } from "../../formats/page/dom.js";
import { CONFIDENCE, intervalOf } from "./grouping.js";
import { counted, percent, range, whole } from "./numbers.js";
import { callLink, evidence, severityMark } from "./parts.js";
import { createTable } from "./table.js";

/** @typedef {import("./reading.js").Call} Call */
/** @typedef {import("./reading.js").Finding} Finding */
/** @typedef {import("./reading.js").Report} Report */
/** @typedef {{ call: Call, finding: Finding }} Broken */
/** @typedef {{ name: string, severity: string, expected: string[], passed: number, broken: Broken[], other: number, reasons: Map<string, number> }} Result */

/** The worst severity first. */
const SEVERITIES = ["critical", "warning", "info"];
/** Broken rules that are listed at first, and more with each request. Chosen by hand. */
const LISTED = 50;

/** @param {Report} report */
export function createRules(report) {
  const table = createTable(byId("rules-table"), {
    label: "Rules and how often they are broken", one: "rule", nameOf: (/** @type {Result} */ { name }) => name,
    detail: (result) => moments(result),
  });
  byId("rules").hidden = !report.rules.length;
  const view = {
    /** @param {readonly Call[]} calls */
    update(calls) {
      /** @type {Result[]} */
      const results = report.rules.map((rule) => ({ ...rule, passed: 0, broken: [], other: 0, reasons: new Map() }));
      for (const call of calls) {
        for (const finding of call.findings) {
          const result = results[finding.rule];
          if (finding.passed === false) result.broken.push({ call, finding });
          else if (finding.passed) result.passed += 1;
          else {
            result.other += 1;
            if (finding.reason) result.reasons.set(finding.reason, (result.reasons.get(finding.reason) ?? 0) + 1);
          }
        }
      }
      results.sort((one, two) => rank(one) - rank(two) || two.broken.length - one.broken.length);
      table.show(ruleColumns(), results);
    },
    /** A row for each quoted moment of the rules as they are shown. */
    csv() {
      const header = ["rule", "severity", "call", "day", "measured", "start_s", "end_s", "speaker", "text"];
      const rows = table.rows.flatMap(({ name, severity, broken }) => broken.flatMap(({ call, finding }) => {
        const quotes = finding.quotes.length ? finding.quotes : [{ start: null, end: null, speaker: "", text: "" }];
        return quotes.map(({ start, end, speaker, text }) =>
          [name, severity, call.name, call.day, finding.measured, start, end, speaker, text]);
      }));
      return [header, ...rows];
    },
  };
  return view;
}

/** @param {Result} result */
function rank({ severity }) {
  return SEVERITIES.indexOf(severity);
}

/** @returns {import("./table.js").Column<Result>[]} */
function ruleColumns() {
  const share = (/** @type {Result} */ { passed, broken }) => (passed + broken.length ? passed / (passed + broken.length) : null);
  return [
    { label: "rule", kind: "name", sort: ({ name }) => name, cell: ({ name }) => name },
    { label: "severity", sort: rank, cell: ({ severity }) => severityMark(severity) },
    { label: "broken", number: true, sort: ({ broken }) => broken.length, cell: ({ broken }) => whole(broken.length) },
    { label: "passed", number: true, sort: ({ passed }) => passed, cell: ({ passed }) => whole(passed) },
    { label: "does not apply", number: true, sort: ({ other }) => other, cell: ({ other }) => whole(other) },
    { label: "share passed", number: true, sort: share, cell: (result) => { const value = share(result); return value === null ? "–" : percent(value); } },
    {
      label: "95 % interval", kind: "interval-text", cell: ({ passed, broken }) => {
        if (!passed && !broken.length) return "–";
        const results = [...new Array(passed).fill(1), ...new Array(broken.length).fill(0)];
        return range(intervalOf(results, true, CONFIDENCE), "ratio");
      },
    },
  ];
}

/**
 * What a rule asks, why it does not apply, and the calls in which it is broken, with their moments.
 * @param {Result} result
 */
function moments({ broken, expected, other, reasons }) {
  const changed = expected.length > 1 ? " (it was changed between these calls)" : "";
  const why = [...reasons].map(([reason, count]) => `${reason} (${whole(count)})`).join("; ");
  const asked = make("div", { class: "asked" }, make("p", {}, expected.join(" / ") + changed),
    other ? make("p", {}, `Does not apply in ${counted(other, "call")}${why && `: ${why}`}.`) : "");
  if (!broken.length) return make("div", {}, asked, make("p", {}, "No call that is shown breaks this rule."));
  const short = broken.every(({ finding }) => !finding.quotes.length && !finding.measured);
  const list = make("ol", { class: short ? "broken short" : "broken" });
  const more = make("button", { class: "small" });
  let shown = 0;
  function grow() {
    const next = broken.slice(shown, shown + LISTED);
    const items = next.map(({ call, finding }) => make("li", {}, callLink(call), " ", ...evidence(call, finding)));
    list.append(...items);
    shown += next.length;
    more.hidden = shown >= broken.length;
    more.textContent = `Show more: ${counted(broken.length - shown, "call")} not shown`;
    return items[0];
  }
  grow();
  more.addEventListener("click", () => /** @type {HTMLElement | null} */ (grow().querySelector("a"))?.focus());
  return make("div", {}, asked, list, more);
}
