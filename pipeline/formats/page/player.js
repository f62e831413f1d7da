// Plays the recording. The sound is decoded from the page when it is first played, or before that when nothing else is done.

/** @typedef {import("./model.js").SoundSource} SoundSource */
/** @typedef {{ start: number, end: number }} Span */

/** Seconds that playing goes back when it continues, so that the word before the pause is understood. */
const STEP_BACK = 1;
/** Speeds of the menu. */
export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];
/** Characters of base64 that are decoded at once while the page is idle: some milliseconds of work. A multiple of 4. */
const SLICE = 1 << 20;

/**
 * @param {HTMLAudioElement} audio
 * @param {SoundSource} source
 * @param {number} duration
 * @param {() => string} encoded the sound as base64
 */
export function createPlayer(audio, source, duration, encoded) {
  const embedded = !source.link && !source.missing;
  const decoder = createDecoder(encoded);
  /** @type {((time: number) => void)[]} */
  const listeners = [];
  let position = 0;
  /** @type {Span | null} */
  let loop = null;
  let stopAt = Infinity;
  let frame = 0;

  function prepare() {
    if (audio.src || source.missing) return;
    audio.src = embedded ? URL.createObjectURL(new Blob(decoder.finish(), { type: source.type })) : source.link;
    audio.currentTime = position;
  }

  /** @param {IdleDeadline} deadline */
  function prepareSlowly(deadline) {
    if (audio.src) return;
    let done = !embedded;
    while (!done && deadline.timeRemaining() > 4) done = decoder.step();
    if (done) prepare();
    else requestIdleCallback(prepareSlowly);
  }

  function tell() {
    for (const listener of listeners) listener(player.time);
  }

  function tick() {
    const time = audio.currentTime;
    if (loop && (time >= loop.end || time < loop.start - 1)) audio.currentTime = loop.start;
    else if (time >= stopAt) audio.pause();
    tell();
    frame = audio.paused ? 0 : requestAnimationFrame(tick);
  }

  audio.addEventListener("play", () => {
    if (!frame) frame = requestAnimationFrame(tick);
  });
  for (const event of ["pause", "seeked", "ratechange"]) audio.addEventListener(event, tell);
  audio.addEventListener("timeupdate", () => {
    if (audio.currentTime >= stopAt && !loop) audio.pause();
  });

  const player = {
    available: !source.missing,
    get time() {
      return audio.src ? audio.currentTime : position;
    },
    get playing() {
      return !audio.paused;
    },
    get loop() {
      return loop;
    },
    get speed() {
      return audio.playbackRate;
    },
    prepareWhenIdle() {
      if (source.missing) return;
      if ("requestIdleCallback" in window) requestIdleCallback(prepareSlowly);
      else setTimeout(prepare, 500);
    },
    /** @param {number} time */
    seek(time) {
      position = Math.min(Math.max(0, time), duration);
      stopAt = Infinity;
      if (loop && (position < loop.start || position >= loop.end)) loop = null;
      if (audio.src) audio.currentTime = position;
      tell();
    },
    play() {
      if (source.missing) return;
      prepare();
      audio.play().catch(() => tell());
    },
    toggle() {
      if (!audio.paused) {
        audio.pause();
        return;
      }
      player.seek(loop ? loop.start : player.time >= duration - 0.05 ? 0 : player.time - STEP_BACK);
      player.play();
    },
    /**
     * @param {number} start
     * @param {number} [end] where to pause
     */
    playFrom(start, end = Infinity) {
      player.seek(start);
      stopAt = end;
      player.play();
    },
    /** @param {Span | null} span */
    setLoop(span) {
      loop = span;
      if (span) player.playFrom(span.start);
      else tell();
    },
    /** @param {number} speed */
    setSpeed(speed) {
      audio.defaultPlaybackRate = speed;
      audio.playbackRate = speed;
    },
    /** @param {(time: number) => void} listener */
    onTime(listener) {
      listeners.push(listener);
    },
  };
  return player;
}

/**
 * Decodes base64 in steps.
 * @param {() => string} encoded
 */
export function createDecoder(encoded) {
  /** @type {Uint8Array[]} */
  const parts = [];
  let text = /** @type {string | null} */ (null);
  let done = 0;

  /** Whether all is decoded. */
  function step() {
    text ??= encoded();
    if (done < text.length) parts.push(bytesOf(text.slice(done, done + SLICE)));
    done += SLICE;
    return done >= text.length;
  }

  return {
    step,
    finish() {
      while (!step());
      text = "";
      return parts;
    },
  };
}

/**
 * @param {string} base64
 * @returns {Uint8Array}
 */
export function bytesOf(base64) {
  const quick = /** @type {any} */ (Uint8Array).fromBase64;
  if (quick) return quick.call(Uint8Array, base64);
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}
