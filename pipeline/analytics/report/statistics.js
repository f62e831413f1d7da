// Intervals of confidence for shares and means, and outliers. All functions are pure.

/** @typedef {{ low: number, high: number }} Interval */

/** Modified z-score above which a value is an outlier: the recommendation of Iglewicz and Hoaglin (1993). */
const MIN_SCORE = 3.5;
/** Values with which outliers are sought at least; with fewer, the deviation varies too much. */
export const MIN_VALUES = 8;
/** Degrees of freedom above which Student's distribution is taken for the normal one: quantiles differ by under 0.2 %. */
const MANY = 1000;
/** Steps of a bisection: more than enough for all digits. */
const STEPS = 80;

/** @param {readonly number[]} values */
export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** @param {readonly number[]} values at least one */
export function median(values) {
  const sorted = [...values].sort((one, two) => one - two);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Sum of the squared distances from the mean.
 * @param {readonly number[]} values
 */
export function squares(values) {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
}

/**
 * Wilson's interval of a share.
 * @param {number} successes
 * @param {number} count at least 1
 * @param {number} confidence such as 0.95
 * @returns {Interval}
 */
export function wilson(successes, count, confidence) {
  const z = normalQuantile(0.5 + confidence / 2);
  const share = successes / count;
  const scale = 1 + (z * z) / count;
  const middle = (share + (z * z) / (2 * count)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / count + (z * z) / (4 * count * count));
  return {
    low: successes === 0 ? 0 : Math.max(0, middle - half),
    high: successes === count ? 1 : Math.min(1, middle + half),
  };
}

/**
 * Student's interval of a mean.
 * @param {number} middle
 * @param {number} deviation standard deviation of one value
 * @param {number} count of values, at least 2
 * @param {number} confidence
 * @returns {Interval}
 */
export function meanInterval(middle, deviation, count, confidence) {
  const half = studentQuantile(0.5 + confidence / 2, count - 1) * (deviation / Math.sqrt(count));
  return { low: middle - half, high: middle + half };
}

/** @type {Map<string, number>} */
const quantiles = new Map();

/**
 * @param {number} probability from 0.5 to below 1
 * @param {number} degrees of freedom, a whole number
 */
export function studentQuantile(probability, degrees) {
  if (degrees > MANY) return normalQuantile(probability);
  const key = `${probability} ${degrees}`;
  const known = quantiles.get(key) ?? bisect((t) => 0.5 + studentWithin(t, degrees) / 2, probability);
  quantiles.set(key, known);
  return known;
}

/** @param {number} probability from 0.5 to below 1 */
export function normalQuantile(probability) {
  return bisect(normalBelow, probability);
}

/**
 * Where a growing function reaches a value.
 * @param {(x: number) => number} grows
 * @param {number} value
 */
function bisect(grows, value) {
  let low = 0;
  let high = 1;
  while (grows(high) < value && high < 1e9) high *= 2;
  for (let step = 0; step < STEPS; step += 1) {
    const middle = (low + high) / 2;
    if (grows(middle) < value) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * Probability that Student's t is between -t and t: Abramowitz and Stegun, 26.7.3 and 26.7.4.
 * @param {number} t
 * @param {number} degrees
 */
function studentWithin(t, degrees) {
  const angle = Math.atan(t / Math.sqrt(degrees));
  const sine = Math.sin(angle);
  const cosine = Math.cos(angle);
  const odd = degrees % 2 === 1;
  let term = odd ? cosine : 1;
  let sum = degrees === 1 ? 0 : term;
  for (let k = odd ? 3 : 2; k < degrees - 1; k += 2) {
    term *= (cosine * cosine * (k - 1)) / k;
    sum += term;
  }
  return odd ? (2 / Math.PI) * (angle + sine * sum) : sine * sum;
}

/**
 * Probability that a normal value is below x: Marsaglia's series (2004).
 * @param {number} x from 0
 */
function normalBelow(x) {
  if (x > 8) return 1;
  let term = x;
  let sum = x;
  for (let k = 3; term > 1e-17 * sum; k += 2) sum += term *= (x * x) / k;
  return 0.5 + sum * Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
}

/**
 * The numbers of the values that are outliers, with their modified z-scores: 0.6745 x distance from the median, divided
 * by the median absolute deviation.
 * @param {readonly (number | null)[]} values
 * @param {number} minDeviation
 */
export function outliersOf(values, minDeviation) {
  const known = /** @type {number[]} */ (values.filter((value) => value !== null));
  if (known.length < MIN_VALUES) return { median: NaN, outliers: [] };
  const middle = median(known);
  const scale = Math.max(minDeviation, median(known.map((value) => Math.abs(value - middle))));
  const scores = values.map((value) => (value === null ? 0 : (0.6745 * (value - middle)) / scale));
  const outliers = scores.flatMap((score, number) => (Math.abs(score) > MIN_SCORE ? [{ number, score }] : []));
  return { median: middle, outliers };
}
