// Requests to the server. Addresses are relative to the page, so that a proxy may offer the server below a path.

/** @typedef {import("./words.js").Job} Job */
/** @typedef {{ speakers: string, language: string }} Settings  as the form has them; "" leaves the choice to the server */

/** An answer that is an error. */
export class ServerError extends Error {
  /**
   * @param {number} status      0: there was no answer
   * @param {string} message     of the server, or ""
   * @param {number} retryAfter  seconds until another try is worth it, 0 without advice
   */
  constructor(status, message, retryAfter = 0) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** @param {string} id */
export function address(id) {
  return `v1/jobs/${encodeURIComponent(id)}`;
}

/**
 * @param {string} id
 * @param {string} format
 */
export function resultAddress(id, format) {
  return `${address(id)}/result?format=${encodeURIComponent(format)}`;
}

/**
 * @param {string} id
 * @returns {Promise<Job>}
 */
export async function fetchJob(id) {
  return (await call("GET", address(id))).json();
}

/**
 * Cancels a job and removes all that the server has of it.
 * @param {string} id
 */
export async function removeJob(id) {
  await call("DELETE", address(id)).catch((error) => {
    if (error.status !== 404) throw error;
  });
}

/**
 * A result, with the name that the server gives the file.
 * @param {string} id
 * @param {string} format
 */
export async function fetchResult(id, format) {
  const answer = await call("GET", resultAddress(id, format));
  return { name: fileName(answer.headers.get("content-disposition") ?? "") || `transcript.${format}`, content: await answer.blob() };
}

/** Whether this browser may use the server. */
export async function isSignedIn() {
  try {
    await call("GET", "session");
    return true;
  } catch (error) {
    if (error instanceof ServerError && error.status === 401) return false;
    throw error;
  }
}

/** @param {string} token */
export async function signIn(token) {
  await call("POST", "session", new URLSearchParams({ token }));
}

export async function signOut() {
  await call("DELETE", "session");
}

/** Why the server cannot work at the moment, for people; "" when it can. */
export async function notReady() {
  try {
    await call("GET", "readyz");
    return "";
  } catch (error) {
    return error instanceof ServerError && error.status === 503 ? error.message : "";
  }
}

/**
 * Sends a recording; `abort` ends that.
 * @param {Blob} file
 * @param {string} name
 * @param {Settings} settings
 * @param {(share: number) => void} onSent
 * @returns {{ job: Promise<Job>, abort: () => void }}
 */
export function upload(file, name, settings, onSent) {
  const form = new FormData();
  for (const [field, value] of Object.entries(settings)) if (value) form.append(field, value);
  form.append("file", file, name);
  const request = new XMLHttpRequest(); // fetch does not tell how much of a body was sent
  const job = new Promise((resolve, reject) => {
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onSent(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      const { status, responseText } = request;
      if (status === 202) resolve(JSON.parse(responseText));
      else reject(new ServerError(status, messageIn(responseText), Number(request.getResponseHeader("retry-after")) || 0));
    });
    request.addEventListener("error", () => reject(new ServerError(0, "")));
    request.open("POST", "v1/jobs");
    request.send(form);
  });
  return { job, abort: () => request.abort() };
}

/**
 * @param {string} method
 * @param {string} path
 * @param {URLSearchParams} [body]
 * @returns {Promise<Response>} an answer that is no error
 */
async function call(method, path, body) {
  /** @type {Response} */
  let answer;
  try {
    answer = await fetch(path, { method, body });
  } catch {
    throw new ServerError(0, "");
  }
  if (answer.ok) return answer;
  throw new ServerError(answer.status, messageIn(await answer.text()), Number(answer.headers.get("retry-after")) || 0);
}

/**
 * The message of an error in the shape of the API; "" without one.
 * @param {string} text
 * @returns {string}
 */
export function messageIn(text) {
  try {
    return String(JSON.parse(text).error.message ?? "");
  } catch {
    return "";
  }
}

/**
 * The name in a Content-Disposition header (RFC 6266); "" without one.
 * @param {string} header
 */
export function fileName(header) {
  const extended = /filename\*=UTF-8''([^;]+)/i.exec(header);
  if (extended) {
    try {
      return decodeURIComponent(extended[1].trim());
    } catch {
      // The plain name is read instead.
    }
  }
  const plain = /filename="((?:[^"\\]|\\.)*)"/i.exec(header) ?? /filename=([^;\s]+)/i.exec(header);
  return plain ? plain[1].replace(/\\(.)/g, "$1") : "";
}
