// Calls unlike the others in a figure.

import { byId } from "../../formats/page/dom.js";
import { figureOf } from "./grouping.js";
import { counted, signed, written } from "./numbers.js";
import { callLink, definitions, moment } from "./parts.js";
import { MIN_VALUES, outliersOf } from "./statistics.js";
import { createTable } from "./table.js";

/** @typedef {import("./reading.js").Call} Call */
/** @typedef {import("./reading.js").Report} Report */
/** @typedef {{ call: Call, figure: import("./reading.js").Figure, value: number, median: number, score: number }} Outlier */

/** Seconds that a call must have at least to be compared. Chosen by hand: in a few seconds, figures vary too much. */
export const MIN_LENGTH = 30;

/** @param {Report} report */
export function createOutliers(report) {
  const compared = report.figures.filter((figure) => figure.minDeviation > 0);
  const minimum = /** @type {HTMLInputElement} */ (byId("outlier-length"));
  const table = createTable(byId("outliers-table"), { label: "Calls unlike the others", one: "outlier", first: 20 });
  byId("outliers-notes").append(definitions([
    { label: "score", definition: "0.6745 × distance from the median, divided by the median of all such distances (but at "
      + "least a lower bound for each figure). A call is listed when its score is above 3.5 or below −3.5 (Iglewicz and "
      + `Hoaglin), among at least ${MIN_VALUES} calls.` },
    ...compared,
  ]));
  return {
    choices: [minimum],
    /** @param {readonly Call[]} calls */
    update(calls) {
      const least = Number(minimum.value) || 0;
      const long = calls.filter((call) => (call.figures[0] ?? 0) >= least);
      const found = compared.flatMap((figure) => {
        const values = long.map((call) => figureOf(call, figure));
        const { median, outliers } = outliersOf(values, figure.minDeviation);
        return outliers.map(({ number, score }) => ({ call: long[number], figure, value: values[number] ?? 0, median, score }));
      });
      found.sort((one, two) => Math.abs(two.score) - Math.abs(one.score));
      table.show(outlierColumns, found);
      byId("outliers-table").hidden = !found.length;
      const short = calls.length - long.length;
      byId("outliers-facts").textContent = (long.length < MIN_VALUES
        ? `Fewer than ${MIN_VALUES} calls are long enough to be compared.`
        : `${counted(found.length, "figure")} unlike the others, among ${counted(long.length, "call")}.`)
        + (short ? ` ${counted(short, "call is", "calls are")} shorter than ${least} s and not compared.` : "");
    },
    csv() {
      const header = ["call", "figure", "value", "median", "score"];
      return [header, ...table.rows.map(({ call, figure, value, median, score }) =>
        [call.name, figure.label, value, median, Math.round(score * 100) / 100])];
    },
  };
}

/** @type {import("./table.js").Column<Outlier>[]} */
const outlierColumns = [
  { label: "call", kind: "name", sort: ({ call }) => call.name, cell: ({ call }) => callLink(call) },
  { label: "figure", kind: "text", sort: ({ figure }) => figure.label, cell: ({ figure }) => figure.label },
  {
    label: "value", number: true, cell: ({ call, figure, value }) => {
      const text = written(value, figure.unit);
      if (figure.key !== "longest_silence" || call.silenceStart === null) return text;
      const part = document.createElement("span");
      part.append(`${text} at `, moment(call, call.silenceStart));
      return part;
    },
  },
  { label: "median", number: true, cell: ({ figure, median }) => written(median, figure.unit) },
  { label: "score", number: true, sort: ({ score }) => Math.abs(score), cell: ({ score }) => signed(score, 1) },
];
