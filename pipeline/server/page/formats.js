// The formats of downloads, as people call them.

/** Formats with a button of their own, in their order. */
const USUAL = new Map([
  ["docx", "Word"], ["txt", "Text"], ["srt", "Subtitles"], ["minutes-docx", "Minutes"],
]);
/** The other formats, in groups. */
const MORE = new Map([
  ["minutes-html", "Page with minutes"], ["minutes", "Minutes, Markdown"], ["minutes-json", "Minutes, JSON"],
  ["md", "Markdown"], ["csv", "Table, CSV"], ["tsv", "Table, TSV"],
  ["vtt", "Subtitles, WebVTT"], ["ass", "Subtitles, ASS"], ["podcast", "Podcast transcript, JSON"],
  ["json", "Crosstalk, JSON"], ["textgrid", "Praat TextGrid"], ["eaf", "ELAN"], ["qda", "MAXQDA, ATLAS.ti, NVivo"],
  ["labels", "Audacity labels"], ["rttm", "RTTM"], ["stm", "STM"], ["ctm", "CTM"], ["seglst", "SegLST"],
]);
/** The page of corrections, which is opened and not downloaded. */
export const PAGE = "html";
/** The formats that are opened in the browser. */
const OPENED = new Set([PAGE, "minutes-html"]);

/** @typedef {{ name: string, label: string, opens: boolean }} Choice */

/**
 * The formats that a server offers, as choices: usual ones and others. One without a label keeps its name.
 * @param {readonly string[]} names
 * @returns {{ usual: Choice[], more: Choice[] }}
 */
export function choices(names) {
  const offered = new Set(names.filter((name) => name !== PAGE));
  /** @param {Map<string, string>} labels */
  const known = (labels) => [...labels].filter(([name]) => offered.has(name));
  const others = [...offered].filter((name) => !USUAL.has(name) && !MORE.has(name)).map((name) => [name, name]);
  /** @param {string[]} pair */
  const choice = ([name, label]) => ({ name, label, opens: OPENED.has(name) });
  return { usual: known(USUAL).map(choice), more: [...known(MORE), ...others].map(choice) };
}
