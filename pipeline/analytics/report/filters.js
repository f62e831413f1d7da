// Which calls are shown. All functions are pure.

/** @typedef {import("./reading.js").Call} Call */
/** @typedef {import("./reading.js").Report} Report */

/**
 * @typedef {object} Filter what is empty does not filter
 * @property {string} text
 * @property {string} agent
 * @property {Record<string, string>} columns by the name of the column
 * @property {string} from first day
 * @property {string} to last day
 * @property {string} rule a rule that is broken; ANY or WITHOUT
 * @property {string} warning a code; ANY or WITHOUT
 * @property {string} state
 * @property {number} minLength in seconds
 */

/** Choices of a filter beside names. They begin with a character that names do not have. */
export const ANY = "\u0000any";
export const WITHOUT = "\u0000without";

/** @returns {Filter} */
export function noFilter() {
  return { text: "", agent: "", columns: {}, from: "", to: "", rule: "", warning: "", state: "", minLength: 0 };
}

/** States of a call by which it can be filtered. */
export const STATES = new Map([
  ["unknown", "agent unknown"], ["incomplete", "cut short"], ["deleted", "recording removed"],
  ["duplicate", "same recording as another call"], ["once", "each recording once"],
]);

/**
 * @param {Report} report
 * @param {Filter} filter
 * @returns {Call[]}
 */
export function filtered(report, filter) {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  const columns = report.columns.flatMap((name, place) => {
    const wanted = Object.hasOwn(filter.columns, name) ? filter.columns[name] : "";
    return wanted ? [{ place, wanted }] : [];
  });
  const rule = report.rules.findIndex((each) => each.name === filter.rule);
  return report.calls.filter((call) =>
    words.every((word) => call.text.includes(word))
    && matches(filter.agent, call.agents.flatMap((agent) => agent.name ?? []))
    && columns.every(({ place, wanted }) => matches(wanted, call.columns[place] ? [call.columns[place]] : []))
    && inDays(call.day, filter)
    && (!filter.rule || hasBroken(call, filter.rule, rule))
    && matches(filter.warning, call.warnings.map((warning) => warning.code))
    && (!filter.state || isIn(call, filter.state))
    && (call.figures[0] ?? 0) >= filter.minLength);
}

/**
 * @param {string} wanted
 * @param {readonly unknown[]} values
 */
function matches(wanted, values) {
  if (!wanted) return true;
  if (wanted === ANY) return values.length > 0;
  return wanted === WITHOUT ? values.length === 0 : values.includes(wanted);
}

/**
 * @param {string | null} day
 * @param {Filter} filter
 */
function inDays(day, { from, to }) {
  if (!from && !to) return true;
  return day !== null && (!from || day >= from) && (!to || day <= to);
}

/**
 * @param {Call} call
 * @param {string} wanted
 * @param {number} rule
 */
function hasBroken(call, wanted, rule) {
  const broken = call.findings.filter((finding) => finding.passed === false);
  if (wanted === ANY || wanted === WITHOUT) return (broken.length > 0) === (wanted === ANY);
  return broken.some((finding) => finding.rule === rule);
}

/**
 * @param {Call} call
 * @param {string} state
 */
function isIn(call, state) {
  if (state === "unknown") return call.roleReason !== "";
  if (state === "duplicate") return call.duplicateOf !== null;
  if (state === "once") return call.duplicateOf === null;
  return state === "incomplete" ? !call.complete : call.deleted;
}

/**
 * What the filter asks, in words; empty without one.
 * @param {Filter} filter
 * @param {string} role
 */
export function inWords(filter, role) {
  const value = (/** @type {string} */ text) => (text === ANY ? "any" : text === WITHOUT ? "none" : text);
  return [
    filter.text && `“${filter.text}”`,
    filter.agent && `${role}: ${value(filter.agent)}`,
    ...Object.entries(filter.columns).flatMap(([name, wanted]) => (wanted ? [`${name}: ${value(wanted)}`] : [])),
    filter.from && `from ${filter.from}`,
    filter.to && `to ${filter.to}`,
    filter.rule && `rule broken: ${value(filter.rule)}`,
    filter.warning && `warning: ${value(filter.warning)}`,
    STATES.get(filter.state),
    filter.minLength && `at least ${filter.minLength} s long`,
  ].filter(Boolean).join("; ");
}
