// What is not in the figures: failures, files that were left out, calls without an agent, warnings.

import { byId, make, setChildren } from "../../formats/page/dom.js";
import { counted, whole } from "./numbers.js";
import { callLink } from "./parts.js";
import { createTable } from "./table.js";

/** @typedef {import("./reading.js").Call} Call */
/** @typedef {import("./reading.js").Report} Report */
/** @typedef {{ code: string, example: string, calls: Call[] }} Code */

/** Calls of a warning that are linked. Chosen by hand; the filter shows all. */
const LINKED = 20;

/** @param {Report} report */
export function createRest(report) {
  const { failures, skipped } = report;
  const failed = createTable(byId("failures-table"), { label: "Table of the recordings that failed", one: "recording" });
  failed.show([
    { label: "recording", kind: "name", sort: ({ call }) => call, cell: ({ call }) => call },
    { label: "status", sort: ({ status }) => status, cell: ({ status }) => status.replaceAll("_", " ") },
    { label: "reason", kind: "text", sort: ({ reason }) => reason, cell: ({ reason }) => reason },
  ], failures);
  const left = createTable(byId("skipped-table"), { label: "Table of the files that were left out", one: "file" });
  left.show([
    { label: "file", kind: "name", sort: ({ path }) => path, cell: ({ path }) => path },
    { label: "reason", kind: "text", sort: ({ reason }) => reason, cell: ({ reason }) => reason },
  ], skipped);
  byId("failures").hidden = !failures.length;
  byId("skipped").hidden = !skipped.length;
  byId("nothing-left-out").hidden = failures.length > 0 || skipped.length > 0;
  const roles = createTable(byId("roles-table"), { label: `Table of the calls whose ${report.role} is unknown`, one: "call" });
  const warnings = createTable(byId("warnings-table"), {
    label: "Table of the warnings", one: "warning", nameOf: (/** @type {Code} */ { code }) => code, detail: ({ calls }) => callList(calls),
  });
  byId("roles-title").textContent = `Calls whose ${report.role} is unknown`;

  return {
    /** @param {readonly Call[]} calls */
    update(calls) {
      const unknown = calls.filter((call) => call.roleReason);
      byId("roles").hidden = !unknown.length;
      roles.show(roleColumns, unknown);
      const codes = codesOf(calls);
      byId("warnings").hidden = !codes.length;
      warnings.show(warningColumns, codes);
    },
    csv() {
      return [["recording", "status", "reason"],
        ...failures.map(({ call, status, reason }) => [call, status, reason]),
        ...skipped.map(({ path, reason }) => [path, "left out", reason])];
    },
  };
}

/** @type {import("./table.js").Column<Call>[]} */
const roleColumns = [
  { label: "call", kind: "name", sort: ({ name }) => name, cell: (call) => callLink(call) },
  { label: "reason", kind: "text", sort: ({ roleReason }) => roleReason, cell: ({ roleReason }) => roleReason },
];

/** @type {import("./table.js").Column<Code>[]} */
const warningColumns = [
  { label: "warning", kind: "name", sort: ({ code }) => code, cell: ({ code }) => code },
  { label: "calls", number: true, sort: ({ calls }) => calls.length, cell: ({ calls }) => whole(calls.length) },
  { label: "for example", kind: "example", cell: ({ example }) => example },
];

/**
 * @param {readonly Call[]} calls
 * @returns {Code[]}
 */
function codesOf(calls) {
  /** @type {Map<string, Code>} */
  const codes = new Map();
  for (const call of calls) {
    for (const { code, message } of call.warnings) {
      const known = codes.get(code) ?? { code, example: message, calls: [] };
      codes.set(code, known);
      if (!known.calls.includes(call)) known.calls.push(call);
    }
  }
  return [...codes.values()].sort((one, two) => two.calls.length - one.calls.length);
}

/** @param {readonly Call[]} calls */
function callList(calls) {
  const list = make("ul", { class: "inline" });
  setChildren(list, calls.slice(0, LINKED).map((call) => make("li", {}, callLink(call))));
  const rest = calls.length - Math.min(LINKED, calls.length);
  return make("div", {}, list, rest ? `and ${counted(rest, "more call")}: choose the warning in the filter to see all of them` : "");
}
