// Measures, groups of calls, and how groups compare with the average. All functions are pure.

import { mean, meanInterval, squares, wilson } from "./statistics.js";

/** @typedef {import("./reading.js").Call} Call */
/** @typedef {import("./reading.js").Agent} Agent */
/** @typedef {import("./reading.js").Report} Report */
/** @typedef {import("./reading.js").Figure} Figure */
/** @typedef {import("./statistics.js").Interval} Interval */

/**
 * @typedef {object} Measure
 * @property {string} id
 * @property {string} label
 * @property {string} definition
 * @property {Figure["unit"]} unit
 * @property {boolean} share whether it is a share of calls: its values are 0 and 1
 * @property {(call: Call, agent?: Agent) => number | null} valueOf of a call, or of an agent in it
 */
/**
 * @typedef {object} Dimension
 * @property {string} id
 * @property {string} label
 * @property {boolean} agents whether its groups are agents
 * @property {(call: Call) => (string | null)[]} keysOf the groups of a call; null: it has none
 * @property {(call: Call, agent: Agent) => string | null} [keyOf] the group of an agent in a call; without it, their name
 */
/** @typedef {{ name: string | null, calls: Call[], values: number[] }} Group */
/** @typedef {"above" | "below" | "same" | "only" | "one" | "nothing" | "unnamed"} Verdict */
/** @typedef {{ group: Group, value: number | null, interval: Interval | null, wide: Interval | null, verdict: Verdict }} Compared */

/** The column of a manifest, in any case, whose pairs with the agents are groups. */
const TEAM = "team";
/** Confidence of the intervals that are shown. */
export const CONFIDENCE = 0.95;

/**
 * The measures by which groups are compared: the figures, then the rules.
 * @param {Report} report
 * @returns {Measure[]}
 */
export function measuresOf(report) {
  /** @type {Measure[]} */
  const measures = report.figures.map((figure) => ({
    id: figure.key, label: figure.label, definition: figure.definition, unit: figure.unit, share: false,
    valueOf: (call, agent) => figureOf(call, figure, agent),
  }));
  if (report.rules.length) {
    measures.push({
      id: "rules", label: "calls without a broken rule", unit: "ratio", share: true, valueOf: allPassed,
      definition: "Share of the calls in which no rule is broken, of the calls to which a rule applies.",
    });
  }
  report.rules.forEach((rule, number) => {
    measures.push({
      id: `rule ${rule.name}`, label: `rule passed: ${rule.name}`, unit: "ratio", share: true,
      valueOf: (call) => passedOf(call, number),
      definition: `Share of the calls that pass this rule, of those to which it applies. ${rule.expected.join(" / ")}`,
    });
  });
  return measures;
}

/**
 * The value of a figure; of several agents in a call, their mean.
 * @param {Call} call
 * @param {Figure} figure
 * @param {Agent} [agent]
 */
export function figureOf(call, figure, agent) {
  if (!figure.ofAgent) return call.figures[figure.place];
  if (agent) return agent.figures[figure.place];
  const known = /** @type {number[]} */ (call.agents.map((each) => each.figures[figure.place]).filter((each) => each !== null));
  return known.length ? mean(known) : null;
}

/** @param {Call} call */
function allPassed(call) {
  const applied = call.findings.filter((finding) => finding.passed !== null);
  return applied.length ? Number(applied.every((finding) => finding.passed)) : null;
}

/**
 * @param {Call} call
 * @param {number} rule
 */
function passedOf(call, rule) {
  const passed = call.findings.find((finding) => finding.rule === rule)?.passed;
  return passed === undefined || passed === null ? null : Number(passed);
}

/**
 * What calls can be grouped by: only what at least two calls have in common.
 * @param {Report} report
 * @returns {Dimension[]}
 */
export function dimensionsOf(report) {
  const role = report.role.toLowerCase();
  /** @type {Dimension[]} */
  const all = [
    { id: "agent", label: report.role, agents: true, keysOf: (call) => (call.agents.length ? call.agents.map((each) => each.name) : [null]) },
    ...report.columns.map((name, place) => ({
      id: `column ${name}`, label: name, agents: false, keysOf: (/** @type {Call} */ call) => [call.columns[place] || null],
    })),
    ...teamsOf(report),
    { id: "day", label: "day", agents: false, keysOf: (call) => [call.day] },
    { id: "folder", label: "folder", agents: false, keysOf: (call) => [folderOf(call.name)] },
    { id: "language", label: "language", agents: false, keysOf: (call) => [call.language] },
  ];
  return all.filter((each) => each.id.toLowerCase() !== `column ${role}` && isShared(report.calls, each));
}

/**
 * The pairs of agent and team, where an agent has calls in more than one team; the team is the manifest's column.
 * @param {Report} report
 * @returns {Dimension[]}
 */
function teamsOf(report) {
  const place = report.columns.findIndex((name) => name.toLowerCase() === TEAM);
  /** @type {Map<string, string>} */
  const first = new Map();
  const several = report.calls.some((call) => call.agents.some(({ name }) => {
    const team = call.columns[place];
    if (name === null || !team) return false;
    if (!first.has(name)) first.set(name, team);
    return first.get(name) !== team;
  }));
  if (!several) return [];
  const keyOf = (/** @type {Call} */ call, /** @type {Agent} */ { name }) =>
    (name !== null && call.columns[place] ? `${name}, ${call.columns[place]}` : null);
  const keysOf = (/** @type {Call} */ call) => (call.agents.length ? call.agents.map((agent) => keyOf(call, agent)) : [null]);
  return [{ id: "agent and team", label: `${report.role} and ${report.columns[place]}`, agents: true, keysOf, keyOf }];
}

/**
 * The agent of a group in a call.
 * @param {Call} call
 * @param {Dimension} dimension
 * @param {string | null} key
 */
export function agentOf(call, dimension, key) {
  if (!dimension.agents) return undefined;
  return call.agents.find((agent) => (dimension.keyOf ? dimension.keyOf(call, agent) : agent.name) === key);
}

/** @param {string} name */
function folderOf(name) {
  const end = name.lastIndexOf("/");
  return end > 0 ? name.slice(0, end) : null;
}

/**
 * Whether some value groups calls: there are at least two values, and one is that of two calls.
 * @param {readonly Call[]} calls
 * @param {Dimension} dimension
 */
function isShared(calls, dimension) {
  const seen = new Set();
  let shared = false;
  for (const key of calls.flatMap(dimension.keysOf)) {
    if (key !== null && seen.has(key)) shared = true;
    seen.add(key);
  }
  return shared && seen.size > 1;
}

/**
 * @param {readonly Call[]} calls
 * @param {Dimension} dimension
 * @param {Measure} measure
 * @returns {Group[]}
 */
export function groupsOf(calls, dimension, measure) {
  /** @type {Map<string | null, Group>} */
  const groups = new Map();
  for (const call of calls) {
    for (const key of new Set(dimension.keysOf(call))) {
      const group = groups.get(key) ?? { name: key, calls: [], values: [] };
      groups.set(key, group);
      group.calls.push(call);
      const value = measure.valueOf(call, agentOf(call, dimension, key));
      if (value !== null) group.values.push(value);
    }
  }
  return [...groups.values()];
}

/**
 * Each group with its value, its interval, and whether it differs from the average of all calls; the groups that can be
 * ranked first, by their values. `average` is that of the calls, each counted once; `wide` is the interval that decides:
 * it is widened for the number of groups.
 * @param {readonly Group[]} groups
 * @param {number} average
 * @param {boolean} share
 * @returns {Compared[]}
 */
export function compare(groups, average, share) {
  const ranked = groups.filter((group) => group.name !== null && group.values.length > 1);
  const spread = pooled(ranked);
  const strict = 1 - (1 - CONFIDENCE) / Math.max(1, ranked.length);
  const compared = groups.map((group) => {
    const value = group.values.length ? mean(group.values) : null;
    const several = group.values.length > 1;
    const interval = several ? intervalOf(group.values, share, CONFIDENCE, spread) : null;
    const wide = several ? intervalOf(group.values, share, strict, spread) : null;
    return { group, value, interval, wide, verdict: verdictOf(group, wide, average, ranked.length) };
  });
  return compared.sort((one, two) => order(one) - order(two) || (two.value ?? 0) - (one.value ?? 0));
}

/** @param {Compared} compared */
function order({ verdict }) {
  return ["one", "nothing", "unnamed"].indexOf(verdict);
}

/**
 * The standard deviation within the groups together.
 * @param {readonly Group[]} groups
 */
function pooled(groups) {
  const degrees = groups.reduce((sum, group) => sum + group.values.length - 1, 0);
  return degrees ? Math.sqrt(groups.reduce((sum, group) => sum + squares(group.values), 0) / degrees) : 0;
}

/**
 * Wilson's interval of a share; Student's of a mean, with the deviation of the group or that within all groups together,
 * whichever is larger: few calls that happen to be alike prove little.
 * @param {readonly number[]} values
 * @param {boolean} share
 * @param {number} confidence
 * @param {number} spread
 */
export function intervalOf(values, share, confidence, spread = 0) {
  if (share) return wilson(values.reduce((sum, value) => sum + value, 0), values.length, confidence);
  const deviation = Math.sqrt(squares(values) / (values.length - 1));
  return meanInterval(mean(values), Math.max(deviation, spread), values.length, confidence);
}

/**
 * @param {Group} group
 * @param {Interval | null} interval
 * @param {number} average
 * @param {number} ranked
 * @returns {Verdict}
 */
function verdictOf(group, interval, average, ranked) {
  if (group.name === null) return "unnamed";
  if (!group.values.length) return "nothing";
  if (!interval) return "one";
  if (ranked < 2) return "only";
  if (interval.low > average) return "above";
  return interval.high < average ? "below" : "same";
}
