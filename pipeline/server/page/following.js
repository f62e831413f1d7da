// Follows jobs until they end: some by a stream of events, the others by asking again.

import { address, fetchJob, ServerError } from "./api.js";

/** @typedef {import("./words.js").Job} Job */

/** Most streams at once: browsers open six connections to a server, and the page needs some for its requests. */
const STREAMS = 3;
/** Milliseconds between two questions for jobs without a stream. */
const PAUSE = 5000;

/**
 * @param {object} listeners
 * @param {(job: Job) => void} listeners.onJob
 * @param {(id: string, error: ServerError) => void} listeners.onProblem  status 0: the server is not reached at the moment
 */
export function createFollower({ onJob, onProblem }) {
  /** @type {Map<string, EventSource | null>} */
  const followed = new Map();
  let paused = false;

  /** @param {string} id */
  function stop(id) {
    followed.get(id)?.close();
    followed.delete(id);
    openStreams();
  }

  /** @param {Job} job */
  function receive(job) {
    if (isOver(job)) stop(job.id);
    onJob(job);
  }

  /** @param {string} id */
  async function look(id) {
    try {
      receive(await fetchJob(id));
    } catch (error) {
      onProblem(id, /** @type {ServerError} */ (error));
    }
  }

  function openStreams() {
    let free = paused ? 0 : STREAMS - [...followed.values()].filter(Boolean).length;
    for (const [id, source] of followed) {
      if (!source && free-- > 0) open(id);
    }
  }

  /** @param {string} id */
  function open(id) {
    const source = new EventSource(`${address(id)}/events`);
    followed.set(id, source);
    source.onmessage = (event) => receive(JSON.parse(event.data));
    source.onerror = () => {
      if (followed.get(id) !== source) return;
      if (source.readyState !== EventSource.CLOSED) {
        onProblem(id, new ServerError(0, "")); // the browser connects again by itself
        return;
      }
      followed.set(id, null);
      void look(id); // says what is wrong
    };
  }

  setInterval(() => {
    if (paused) return;
    for (const [id, source] of followed) if (!source) void look(id);
    openStreams();
  }, PAUSE);

  return {
    /** @param {string} id */
    add(id) {
      if (followed.has(id)) return;
      followed.set(id, null);
      openStreams();
      if (!followed.get(id)) void look(id);
    },
    stop,
    /** Asks nothing until `resume`. */
    pause() {
      paused = true;
      for (const [id, source] of followed) {
        source?.close();
        followed.set(id, null);
      }
    },
    resume() {
      paused = false;
      for (const id of followed.keys()) void look(id);
      openStreams();
    },
  };
}

/** @param {Job} job */
export function isOver(job) {
  return !["queued", "running"].includes(job.status);
}
