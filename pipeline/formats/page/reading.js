// Reads the data that Python put into the page (`pipeline/formats/page/data.py` writes it).

/** @typedef {import("./model.js").Page} Page */
/** @typedef {import("./model.js").Line} Line */

/**
 * @typedef {object} Raw  as written: times in milliseconds, speakers as numbers
 * @property {[number, [number, number, string, string?][]][]} lines
 * @property {[number, number, number][]} turns
 * @property {[number, number, string, string][]} overlaps
 * @property {{kind: any, start: number, end: number, reason: string, text: string, speaker: number | null,
 *   words: [number, number], speakers: number[], candidates: string[]}[]} doubts
 * @property {string[]} speakers
 */

/**
 * @param {string} json
 * @returns {Page}
 */
export function readPage(json) {
  const raw = JSON.parse(json);
  const { speakers } = /** @type {Raw} */ (raw);
  return {
    ...raw,
    lines: readLines(raw),
    turns: /** @type {Raw} */ (raw).turns.map(([who, start, end]) => ({
      speaker: speakers[who], start: start / 1000, end: end / 1000,
    })),
    overlaps: /** @type {Raw} */ (raw).overlaps.map(([start, end, decision, reason]) => ({
      start: start / 1000, end: end / 1000, decision, reason,
    })),
    doubts: /** @type {Raw} */ (raw).doubts.map((doubt) => ({
      ...doubt,
      start: doubt.start / 1000,
      end: doubt.end / 1000,
      speaker: doubt.speaker === null ? null : speakers[doubt.speaker],
      speakers: doubt.speakers.map((who) => speakers[who]),
      words: range(doubt.words[0], doubt.words[1]),
    })),
  };
}

/**
 * @param {Raw} raw
 * @returns {Line[]}
 */
function readLines(raw) {
  const marks = new Map();
  for (const doubt of raw.doubts) {
    for (const id of range(doubt.words[0], doubt.words[1])) marks.set(id, doubt.kind);
  }
  let id = 0;
  return raw.lines.map(([who, words]) => ({
    speaker: raw.speakers[who],
    check: null,
    words: words.map(([start, end, text, flags = ""]) => ({
      start: start / 1000,
      end: end / 1000,
      text,
      attached: flags.includes("n"),
      corrected: flags.includes("c"),
      mark: marks.get(id) ?? "",
      id: id++,
      home: raw.speakers[who],
    })),
  }));
}

/**
 * @param {number} first
 * @param {number} after
 */
function range(first, after) {
  return Array.from({ length: after - first }, (_, i) => first + i);
}
