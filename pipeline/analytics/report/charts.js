// Draws the charts. Each stands beside the same figures as text: for programs that read the page aloud it is hidden.

/** @typedef {import("./statistics.js").Interval} Interval */

const SVG = "http://www.w3.org/2000/svg";
/** Height of a chart of days or of a distribution, its left edge and its base line, in pixels. */
const HIGH = 200;
const LEFT = 64;
const BASE = 160;
/** Width of the chart of one interval. */
const ROW = 160;
/** Width of the label of a day. */
const LABEL = 96;
/** Bars of a distribution. Chosen by hand. */
const BARS = 24;

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {...(Node | string)} children
 */
function shape(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** @param {number} value */
function short(value) {
  return Math.round(value * 10) / 10;
}

/**
 * A value with its interval, and the average of all as a line.
 * @param {number} value
 * @param {Interval} interval
 * @param {Interval} wide the interval that is compared with the average: a thin line
 * @param {number} average
 * @param {Interval} axis the values at both ends of the chart
 * @param {string} verdict
 */
export function intervalChart(value, interval, wide, average, axis, verdict) {
  const x = (/** @type {number} */ each) => short(4 + ((ROW - 8) * (each - axis.low)) / (axis.high - axis.low || 1));
  const line = (/** @type {string} */ kind, /** @type {Interval} */ { low, high }) =>
    shape("line", { class: kind, x1: x(Math.max(axis.low, low)), x2: x(Math.min(axis.high, high)), y1: 9, y2: 9 });
  return shape("svg", { class: `interval ${verdict}`, viewBox: `0 0 ${ROW} 18`, width: ROW, height: 18, "aria-hidden": "true" },
    shape("line", { class: "average", x1: x(average), x2: x(average), y1: 0, y2: 18 }),
    line("wide", wide), line("span", interval),
    shape("circle", { class: "point", cx: x(value), cy: 9, r: 4 }));
}

/**
 * @typedef {object} Point
 * @property {string} label
 * @property {number} value
 * @property {Interval | null} interval
 */

/**
 * Values of days, in their order: days without calls are left out.
 * @param {readonly Point[]} points
 * @param {number} average
 * @param {(value: number) => string} write
 * @param {number} wide
 */
export function trendChart(points, average, write, wide) {
  const axis = axisOf(points.map(({ value, interval }) => interval ?? { low: value, high: value }));
  const step = (wide - LEFT - 24) / Math.max(1, points.length - 1);
  const x = (/** @type {number} */ i) => short(points.length === 1 ? (LEFT + wide) / 2 : LEFT + 12 + i * step);
  const y = (/** @type {number} */ value) => short(BASE - ((BASE - 12) * (value - axis.low)) / (axis.high - axis.low || 1));
  const spans = points.flatMap(({ interval }, i) =>
    interval ? [shape("line", { class: "span", x1: x(i), x2: x(i), y1: y(interval.low), y2: y(interval.high) })] : []);
  const dots = points.map(({ value, interval }, i) =>
    shape("circle", { class: interval ? "point" : "point single", cx: x(i), cy: y(value), r: points.length > 90 ? 2 : 4 }));
  return frame([
    shape("line", { class: "average", x1: LEFT, x2: wide, y1: y(average), y2: y(average) }),
    ...spans,
    shape("polyline", { class: "course", points: points.map(({ value }, i) => `${x(i)},${y(value)}`).join(" ") }),
    ...dots,
    ...[axis.low, axis.high].map((value) => shape("text", { x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, write(value))),
    ...labels(points, x, wide),
  ], wide);
}

/**
 * @param {readonly Point[]} points
 * @param {(i: number) => number} x
 * @param {number} wide
 */
function labels(points, x, wide) {
  const every = Math.ceil((points.length * LABEL) / (wide - LEFT));
  const shown = points.flatMap(({ label }, i) => (i % every === 0 ? [{ label, i }] : []));
  return shown.map(({ label, i }) => shape("text", { x: Math.min(wide - 36, x(i)), y: BASE + 24, "text-anchor": "middle" }, label));
}

/**
 * How often values occur.
 * @param {readonly number[]} values at least one
 * @param {(value: number) => string} write
 * @param {number} wide
 */
export function distributionChart(values, write, wide) {
  const low = values.reduce((least, value) => Math.min(least, value), Infinity);
  const high = values.reduce((most, value) => Math.max(most, value), -Infinity);
  const width = (high - low) / BARS || 1;
  const counts = new Array(BARS).fill(0);
  for (const value of values) counts[Math.min(BARS - 1, Math.floor((value - low) / width))] += 1;
  const most = Math.max(...counts);
  const step = (wide - LEFT) / BARS;
  return frame([
    ...counts.map((count, i) => {
      const height = short(((BASE - 12) * count) / most);
      return shape("rect", { class: "column", x: short(LEFT + i * step), y: short(BASE - height), width: short(step - 2), height });
    }),
    shape("text", { x: LEFT - 8, y: 16, "text-anchor": "end" }, String(most)),
    shape("text", { x: LEFT - 8, y: BASE + 4, "text-anchor": "end" }, "0"),
    shape("text", { x: LEFT, y: BASE + 24 }, write(low)),
    shape("text", { x: wide, y: BASE + 24, "text-anchor": "end" }, write(high)),
  ], wide);
}

/**
 * @param {readonly Node[]} shapes
 * @param {number} wide
 */
function frame(shapes, wide) {
  const base = shape("line", { class: "base", x1: LEFT, x2: wide, y1: BASE, y2: BASE });
  return shape("svg", { class: "chart", viewBox: `0 0 ${wide} ${HIGH}`, width: wide, height: HIGH, "aria-hidden": "true" }, base, ...shapes);
}

/**
 * The ends of an axis that shows all intervals.
 * @param {readonly Interval[]} intervals
 */
export function axisOf(intervals) {
  return {
    low: intervals.reduce((least, { low }) => Math.min(least, low), Infinity),
    high: intervals.reduce((most, { high }) => Math.max(most, high), -Infinity),
  };
}
