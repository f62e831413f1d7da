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
 * @property {null | (Omit<Minutes, "people" | "topics" | "items" | "agenda" | "previous"> & {
 *   people: [number, number][], topics: Topic[], items: RawItem[], agenda: Mentioned<AgendaLine>[],
 *   previous: Mentioned<FollowUp>[] })} minutes
 */

/** @typedef {import("./model.js").Minutes} Minutes */
/** @typedef {import("./model.js").Topic} Topic */
/** @typedef {import("./model.js").AgendaLine} AgendaLine */
/** @typedef {import("./model.js").FollowUp} FollowUp */
/**
 * @template T
 * @typedef {Omit<T, "mention"> & { mention: RawItem | null }} Mentioned  T as written
 */
/** @typedef {Omit<import("./model.js").MinutesItem, "spans"> & { words: [number, number][] }} RawItem */

/**
 * @param {string} json
 * @returns {Page}
 */
export function readPage(json) {
  const raw = JSON.parse(json);
  const { speakers } = /** @type {Raw} */ (raw);
  const lines = readLines(raw);
  return {
    ...raw,
    lines,
    minutes: readMinutes(raw, lines),
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
 * @param {Raw} raw
 * @param {readonly Line[]} lines
 * @returns {Minutes | null}
 */
function readMinutes({ minutes, speakers }, lines) {
  if (!minutes) return null;
  const words = lines.flatMap((line) => line.words);
  /** @param {RawItem} item */
  const read = (item) => ({ ...item, spans: item.words.map(([first, after]) => {
    const own = words.slice(first, after);
    return { speaker: own[0].home, start: own[0].start, end: Math.max(...own.map((word) => word.end)) };
  }) });
  return {
    ...minutes,
    people: minutes.people.map(([who, share]) => [speakers[who], share]),
    topics: minutes.topics.map((topic) => ({ ...topic, start: topic.start / 1000, end: topic.end / 1000 })),
    items: minutes.items.map(read),
    agenda: minutes.agenda.map((line) => ({ ...line, mention: line.mention && read(line.mention) })),
    previous: minutes.previous.map((earlier) => ({ ...earlier, mention: earlier.mention && read(earlier.mention) })),
  };
}

/**
 * @param {number} first
 * @param {number} after
 */
function range(first, after) {
  return Array.from({ length: after - first }, (_, i) => first + i);
}
