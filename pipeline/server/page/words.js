// What the page says about recordings and servers: numbers, states and errors in words. Nothing here touches the page.

/**
 * @typedef {object} Job  as the server describes it
 * @property {string} id
 * @property {"queued" | "running" | "done" | "failed" | "cancelled"} status
 * @property {string} name
 * @property {number | null} position     recordings before it in the queue
 * @property {string | null} stage
 * @property {number | null} progress     0 to 1
 * @property {number | null} estimate_s   seconds until the end
 * @property {number | null} duration     of the recording, in seconds
 * @property {{ message: string } | null} error
 * @property {readonly string[]} notices  codes
 * @property {boolean} corrected          whether corrections were saved
 * @property {number | null} expires_at   seconds since 1970
 * @property {readonly string[]} formats
 */

/**
 * @typedef {object} Item  a recording in the list
 * @property {string} name
 * @property {"waiting" | "uploading" | "retrying" | "refused" | "sent"} upload
 * @property {number} sent                0 to 1
 * @property {number} retryAt             when the next try is, in milliseconds since 1970
 * @property {string} problem             why the upload was refused, for people
 * @property {boolean} again              whether the recording is still here, so that it can be sent again
 * @property {boolean} lost               whether the connection to the server is lost
 * @property {Job | null} job
 */

/**
 * @typedef {object} Shown  how an item is shown
 * @property {"busy" | "ready" | "failed"} tone
 * @property {string} line
 * @property {number | null} progress     0 to 1; -1: it is not known; null: there is no bar
 * @property {readonly ("cancel" | "again" | "delete" | "remove")[]} actions
 */

/** What happens in each stage, in the order of the stages. */
const STAGES = new Map([
  ["decode", "Reading the sound"],
  ["channels", "Comparing the channels"],
  ["diarization", "Finding who speaks when"],
  ["identification", "Comparing speakers with known people"],
  ["separation", "Separating speech at the same time"],
  ["recognition", "Recognizing the words"],
  ["assembly", "Putting the transcript together"],
]);
/** Notices that change what a transcript is good for. */
const NOTICES = new Map([
  ["truncated", "only a part of the recording could be read"],
  ["damaged", "damaged passages could not be read"],
  ["fewer_speakers", "fewer speakers were found than you gave"],
  ["uncovered_speech", "some speech has no words"],
]);

/**
 * How an item is shown at a time.
 * @param {Item} item
 * @param {number} now milliseconds since 1970
 * @returns {Shown}
 */
export function shown(item, now) {
  if (item.upload !== "sent") return shownUpload(item, now);
  const { job } = item;
  if (!job) return { tone: "busy", line: "Asking the server …", progress: -1, actions: [] };
  if (job.status === "done") return { tone: "ready", line: result(job, now), progress: null, actions: ["delete"] };
  if (job.status === "failed" || job.status === "cancelled") {
    const line = job.status === "failed" ? sentence(job.error?.message ?? "it failed") : "Cancelled.";
    return { tone: "failed", line, progress: null, actions: item.again ? ["again", "remove"] : ["remove"] };
  }
  if (item.lost) return { tone: "busy", line: "The server cannot be reached; trying again …", progress: -1, actions: [] };
  return { tone: "busy", line: work(job), progress: amount(job), actions: ["cancel"] };
}

/**
 * @param {Item} item
 * @param {number} now
 * @returns {Shown}
 */
function shownUpload(item, now) {
  if (item.upload === "refused") {
    return { tone: "failed", line: item.problem, progress: null, actions: item.again ? ["again", "remove"] : ["remove"] };
  }
  if (item.upload === "waiting") return { tone: "busy", line: "Waiting for the upload before it", progress: 0, actions: ["cancel"] };
  if (item.upload === "retrying") {
    const seconds = Math.max(0, Math.ceil((item.retryAt - now) / 1000));
    return { tone: "busy", line: `The server has no room at the moment; next try in ${seconds} s`, progress: -1, actions: ["cancel"] };
  }
  const line = item.sent < 1 ? `Uploading, ${percent(item.sent)}` : "Uploaded; the server is looking at it";
  return { tone: "busy", line, progress: item.sent < 1 ? item.sent : -1, actions: ["cancel"] };
}

/** @param {Job} job */
function work(job) {
  const what = job.status === "queued" ? waiting(job.position ?? 0) : (job.stage && STAGES.get(job.stage)) || "Working";
  return job.estimate_s ? `${what} · ${left(job.estimate_s)}` : what;
}

/** @param {number} before recordings before this one */
function waiting(before) {
  return before ? `Waiting: ${counted(before, "recording")} before this one` : "Waiting for a free worker";
}

/** @param {Job} job */
function amount(job) {
  if (job.status === "queued") return 0;
  return job.progress === null ? -1 : Math.min(1, Math.max(0, job.progress));
}

/**
 * @param {Job} job
 * @param {number} now
 */
function result(job, now) {
  const notices = job.notices.flatMap((code) => NOTICES.get(code) ?? []);
  const kept = job.expires_at ? [`kept until ${moment(job.expires_at * 1000, now)}`] : [];
  const length = job.duration ? [clock(job.duration)] : [];
  const corrected = job.corrected ? ["corrected"] : [];
  return capital([...length, ...corrected, ...notices, ...kept].join(" · ") || "ready");
}

/**
 * A number of seconds as people estimate it.
 * @param {number} seconds
 */
export function left(seconds) {
  if (seconds < 50) return "less than a minute left";
  if (seconds < 90 * 60) return `about ${Math.max(1, Math.round(seconds / 60))} min left`;
  return `about ${Math.round(seconds / 3600)} h left`;
}

/**
 * A time of the day; with the date if it is another day.
 * @param {number} time
 * @param {number} now
 */
export function moment(time, now) {
  const [then, today] = [new Date(time), new Date(now)];
  const hour = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" }).format(then);
  if (then.toDateString() === today.toDateString()) return hour;
  return `${new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long" }).format(then)}, ${hour}`;
}

/**
 * Seconds as hours, minutes and seconds.
 * @param {number} seconds
 */
export function clock(seconds) {
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/**
 * A number of bytes.
 * @param {number} bytes
 */
export function size(bytes) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${value < 10 && power ? Number(value.toFixed(1)) : Math.round(value)} ${units[power]}`;
}

/**
 * A time span that an operator chose, such as an hour.
 * @param {number} seconds
 */
export function span(seconds) {
  if (seconds >= 2 * 86400) return counted(Math.round(seconds / 86400), "day");
  if (seconds >= 3600) return counted(Math.round(seconds / 3600), "hour");
  return seconds >= 60 ? counted(Math.round(seconds / 60), "minute") : counted(Math.round(seconds), "second");
}

/** @param {number} share */
export function percent(share) {
  return `${Math.floor(share * 100)} %`;
}

/**
 * @param {number} count
 * @param {string} word
 */
export function counted(count, word) {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

/**
 * The message of a server as a sentence.
 * @param {string} message
 */
export function sentence(message) {
  const text = capital(message.trim());
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

/**
 * Why a file is not sent, for people; "" where it may be.
 * @param {{ name: string, size: number }} file
 * @param {number} largest bytes that the server takes
 */
export function refusal(file, largest) {
  if (!file.size) return `${file.name} is empty.`;
  if (file.size > largest) return `${file.name} has ${size(file.size)}; this server takes ${size(largest)} at most.`;
  return "";
}

/**
 * An error for people.
 * @param {{ status: number, message: string }} error status 0: the server was not reached
 */
export function explained({ status, message }) {
  if (!status) return "The server cannot be reached. Check the connection, then try again.";
  if (status === 401) return "You are signed out: sign in, then try again.";
  if (status === 404) return "The server has this recording no longer.";
  if (status === 507) return "The disk of the server is full. Tell the person who runs it.";
  return sentence(message || `the server answered with the error ${status}`);
}

/** @param {string} text */
function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
