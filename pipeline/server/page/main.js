// Puts the page together: the card, the list, what is sent and followed, signing in.

import { byId } from "../../formats/page/dom.js";
import { fetchJob, fetchResult, isSignedIn, notReady, removeJob, ServerError, upload } from "./api.js";
import { createChooser } from "./chooser.js";
import { createFollower, isOver } from "./following.js";
import { createList } from "./list_view.js";
import { createSignIn } from "./sign_in.js";
import { forgetJob, storedJobs, storeJob } from "./storage.js";
import { counted, explained, sentence, shown, span } from "./words.js";

/** @typedef {import("./words.js").Job} Job */
/** @typedef {import("./words.js").Item} Item */

/**
 * @typedef {Item & { key: number, file: File | null, settings: import("./api.js").Settings | null, abort: () => void }} Entry
 */

/** Milliseconds between two questions whether a worker is ready. */
const READY_PAUSE = 4000;
/** Seconds until the next try where a busy server does not say. */
const RETRY_SECONDS = 10;
/** Statuses after which the same recording may be sent again without a change. */
const TEMPORARY = new Set([429, 503]);

const { maxUpload, keep, token } = document.documentElement.dataset;
const kept = Number(keep);
/** @type {Entry[]} */
let entries = [];
let lastKey = 0;
let isLocked = false;

const list = createList({ onAction: act, onDownload: download });
const follower = createFollower({ onJob: showJob, onProblem: showProblem });
const form = createSignIn({ onSignedIn: enter, hasToken: token === "yes" });
const chooser = createChooser({ largest: Number(maxUpload), kept, send, announce });

/** @param {string} text */
function announce(text) {
  byId("live").textContent = text;
}

/**
 * Says something that stays in sight; "" takes it away.
 * @param {string} text
 */
function notice(text) {
  byId("notice").textContent = text;
  byId("notice").hidden = !text;
}

function update() {
  list.update(entries);
}

/**
 * @param {Partial<Entry>} parts
 * @returns {Entry}
 */
function entry(parts) {
  return {
    key: ++lastKey, name: "", file: null, settings: null, abort: () => undefined, upload: "sent", sent: 0, retryAt: 0,
    problem: "", again: false, lost: false, job: null, ...parts,
  };
}

/**
 * @param {readonly File[]} files
 * @param {import("./api.js").Settings} settings
 */
function send(files, settings) {
  const fresh = files.map((file) => entry({ name: file.name, file, settings, again: true, upload: "waiting" }));
  entries = [...fresh, ...entries];
  update();
  sendNext();
}

/** Sends the oldest recording that waits; one at a time. */
function sendNext() {
  if (isLocked || entries.some((each) => each.upload === "uploading")) return;
  const next = [...entries].reverse().find((each) => each.upload === "waiting");
  if (next) void sendOne(next);
}

/** @param {Entry} item */
async function sendOne(item) {
  const { file, settings } = item;
  if (!file || !settings) return;
  Object.assign(item, { upload: "uploading", sent: 0, problem: "" });
  const { job, abort } = upload(file, item.name, settings, (share) => {
    item.sent = share;
    update();
  });
  item.abort = abort;
  update();
  try {
    accept(item, await job);
  } catch (error) {
    refuse(item, /** @type {ServerError} */ (error));
  }
  update();
  sendNext();
}

/**
 * @param {Entry} item
 * @param {Job} job
 */
function accept(item, job) {
  Object.assign(item, { upload: "sent", job, name: job.name });
  if (!storeJob(job.id)) notice("This browser keeps no list: leave this page open until you have the transcript.");
  announce(`${item.name}: uploaded`);
  follow(item);
}

/**
 * @param {Entry} item
 * @param {ServerError} error
 */
function refuse(item, error) {
  if (error.status === 401) {
    item.upload = "waiting";
    askToken();
    return;
  }
  if (TEMPORARY.has(error.status)) {
    item.upload = "retrying";
    item.retryAt = Date.now() + (error.retryAfter || RETRY_SECONDS) * 1000;
    return;
  }
  item.upload = "refused";
  item.problem = explained(error);
  announce(`${item.name}: ${item.problem}`);
}

/** @param {Entry} item */
function follow(item) {
  if (item.job && !isOver(item.job)) follower.add(item.job.id);
}

/** @param {string} id */
function entryOf(id) {
  return entries.find((each) => each.job?.id === id);
}

/** @param {Job} news  one that was deleted elsewhere has its state only */
function showJob(news) {
  const item = entryOf(news.id);
  if (!item?.job) return;
  const before = item.job.status;
  const job = { ...item.job, ...news };
  Object.assign(item, { job, name: job.name, lost: false });
  if (job.status === "done") Object.assign(item, { file: null, again: false });
  update();
  if (before === job.status || !isOver(job)) return;
  const text = job.status === "done" ? "the transcript is ready" : shown(item, Date.now()).line;
  announce(`${job.name}: ${text}`);
  if (document.hidden) document.title = `${job.status === "done" ? "Ready" : "Failed"}: ${job.name}`;
}

/**
 * @param {string} id
 * @param {ServerError} error
 */
function showProblem(id, error) {
  const item = entryOf(id);
  if (!item) return;
  if (error.status === 401) askToken();
  else if (error.status === 404) {
    take(item);
    notice(`${sentence(`the server has deleted ${item.name}`)} It keeps a transcript for ${span(kept)}.`);
  } else {
    item.lost = true;
    update();
  }
}

/**
 * Takes an entry out of the list.
 * @param {Entry} item
 */
function take(item) {
  const at = entries.indexOf(item);
  entries = entries.filter((each) => each !== item);
  if (item.job) {
    follower.stop(item.job.id);
    forgetJob(item.job.id);
  }
  update();
  const next = entries[Math.min(at, entries.length - 1)];
  if (document.activeElement !== document.body) return;
  if (next) list.focus(next.key);
  else byId("choose").focus();
}

/**
 * @param {number} key
 * @param {import("./list_view.js").Action} action
 */
function act(key, action) {
  const item = entries.find((each) => each.key === key);
  if (!item) return;
  if (action === "again") {
    if (item.job) forgetJob(item.job.id);
    Object.assign(item, { upload: "waiting", job: null, problem: "" });
    update();
    sendNext();
  } else if (action === "delete") askToDelete(item);
  else void remove(item);
}

/**
 * Cancels what the entry is doing and removes it, on the server too.
 * @param {Entry} item
 */
async function remove(item) {
  item.abort();
  try {
    if (item.job) await removeJob(item.job.id);
  } catch (error) {
    const problem = /** @type {ServerError} */ (error);
    if (problem.status === 401) askToken();
    notice(`${item.name} was not removed. ${explained(problem)}`);
    return;
  }
  take(item);
  announce(`${item.name}: removed`);
  sendNext();
}

/** @param {Entry} item */
function askToDelete(item) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("delete-dialog"));
  byId("delete-name").textContent = item.name;
  byId("delete").onclick = () => {
    dialog.close();
    void remove(item);
  };
  dialog.showModal();
}

/**
 * @param {number} key
 * @param {string} format
 */
async function download(key, format) {
  const item = entries.find((each) => each.key === key);
  if (!item?.job) return;
  announce(`${item.name}: the file is being made`);
  document.documentElement.classList.add("busy");
  try {
    const { name, content } = await fetchResult(item.job.id, format);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(content);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    notice("");
    announce(`${name}: downloaded`);
  } catch (error) {
    const problem = /** @type {ServerError} */ (error);
    if (problem.status === 401) askToken();
    else if (problem.status === 404) showProblem(item.job.id, problem);
    else notice(`The file was not made. ${explained(problem)}`);
  } finally {
    document.documentElement.classList.remove("busy");
  }
}

/** Shows the form that asks for the token, until the browser may use the server. */
function askToken() {
  isLocked = true;
  follower.pause();
  form.show(true);
}

/** Shows the work of a browser that may use the server. */
function enter() {
  isLocked = false;
  form.show(false);
  follower.resume();
  if (!entries.length) void restore();
  update();
  sendNext();
}

/** Shows the jobs of earlier visits; says how many of them the server has deleted. */
async function restore() {
  const ids = storedJobs();
  const found = await Promise.all(ids.map((id) => fetchJob(id).catch((/** @type {ServerError} */ error) => error)));
  const jobs = found.flatMap((each) => (each instanceof ServerError ? [] : [each]));
  const gone = ids.filter((_, i) => /** @type {ServerError} */ (found[i]).status === 404);
  for (const id of gone) forgetJob(id);
  const failed = found.find((each) => each instanceof ServerError && each.status !== 404);
  const restored = jobs.filter((job) => !entryOf(job.id)).map((job) => entry({ name: job.name, job }));
  entries = [...entries, ...restored];
  update();
  restored.forEach(follow);
  if (failed instanceof ServerError) notice(explained(failed));
  else if (gone.length) notice(`${counted(gone.length, "transcript")} of this list ${gone.length === 1 ? "was" : "were"} deleted: the server keeps them for ${span(kept)}.`);
}

/** Asks for finished jobs again: they may be corrected in another tab, or deleted. */
function refresh() {
  for (const { job } of isLocked ? [] : entries) {
    if (job && isOver(job)) fetchJob(job.id).then(showJob, (error) => showProblem(job.id, error));
  }
}

/** Says while the server cannot work, and why. */
async function watchReadiness() {
  const reason = await notReady();
  byId("readiness").textContent = reason && `The server is not ready: ${sentence(reason).replace(/^./, (first) => first.toLowerCase())} Recordings wait until then.`;
  byId("readiness").hidden = !reason;
  if (reason) setTimeout(watchReadiness, READY_PAUSE);
}

async function begin() {
  if (token === "yes" && !(await isSignedIn())) askToken();
  else enter();
}

for (const button of document.querySelectorAll("[data-close]")) {
  button.addEventListener("click", () => button.closest("dialog")?.close());
}
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  document.title = "Crosstalk";
  refresh();
});
addEventListener("beforeunload", (event) => {
  const uploads = entries.some((each) => ["waiting", "uploading", "retrying"].includes(each.upload));
  if (uploads || chooser.hasRecording) event.preventDefault(); // the browser asks before it closes the page
});
setInterval(() => {
  for (const item of entries) {
    if (item.upload === "retrying" && item.retryAt <= Date.now()) item.upload = "waiting";
  }
  update();
  sendNext();
}, 1000);
void watchReadiness();
begin().catch((error) => {
  byId("work").hidden = false;
  notice(explained(error));
}).finally(() => document.documentElement.classList.add("ready"));
