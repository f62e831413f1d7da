// The corrections file, and where corrections are kept in the browser.

/** @typedef {import("./model.js").Page} Page */
/** @typedef {import("./model.js").State} State */
/** @typedef {import("./history.js").Entry} Entry */
/** @typedef {{ entries: readonly Entry[], done: number, downloaded: string }} Saved */

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
  const key = `crosstalk:${page.sha256 ?? page.source}:${page.key}`;
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
    /**
     * Whether it was kept.
     * @param {Saved} saved
     */
    save(saved) {
      try {
        localStorage.setItem(key, JSON.stringify(saved));
        return true;
      } catch {
        return false;
      }
    },
    discard() {
      try {
        localStorage.removeItem(key);
      } catch {
        // Nothing is kept where nothing can be removed.
      }
    },
  };
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
