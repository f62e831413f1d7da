// All calls that are shown, each with its details: broken rules with their moments, warnings, roles, columns.

import { byId, make } from "../../formats/page/dom.js";
import { columnName } from "./comparison.js";
import { figureOf } from "./grouping.js";
import { whole, written } from "./numbers.js";
import { agentFacts, callLink, definitions, evidence, marksOf, moment, namesOf, severityMark } from "./parts.js";
import { createTable } from "./table.js";

/** @typedef {import("./reading.js").Call} Call */
/** @typedef {import("./reading.js").Report} Report */
/** @typedef {import("./table.js").Column<Call>} Column */

/** The figures of the table; all others are in the details and in the CSV. */
const SHOWN = ["duration", "agent_talk_ratio", "agent_pace", "silence_ratio", "longest_silence", "interruptions", "others_sentiment"];

/** @param {Report} report */
export function createCalls(report) {
  const figures = report.figures.filter((figure) =>
    SHOWN.includes(figure.key) && report.calls.some((call) => figureOf(call, figure) !== null));
  const table = createTable(byId("calls-table"), {
    label: "Table of the calls", one: "call", nameOf: (/** @type {Call} */ { name }) => name, detail: (call) => details(call, report),
  });
  byId("calls-notes").append(definitions(report.figures));
  const columns = callColumns(report, figures);
  return {
    /** @param {readonly Call[]} calls */
    update(calls) {
      table.show(columns, calls);
    },
    csv() {
      return callRows(table.rows, report);
    },
  };
}

/**
 * @param {Report} report
 * @param {readonly import("./reading.js").Figure[]} figures
 * @returns {Column[]}
 */
function callColumns(report, figures) {
  const broken = (/** @type {Call} */ call) => call.findings.filter((finding) => finding.passed === false).length;
  /** @type {Column[]} */
  const optional = [
    ...(report.calls.some((call) => call.day) ? [{ label: "day", kind: "day", sort: dayOf, cell: (/** @type {Call} */ call) => call.day ?? "–" }] : []),
    ...(report.calls.some((call) => call.agents.length)
      ? [{ label: report.role, kind: "text", sort: namesOf, cell: (/** @type {Call} */ call) => namesOf(call) || "–" }] : []),
  ];
  return [
    { label: "call", kind: "name", sort: ({ name }) => name, cell: nameCell },
    ...optional,
    ...figures.map((figure) => ({
      label: figure.label, number: true, sort: (/** @type {Call} */ call) => figureOf(call, figure),
      cell: (/** @type {Call} */ call) => written(figureOf(call, figure), figure.unit),
    })),
    ...(report.rules.length ? [{ label: "rules broken", number: true, sort: broken, cell: (/** @type {Call} */ call) => whole(broken(call)) }] : []),
    { label: "warnings", number: true, sort: ({ warnings }) => warnings.length, cell: ({ warnings }) => whole(warnings.length) },
  ];
}

/** @param {Call} call */
function dayOf(call) {
  return call.day;
}

/** @param {Call} call */
function nameCell(call) {
  const marks = marksOf(call);
  return make("span", {}, callLink(call), ...(marks ? [" ", make("span", { class: "mark" }, marks)] : []));
}

/**
 * @param {Call} call
 * @param {Report} report
 */
function details(call, report) {
  const part = make("div", { class: "details" });
  const columns = report.columns.flatMap((name, i) =>
    call.columns[i] && name.toLowerCase() !== report.role.toLowerCase() ? `${name}: ${call.columns[i]}` : []);
  const facts = [agentFacts(call, report.role), ...columns];
  part.append(make("p", {}, facts.join(" · ")));
  if (call.silenceStart !== null) part.append(make("p", {}, "Longest silence at ", moment(call, call.silenceStart)));
  const known = report.figures.filter((figure) => figureOf(call, figure) !== null);
  part.append(make("dl", { class: "figures" }, ...known.map((figure) =>
    make("div", {}, make("dt", {}, figure.label), make("dd", {}, written(figureOf(call, figure), figure.unit))))));
  for (const finding of call.findings) {
    if (finding.passed !== false) continue;
    const rule = report.rules[finding.rule];
    part.append(make("div", { class: "finding" }, severityMark(rule.severity), " ", make("b", {}, rule.name), " ",
      make("span", { class: "asked" }, rule.expected.join(" / ")), " ", ...evidence(call, finding)));
  }
  if (call.warnings.length) {
    part.append(make("ul", { class: "warnings" }, ...call.warnings.map(({ message }) => make("li", {}, message))));
  }
  return part;
}

/**
 * @param {readonly Call[]} calls
 * @param {Report} report
 */
function callRows(calls, report) {
  const names = report.columns.map((name) => (FIXED.includes(name.toLowerCase()) ? `manifest_${name}` : name));
  const header = [...FIXED, ...names, ...report.figures.map(columnName)];
  return [header, ...calls.map((call) => [
    call.name, call.day, namesOf(call), call.language, call.complete, call.deleted,
    call.findings.filter((finding) => finding.passed === false).map((finding) => report.rules[finding.rule].name).join("; "),
    call.warnings.map(({ code }) => code).join(" "), call.roleReason,
    ...call.columns, ...report.figures.map((figure) => figureOf(call, figure)),
  ])];
}

/** The first columns of the CSV. */
const FIXED = ["call", "day", "agents", "language", "complete", "recording_removed", "rules_broken", "warnings", "role_unknown"];
