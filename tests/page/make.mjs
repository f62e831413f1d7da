// Small transcripts for the unit tests.

import { begin, present, record } from "../../pipeline/formats/page/history.js";

/**
 * Lines from texts: a word each second, "-five" without a space before it.
 * @param {[string, number, string][]} rows speaker, start, text
 */
export function page(rows, changes = {}) {
  let id = 0;
  const lines = rows.map(([speaker, start, text]) => ({
    speaker,
    check: null,
    words: text.split(" ").flatMap((each) => each.split(/(?=-)/u)).map((each, i) => ({
      start: start + i, end: start + i + 0.8, text: each, attached: each.startsWith("-"), mark: "", corrected: false,
      id: id++, home: speaker,
    })),
  }));
  const speakers = [...new Set(rows.map(([speaker]) => speaker))];
  return {
    session: "talk", source: "talk.wav", sha256: "ff", duration: 100, language: "en", complete: true, key: "k",
    speakers, names: speakers, lines, turns: [], overlaps: [], doubts: [], ledger: [], notices: [], minutes: null, save: "",
    sound: { type: "", link: "", missing: "" }, peaks: "", step: 0.05, ...changes,
  };
}

/** The state after operations. */
export function after(start, ...operations) {
  return present(operations.reduce((now, each) => record(now, { label: "", operations: [each] }), begin(start)));
}

/** Speaker and text of each line. */
export function rows(state, joinWords) {
  return state.lines.map((line) => [line.speaker, joinWords(line.words)]);
}
