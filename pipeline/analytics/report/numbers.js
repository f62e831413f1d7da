// Numbers as people read them.

/** @typedef {import("./reading.js").Figure["unit"]} Unit */

const THOUSANDS = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** @param {number} value */
export function whole(value) {
  return THOUSANDS.format(value);
}

/**
 * "1 call", "2 calls".
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export function counted(count, one, many = `${one}s`) {
  return `${whole(count)} ${count === 1 ? one : many}`;
}

/** @param {number} seconds */
export function clock(seconds) {
  const all = Math.round(seconds);
  const rest = String(all % 60).padStart(2, "0");
  const minutes = Math.floor(all / 60);
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

/** @param {number} ratio */
export function percent(ratio) {
  const value = ratio * 100;
  return `${Math.abs(value) >= 9.95 || value === 0 ? value.toFixed(0) : value.toFixed(1)}\u00a0%`;
}

/**
 * @param {number | null} value
 * @param {Unit} unit
 */
export function written(value, unit) {
  if (value === null) return "–";
  switch (unit) {
    case "time": return clock(value);
    case "s": return `${value.toFixed(1)}\u00a0s`;
    case "ratio": return percent(value);
    case "per_minute": return `${value.toFixed(0)}`;
    case "score": return signed(value);
    case "lufs": return signed(value, 1);
    default: return Number.isInteger(value) ? whole(value) : value.toFixed(1);
  }
}

/**
 * @param {number} value
 * @param {number} [digits]
 */
export function signed(value, digits = 2) {
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return text;
  return `${value < 0 ? "−" : "+"}${text}`;
}

/**
 * An interval, which may break before its second bound only.
 * @param {{ low: number, high: number }} interval
 * @param {Unit} unit
 */
export function range({ low, high }, unit) {
  return `${written(bounded(low, unit), unit)} to\u00a0${written(bounded(high, unit), unit)}`;
}

/**
 * A bound of an interval, without values that the unit cannot have.
 * @param {number} value
 * @param {Unit} unit
 */
export function bounded(value, unit) {
  if (unit === "lufs") return value;
  if (unit === "score") return Math.min(1, Math.max(-1, value));
  return unit === "ratio" ? Math.min(1, Math.max(0, value)) : Math.max(0, value);
}
