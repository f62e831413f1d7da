// Corrections on their way to the server that made the page.

/** Why a server did not take them, for people, by the status of its answer. */
const REFUSALS = new Map([
  [401, "Sign in on the page of the server, then save again"],
  [403, "The server does not take corrections from this page: download them"],
  [404, "The server has deleted this transcript: download the corrections"],
  [413, "The server does not take so large a file: download the corrections"],
  [507, "The disk of the server is full: download the corrections"],
]);

/**
 * Sends the content of a corrections file; the result says for people why it was not saved, "" where it was.
 * @param {string} address
 * @param {string} text
 * @returns {Promise<string>}
 */
export async function sendCorrections(address, text) {
  try {
    const answer = await fetch(address, { method: "PUT", headers: { "Content-Type": "application/json" }, body: text });
    if (answer.ok) return "";
    return REFUSALS.get(answer.status) ?? `The server did not save the corrections (error ${answer.status}): try again, or download them`;
  } catch {
    return "The server cannot be reached: try again, or download the corrections";
  }
}
