// Compares groups of calls by a measure, with intervals; the course of the measure over the days; its distribution.

import { byId, make, setChildren } from "../../formats/page/dom.js";
import { axisOf, distributionChart, intervalChart, trendChart } from "./charts.js";
import { agentOf, compare, dimensionsOf, figureOf, groupsOf, measuresOf } from "./grouping.js";
import { bounded, counted, range, whole, written } from "./numbers.js";
import { definitions } from "./parts.js";
import { compareTexts, createTable } from "./table.js";
import { mean } from "./statistics.js";

/** @typedef {import("./reading.js").Call} Call */
/** @typedef {import("./reading.js").Report} Report */
/** @typedef {import("./grouping.js").Measure} Measure */
/** @typedef {import("./grouping.js").Dimension} Dimension */
/** @typedef {import("./grouping.js").Compared} Compared */
/** @typedef {import("./grouping.js").Group} Group */

/** What is said of a group, by its verdict. */
const VERDICTS = new Map([
  ["above", "above the average"], ["below", "below the average"], ["same", "no clear difference"],
  ["only", "nothing to compare with"], ["one", "one call: not ranked"], ["nothing", "no value"], ["unnamed", "not ranked"],
]);
/** Width of a chart in a wide window, in pixels. Chosen by hand. */
const MAX_WIDTH = 880;
/** What the columns of the comparison mean. */
const EXPLANATION = [
  { label: "95 % interval", definition: "Where the true value probably is, if these calls are taken for a sample of all calls "
    + "of the group: Wilson's interval for shares, Student's for means, with the spread of the group or that within all "
    + "groups, whichever is larger. Few calls give a wide interval. Calls are taken to be independent of one another." },
  { label: "above, below the average", definition: "The interval, widened for the number of groups (Bonferroni; the thin "
    + "line), does not hold the average of the calls shown (the dashed line). If all groups were alike, some group would be marked in at most one of twenty "
    + "reports. Above is not better, and below is not worse." },
  { label: "no clear difference", definition: "The widened interval holds the average: these calls do not show that the "
    + "group differs from it." },
  { label: "not ranked", definition: "A group of one call, or without a name, has no place among the others." },
];

/** @param {Report} report */
export function createComparison(report) {
  const measures = measuresOf(report).filter((measure) => report.calls.some((call) => measure.valueOf(call) !== null));
  const dimensions = dimensionsOf(report);
  const dimensionChoice = /** @type {HTMLSelectElement} */ (byId("dimension"));
  const measureChoice = /** @type {HTMLSelectElement} */ (byId("measure"));
  setChildren(dimensionChoice, dimensions.map(({ id, label }) => make("option", { value: id }, label)));
  setChildren(measureChoice, measures.map(({ id, label }) => make("option", { value: id }, label)));
  measureChoice.value = measures.some((measure) => measure.id === "rules") ? "rules" : "duration";
  byId("compare-notes").append(definitions(EXPLANATION));
  byId("all-groups-notes").append(definitions(report.figures));
  const ranking = createTable(byId("ranking"), { label: "Groups and how they compare", one: "group" });
  const all = createTable(byId("all-groups"), { label: "All figures of the groups", one: "group" });
  const days = createTable(byId("days-table"), { label: "Table of the days", one: "day" });
  /** @type {{ compared: readonly Compared[], dimension: Dimension | null, measure: Measure }} */
  const state = { compared: [], dimension: null, measure: measures[0] };
  /** @type {readonly Call[]} */
  let shown = report.calls;

  return {
    choices: [dimensionChoice, measureChoice],
    state,
    /** The rows of both tables as CSV. */
    csv() {
      return groupRows(state.compared, report, state.dimension, state.measure);
    },
    /** Draws the charts for the width of the window. */
    redraw() {
      const average = averageOf(shown, state.measure);
      showMeasure(state.measure, average, shown);
      showDays(shown, state.measure, average, days, report);
    },
    /** @param {readonly Call[]} calls */
    update(calls) {
      shown = calls;
      state.measure = measures.find((each) => each.id === measureChoice.value) ?? measures[0];
      state.dimension = dimensions.find((each) => each.id === dimensionChoice.value) ?? null;
      const average = averageOf(calls, state.measure);
      showMeasure(state.measure, average, calls);
      byId("no-dimension").hidden = dimensions.length > 0;
      byId("grouped").hidden = byId("groups-csv").hidden = !dimensions.length || !calls.length;
      if (state.dimension && average !== null) {
        state.compared = compare(groupsOf(calls, state.dimension, state.measure), average, state.measure.share);
        ranking.show(rankingColumns(state.compared, state.dimension, state.measure, average), state.compared);
        all.show(figureColumns(state.dimension, report), state.compared);
      } else {
        state.compared = [];
        ranking.show([], []);
        all.show([], []);
      }
      showDays(calls, state.measure, average, days, report);
    },
  };
}

/**
 * The mean over calls; null without values.
 * @param {readonly Call[]} calls
 * @param {Measure} measure
 */
function averageOf(calls, measure) {
  const values = valuesOf(calls, measure);
  return values.length ? mean(values) : null;
}

/**
 * @param {readonly Call[]} calls
 * @param {Measure} measure
 */
function valuesOf(calls, measure) {
  return calls.flatMap((call) => measure.valueOf(call) ?? []);
}

/**
 * @param {Measure} measure
 * @param {number | null} average
 * @param {readonly Call[]} calls
 */
function showMeasure(measure, average, calls) {
  const values = valuesOf(calls, measure);
  byId("measure-definition").textContent = measure.definition;
  byId("average").textContent = average === null
    ? "No call that is shown has a value."
    : `Average of the calls shown: ${written(average, measure.unit)} (${counted(values.length, "call")} with a value).`;
  const chart = values.length && !measure.share
    ? [distributionChart(values, (value) => written(value, measure.unit), chartWidth())] : [];
  byId("distribution").hidden = !chart.length;
  setChildren(byId("distribution-chart"), chart);
}

/**
 * @param {readonly Compared[]} compared
 * @param {Dimension} dimension
 * @param {Measure} measure
 * @param {number} average
 * @returns {import("./table.js").Column<Compared>[]}
 */
function rankingColumns(compared, dimension, measure, average) {
  const shown = compared.filter((each) => each.interval && each.verdict !== "unnamed");
  const axis = axisOf([...shown.map(({ wide }) => limited(wide, measure)), { low: average, high: average }]);
  return [
    nameColumn(dimension),
    { label: "calls", number: true, sort: ({ group }) => group.values.length, cell: ({ group }) => whole(group.values.length) },
    { label: "value", number: true, sort: ({ value }) => value, cell: ({ value }) => written(value, measure.unit) },
    {
      label: "95 % interval", kind: "interval-text", cell: ({ interval }) => (interval ? range(interval, measure.unit) : "–"),
    },
    {
      label: "compared", kind: "verdict", sort: ({ verdict }) => VERDICTS.get(verdict) ?? "",
      cell: ({ verdict }) => make("span", { class: verdict }, VERDICTS.get(verdict) ?? ""),
    },
    {
      label: "beside the average", kind: "graph", cell: ({ value, interval, wide, verdict }) =>
        value !== null && interval && verdict !== "unnamed"
          ? intervalChart(value, limited(interval, measure), limited(wide, measure), average, axis, verdict) : "",
    },
  ];
}

/**
 * @param {import("./statistics.js").Interval | null} interval
 * @param {Measure} measure
 */
function limited(interval, { unit }) {
  return { low: bounded(interval?.low ?? 0, unit), high: bounded(interval?.high ?? 0, unit) };
}

/**
 * @param {Dimension} dimension
 * @returns {import("./table.js").Column<Compared>}
 */
function nameColumn(dimension) {
  return { label: dimension.label, kind: dimension.id === "day" ? "day" : "", sort: ({ group }) => group.name, cell: ({ group }) => group.name ?? `(no ${dimension.label})` };
}

/**
 * The columns of the table of all figures: their means.
 * @param {Dimension} dimension
 * @param {Report} report
 * @returns {import("./table.js").Column<Compared>[]}
 */
function figureColumns(dimension, report) {
  const known = report.figures.filter((figure) => report.calls.some((call) => figureOf(call, figure) !== null));
  return [
    nameColumn(dimension),
    { label: "calls", number: true, sort: ({ group }) => group.calls.length, cell: ({ group }) => whole(group.calls.length) },
    ...known.map((figure) => {
      const value = (/** @type {Compared} */ { group }) => meanOf(group, figure, dimension);
      return {
        label: figure.label, number: true, sort: value,
        cell: (/** @type {Compared} */ compared) => written(value(compared), figure.unit),
      };
    }),
  ];
}

/**
 * @param {Group} group
 * @param {import("./reading.js").Figure} figure
 * @param {Dimension} dimension
 */
function meanOf(group, figure, dimension) {
  const values = group.calls.flatMap((call) => {
    return figureOf(call, figure, agentOf(call, dimension, group.name)) ?? [];
  });
  return values.length ? mean(values) : null;
}

/**
 * @param {readonly Compared[]} compared
 * @param {Report} report
 * @param {Dimension | null} dimension
 * @param {Measure} measure
 */
function groupRows(compared, report, dimension, measure) {
  if (!dimension) return [];
  const header = [dimension.label, "calls", "measure", "calls_with_value", "value", "interval_low", "interval_high", "compared",
    ...report.figures.map((figure) => `mean_${columnName(figure)}`)];
  const rows = compared.map(({ group, value, interval, verdict }) => [
    group.name, group.calls.length, measure.label, group.values.length, rounded(value),
    rounded(interval && bounded(interval.low, measure.unit)), rounded(interval && bounded(interval.high, measure.unit)),
    VERDICTS.get(verdict) ?? "", ...report.figures.map((figure) => rounded(meanOf(group, figure, dimension))),
  ]);
  return [header, ...rows];
}

/**
 * The name of a figure's column in CSV, with its unit.
 * @param {import("./reading.js").Figure} figure
 */
export function columnName({ key, unit }) {
  const ending = { s: "_s", time: "_s", count: "_count", ratio: "", per_minute: "_per_minute", score: "", lufs: "_lufs" }[unit];
  return key.endsWith(ending) ? key : key + ending;
}

/** @param {number | null} value */
function rounded(value) {
  return value === null ? null : Math.round(value * 1e4) / 1e4;
}

/**
 * @param {readonly Call[]} calls
 * @param {Measure} measure
 * @param {number | null} average
 * @param {{ show: (columns: readonly import("./table.js").Column<Compared>[], rows: readonly Compared[]) => void }} table
 * @param {Report} report
 */
function showDays(calls, measure, average, table, report) {
  const dimension = { id: "day", label: "day", agents: false, keysOf: (/** @type {Call} */ call) => [call.day] };
  const groups = average === null ? [] : groupsOf(calls.filter((call) => call.day !== null), dimension, measure);
  const compared = compare(groups, average ?? 0, measure.share);
  compared.sort((one, two) => compareTexts(one.group.name ?? "", two.group.name ?? ""));
  const points = compared.flatMap(({ group, value, interval }) =>
    value === null ? [] : [{ label: group.name ?? "", value, interval: interval && limited(interval, measure) }]);
  const drawn = points.length > 1 && average !== null;
  byId("trend").hidden = !drawn;
  setChildren(byId("trend-chart"), drawn ? [trendChart(points, average, (value) => written(value, measure.unit), chartWidth())] : []);
  byId("days-facts").textContent = daysFacts(calls, points.length, report);
  byId("trend-title").textContent = `${measure.label} by day`;
  byId("days-more").hidden = points.length === 0;
  if (average !== null) table.show(rankingColumns(compared, dimension, measure, average), compared);
}

/** The width of a chart in this window. */
function chartWidth() {
  return Math.min(MAX_WIDTH, byId("compare").clientWidth || MAX_WIDTH);
}

/**
 * Where the days are from.
 * @param {readonly Call[]} calls
 * @param {number} days
 * @param {Report} report
 */
function daysFacts(calls, days, report) {
  const without = calls.filter((call) => call.day === null).length;
  const sources = new Map();
  for (const call of calls) if (call.day !== null) sources.set(call.daySource, (sources.get(call.daySource) ?? 0) + 1);
  const from = [...sources].map(([source, count]) =>
    `${source === "recording" ? "the date in the recording" : `the column “${source}”`} (${counted(count, "call")})`);
  if (!from.length) return "No call that is shown has a day: neither a manifest's column “day” or “date”, nor a date in the recording.";
  const missing = without ? ` ${counted(without, "call has", "calls have")} no day.` : "";
  return `${counted(days, "day")} with a value, from ${from.join(" and ")}.${missing}`;
}
