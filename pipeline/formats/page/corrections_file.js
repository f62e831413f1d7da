// The corrections file, and where corrections are kept in the browser.

/** @typedef {import("./model.js").Page} Page */
/** @typedef {import("./model.js").State} State */
/** @typedef {import("./history.js").Entry} Entry */
/**
 * @typedef {object} Saved
 * @property {readonly Entry[]} entries
 * @property {number} done         how many of them are in force
 * @property {string} downloaded   the corrections that were downloaded last
 * @property {string} [onServer]   the corrections that the server got last
 * @property {string} [file]       the corrections file while it is neither downloaded nor on the server
 */

const VERSION = "crosstalk-corrections/1";

/**
 * The content of the corrections file.
 * @param {Page} page
 * @param {State} state
 */
export function fileContent(page, state) {
  /** @type {Record<string, number[][]>} */
  const speakers = Object.fromEntries(page.speakers.map((speaker) => [speaker, []]));
  for (const turn of page.turns) {
    const [start, end] = [cents(turn.start), cents(turn.end)];
    if (start < end) speakers[turn.speaker]?.push([start, end]);
  }
  const file = {
    version: VERSION,
    recording: { source: page.source, sha256: page.sha256, duration: page.duration },
    speakers,
    corrections: [...state.ledger, ...state.operations],
  };
  return `${JSON.stringify(file, null, 1)}\n`;
}

/** @param {Page} page */
export function fileName(page) {
  return `${page.session}.corrections.json`;
}

/**
 * Offers a text as a file to keep.
 * @param {string} name
 * @param {string} text
 */
export function download(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/**
 * The corrections in the browser's storage; `available` says whether there is one.
 * @param {Page} page
 */
export function createStorage(page) {
  const prefix = `crosstalk:${page.sha256 ?? page.source}:`;
  const key = prefix + page.key;
  return {
    available: works(),
    /** @returns {Saved | null} */
    load() {
      try {
        const saved = JSON.parse(localStorage.getItem(key) ?? "null");
        return saved && Array.isArray(saved.entries) ? saved : null;
      } catch {
        return null;
      }
    },
    /** Whether corrections of other versions of this transcript were not downloaded. */
    get hasOlder() {
      return olderKeys(prefix, key).length > 0;
    },
    /** The files of those corrections, which count as downloaded then. */
    takeOlder() {
      const keys = olderKeys(prefix, key);
      const files = keys.map(keptFile);
      for (const each of keys) keep(each, { ...JSON.parse(localStorage.getItem(each) ?? "{}"), file: "" });
      return files;
    },
    /**
     * Whether it was kept. Where there is no room for all, the file is left out: it is made from the entries.
     * @param {Saved} saved
     */
    save(saved) {
      return keep(key, saved) || keep(key, { ...saved, file: "" });
    },
    /**
     * Calls back when another tab with this page has kept something.
     * @param {() => void} listener
     */
    onOtherTab(listener) {
      addEventListener("storage", (event) => event.key === key && listener());
    },
  };
}

/**
 * The keys of other versions of the transcript whose corrections were not downloaded.
 * @param {string} prefix
 * @param {string} own
 */
function olderKeys(prefix, own) {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(prefix) && key !== own && keptFile(key));
  } catch {
    return []; // a browser that keeps nothing has nothing older
  }
}

/**
 * The corrections file that was kept and not downloaded, or "".
 * @param {string} key
 * @returns {string}
 */
function keptFile(key) {
  try {
    return String(JSON.parse(localStorage.getItem(key) ?? "{}").file ?? "");
  } catch {
    return "";
  }
}

/**
 * Whether there was room for it.
 * @param {string} key
 * @param {Saved} saved
 */
function keep(key, saved) {
  try {
    localStorage.setItem(key, JSON.stringify(saved));
    return true;
  } catch {
    return false;
  }
}

function works() {
  try {
    localStorage.setItem("crosstalk", "1");
    localStorage.removeItem("crosstalk");
    return true;
  } catch {
    return false;
  }
}

/** @param {number} seconds */
function cents(seconds) {
  return Math.round(seconds * 100) / 100;
}
