// What this browser keeps: the ids of its jobs, newest first, and the language that was chosen last.

const JOBS = "crosstalk:server-jobs";
const LANGUAGE = "crosstalk:server-language";
/** Most jobs in the list; the server deletes old ones itself. */
const MOST = 200;

/** @returns {string[]} */
export function storedJobs() {
  try {
    const found = JSON.parse(read(JOBS) || "[]");
    return Array.isArray(found) ? found.filter((id) => typeof id === "string").slice(0, MOST) : [];
  } catch {
    return [];
  }
}

/**
 * Whether the browser keeps it.
 * @param {string} id
 */
export function storeJob(id) {
  return write(JOBS, JSON.stringify([id, ...storedJobs().filter((other) => other !== id)].slice(0, MOST)));
}

/** @param {string} id */
export function forgetJob(id) {
  write(JOBS, JSON.stringify(storedJobs().filter((other) => other !== id)));
}

export function storedLanguage() {
  return read(LANGUAGE);
}

/** @param {string} language */
export function storeLanguage(language) {
  write(LANGUAGE, language);
}

/** @param {string} key */
function read(key) {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return ""; // a browser that keeps nothing
  }
}

/**
 * @param {string} key
 * @param {string} value
 */
function write(key, value) {
  try {
    localStorage.setItem(key, value);
    return true;
  } catch {
    return false;
  }
}
