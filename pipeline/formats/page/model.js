// Types of the page, and pure helpers for words and lines. Times are seconds from the start of the recording.

/**
 * @typedef {object} Word
 * @property {number} start
 * @property {number} end
 * @property {string} text
 * @property {boolean} attached  no space stands between this word and the one before
 * @property {string} mark       kind of the doubt about this word, or ""
 * @property {boolean} corrected a person wrote it
 * @property {number} id         number in the transcript; -1 for words that were written on this page
 * @property {string} home       label of the speaker who has the word in the transcript
 */

/**
 * @typedef {object} Line
 * @property {string} speaker
 * @property {readonly Word[]} words  at least one, in order of their starts
 * @property {Operation | null} check the operation that marked the line as checked
 */

/**
 * @typedef {object} Operation  a correction, with the fields of `pipeline.core.correction.Correction`
 * @property {"name" | "assign" | "text" | "split" | "join" | "check" | "include" | "exclude"} operation
 * @property {string} speaker
 * @property {number} [start]
 * @property {number} [end]
 * @property {string} [before]
 * @property {string} [after]
 * @property {string} [left]
 * @property {string} [right]
 * @property {string | null} [problem]
 */

/**
 * @typedef {object} State
 * @property {readonly Line[]} lines              sorted by start
 * @property {readonly string[]} speakers         labels in order of appearance
 * @property {ReadonlyMap<string, string>} names  the name that is shown for each label
 * @property {readonly Operation[]} ledger        those that the transcript had
 * @property {readonly Operation[]} operations    those of this page that are in force, in their order
 * @property {ReadonlySet<number>} dismissed      numbers of doubts that were checked and have no line
 * @property {readonly Mark[]} marks              items of the minutes: those of the file, then those of people
 */

/**
 * @typedef {object} Mark  words that are, or are not, an item of the minutes
 * @property {string} kind
 * @property {readonly Turn[]} spans        the words of a speaker whose middle is in one of their spans
 * @property {Operation | null} operation   by which a person added or rejected it; null: the minutes have it
 * @property {MinutesItem | null} item      what the minutes say of it
 */

/**
 * @typedef {object} MinutesItem
 * @property {string} kind
 * @property {readonly Turn[]} spans
 * @property {number} topic
 * @property {string} reason
 * @property {string} label      words of a language model, or ""
 * @property {string | true} who true: the speaker; or a name that was said, or ""
 * @property {string} due
 */

/**
 * @typedef {object} Topic
 * @property {string} title
 * @property {string} label
 * @property {number} start
 * @property {number} end
 */

/**
 * @typedef {object} FollowUp  an action of earlier minutes
 * @property {string} text
 * @property {string} speaker
 * @property {string} who
 * @property {string} due
 * @property {MinutesItem | null} mention
 */

/** @typedef {{ text: string, topics: readonly number[], mention: MinutesItem | null }} AgendaLine */

/**
 * @typedef {object} Minutes
 * @property {string} date
 * @property {string} model                      name of the language model that wrote the labels, or ""
 * @property {readonly string[]} kinds           those that were looked for
 * @property {readonly [string, number][]} people  labels and their share of the talk
 * @property {readonly Topic[]} topics
 * @property {readonly MinutesItem[]} items
 * @property {readonly AgendaLine[]} agenda
 * @property {readonly FollowUp[]} previous
 * @property {readonly string[]} annex
 */

/**
 * @typedef {object} Doubt
 * @property {"suspect" | "words" | "speaker" | "overlap" | "uncovered" | "name"} kind
 * @property {number} start
 * @property {number} end
 * @property {string} reason
 * @property {string} text
 * @property {string | null} speaker
 * @property {readonly number[]} words      numbers of the words in the transcript
 * @property {readonly string[]} speakers   labels of those who talk at once
 * @property {readonly string[]} candidates names that the speaker may have
 */

/** @typedef {{ start: number, end: number, decision: string, reason: string }} Overlap */
/** @typedef {{ start: number, end: number, speaker: string }} Turn */
/** @typedef {{ type: string, link: string, missing: string }} SoundSource */

/**
 * @typedef {object} Page  everything that Python put into the file
 * @property {string} session
 * @property {string} source
 * @property {string | null} sha256
 * @property {number} duration
 * @property {string | null} language
 * @property {boolean} complete
 * @property {string} key       hash of the transcript
 * @property {readonly string[]} speakers
 * @property {readonly string[]} names
 * @property {readonly Line[]} lines
 * @property {readonly Turn[]} turns
 * @property {readonly Overlap[]} overlaps
 * @property {readonly Doubt[]} doubts
 * @property {readonly Operation[]} ledger
 * @property {readonly string[]} notices
 * @property {Minutes | null} minutes
 * @property {string} save      address on the server that takes corrections, or ""
 * @property {SoundSource} sound
 * @property {string} peaks     base64, a byte for each `step` seconds
 * @property {number} step
 */

/** Largest difference of two times that count as equal: half a millisecond, because times are written in milliseconds. */
export const SAME_TIME = 0.0006;

/**
 * The words as running text.
 * @param {readonly Word[]} words
 */
export function joinWords(words) {
  return words.map((word) => (word.attached ? word.text : ` ${word.text}`)).join("").trim();
}

/** @param {Line} line */
export function startOf(line) {
  return line.words[0].start;
}

/** @param {Line} line */
export function endOf(line) {
  return Math.max(...line.words.map((word) => word.end));
}

/** @param {number} seconds */
export function rounded(seconds) {
  return Math.round(seconds * 1000) / 1000;
}

/**
 * A time as people read it: 0:07, 12:34, 1:02:03.
 * @param {number} seconds
 */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const rest = String(whole % 60).padStart(2, "0");
  const minutes = Math.floor(whole / 60) % 60;
  const hours = Math.floor(whole / 3600);
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/**
 * The items as a list in a sentence.
 * @param {readonly string[]} items
 */
export function listed(items) {
  return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items[items.length - 1]}`;
}
