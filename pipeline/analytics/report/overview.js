// The figures at the top: of all calls that are shown.

import { make, setChildren } from "../../formats/page/dom.js";
import { figureOf, intervalOf, CONFIDENCE } from "./grouping.js";
import { clock, percent, range, whole } from "./numbers.js";
import { definitions } from "./parts.js";
import { median } from "./statistics.js";

/** @typedef {import("./reading.js").Call} Call */
/** @typedef {import("./reading.js").Report} Report */
/** @typedef {{ label: string, value: string, note: string, definition: string }} Tile */

/**
 * @param {Report} report
 * @param {HTMLElement} host
 */
export function createOverview(report, host) {
  const tiles = make("ul", { class: "tiles" });
  host.append(tiles, definitions(tilesOf(report, report.calls)));
  return {
    /** @param {readonly Call[]} calls */
    update(calls) {
      setChildren(tiles, tilesOf(report, calls).map(({ label, value, note }) =>
        make("li", {}, make("b", {}, value), make("span", {}, label), make("small", {}, note))));
    },
  };
}

/**
 * @param {Report} report
 * @param {readonly Call[]} calls
 * @returns {Tile[]}
 */
function tilesOf(report, calls) {
  const of = (/** @type {string} */ key) => {
    const figure = /** @type {import("./reading.js").Figure} */ (report.figures.find((each) => each.key === key));
    return calls.flatMap((call) => figureOf(call, figure) ?? []);
  };
  const length = sum(of("duration"));
  const unknown = calls.filter((call) => call.roleReason).length;
  const again = calls.filter((call) => call.duplicateOf !== null).length;
  const warned = calls.filter((call) => call.warnings.length).length;
  return [
    tile("calls", whole(calls.length), `${clock(length)} in all`, "The calls that the filter shows, and the sum of their lengths."),
    tile("median length", calls.length ? clock(median(of("duration"))) : "–", "minutes and seconds", "Half of the calls are longer."),
    ...(report.rules.length ? [ruleTile(calls)] : []),
    tile("silence", length ? percent(sum(calls.map((call) => silenceOf(call, report))) / length) : "–", "of the time",
      "Time without speech in all calls, divided by their length; music and hold count as silence."),
    tile("interruptions", calls.length ? (sum(of("interruptions")) / calls.length).toFixed(1) : "–", "a call",
      "Overlaps in which one speaker begins before another has finished; signals of attention are not counted."),
    tile(`${report.role} unknown`, whole(unknown), partOf(unknown, calls),
      `Calls in which it is not known which speaker is the ${report.role}: they lack the ${report.role}'s figures.`),
    tile("with warnings", whole(warned), partOf(warned, calls), "Calls whose transcript has a notice, such as words that may be missing."),
    ...(report.calls.some((call) => call.duplicateOf !== null) ? [tile("recordings again", whole(again), "counted as calls",
      "Calls with the recording of another call. They count in all figures; the state “each recording once” of the filter leaves them out.")] : []),
    tile("failed", whole(report.failures.length), "not transcribed", "Recordings that could not be transcribed, whatever the filter shows."),
    tile("left out", whole(report.skipped.length), "not tried", "Files that were not tried, with the reason below, whatever the filter shows."),
  ];
}

/**
 * @param {string} label
 * @param {string} value
 * @param {string} note
 * @param {string} definition
 * @returns {Tile}
 */
function tile(label, value, note, definition) {
  return { label, value, note, definition };
}

/** @param {readonly Call[]} calls */
function ruleTile(calls) {
  const applied = calls.filter((call) => call.findings.some((finding) => finding.passed !== null));
  const passed = applied.map((call) => Number(call.findings.every((finding) => finding.passed !== false)));
  const interval = applied.length ? intervalOf(passed, true, CONFIDENCE) : null;
  return tile("no rule broken", applied.length ? percent(sum(passed) / applied.length) : "–",
    interval ? range(interval, "ratio") : "no rule applies",
    "Share of the calls in which no rule is broken, of the calls to which a rule applies, and its interval of 95 % confidence.");
}

/**
 * @param {Call} call
 * @param {Report} report
 */
function silenceOf(call, report) {
  const place = (/** @type {string} */ key) => report.figures.find((each) => each.key === key)?.place ?? 0;
  return (call.figures[place("silence_ratio")] ?? 0) * (call.figures[place("duration")] ?? 0);
}

/** @param {readonly number[]} values */
function sum(values) {
  return values.reduce((all, value) => all + value, 0);
}

/**
 * @param {number} count
 * @param {readonly Call[]} calls
 */
function partOf(count, calls) {
  return calls.length ? `${percent(count / calls.length)} of the calls` : "";
}
