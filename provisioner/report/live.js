"use strict";
const place = (id) => document.getElementById(id);
const controls = place("controls");
const rate = place("rate");
const said = place("said");
const state = place("state");
const button = (action) => controls.querySelector(`[data-action="${action}"]`);

// A browser opens six connections to a server at most, and a stream keeps one. So one page of a browser reads the
// stream and tells the others: the one that holds a lock. Where there are no locks (plain http to another machine),
// each page reads its own, and leaves it while it asks for something. A page that nobody sees reads only the result,
// which comes once, at the end; without locks it reads nothing.
const locks = navigator.locks;
const pages = new BroadcastChannel("pages");
// Milliseconds in which another page may tell the result to one whose own stream broke off.
const LOSE_MS = 1000;
let reading = null;
let isOver = false;
let rateNow = rate.value;
let shownState = "";

function show(parts) {
  for (const [id, html] of Object.entries(parts)) {
    const part = place(id);
    if (part.contains(document.activeElement) && document.activeElement !== document.body) continue;
    if (part === state) {  // a screen reader speaks when it changes
      if (shownState === html) continue;
      shownState = html;
    }
    const open = [...part.querySelectorAll("details")].map((each) => each.open);
    part.innerHTML = html;
    part.querySelectorAll("details").forEach((each, n) => { each.open = Boolean(open[n]); });
  }
}

// A button is enabled while it changes something. One that is pressed and then does nothing any more hands the focus
// of the keyboard on to its counterpart.
const counterparts = { pause: "resume", resume: "pause" };

function allow(enabled) {
  const focused = document.activeElement;
  if (rate.value.trim() === rateNow || (enabled.rate !== rateNow && focused !== rate)) rate.value = enabled.rate;
  rateNow = enabled.rate;
  for (const action of ["pause", "resume", "stop"]) button(action).disabled = !enabled[action];
  rate.disabled = !enabled.set_rate;
  allowRate();
  if (focused?.disabled) {
    const other = button(counterparts[focused.dataset.action] ?? "stop");
    (other.disabled ? rate : other).focus();
  }
}

function allowRate() {
  const asked = rate.value.trim();
  button("rate").disabled = rate.disabled || !asked || asked === rateNow;
}

function stop(text) {
  isOver = true;
  pages.close();
  said.textContent = text;
  controls.hidden = true;
}

function hear({ told, isLast }) {
  if (isOver) return;
  show(told.parts);
  allow(told.controls);
  if (isLast) stop("The run has ended. This page keeps its result.");
}

pages.onmessage = (event) => hear(event.data);

function lose() {
  if (isOver) return;
  stop("The run cannot be reached any more, or as many pages follow it as may: these are the last figures "
    + "that this page has got. Reload to try again.");
}

function read(path, signal) {
  return new Promise((resolve) => {
    const events = new EventSource(path);
    const close = () => { events.close(); resolve(); };
    const tell = (event) => {
      const news = { told: JSON.parse(event.data), isLast: event.type === "end" };
      if (!isOver) pages.postMessage(news);
      hear(news);
      if (news.isLast) close();
    };
    events.onmessage = tell;
    events.addEventListener("end", tell);
    events.onerror = () => {  // another page may still tell the result
      if (!signal.aborted) setTimeout(lose, LOSE_MS);
      close();
    };
    signal.addEventListener("abort", close);
  });
}

function follow() {
  reading?.abort();
  const isSeen = document.visibilityState === "visible";
  if (isOver || !(isSeen || locks)) return;
  reading = new AbortController();
  const { signal } = reading;
  const path = isSeen ? "/events" : "/result";
  if (locks) locks.request(path, { signal }, () => (isOver ? null : read(path, signal))).catch(() => {});
  else read(path, signal);
}

async function control(action) {
  if (action === "stop" && !confirm("Stop the run? What is in flight is finished; the same command goes on later.")) {
    return;
  }
  if (!locks) reading?.abort();
  try {
    const answer = await fetch("/control", {
      method: "POST",
      headers: { "X-Token": token, "Content-Type": "application/json" },
      body: JSON.stringify({ action, rate: rate.value.trim() }),
    });
    const told = await answer.json();
    if (isOver) return;  // the run may end before this answer comes
    said.textContent = told.said || told.error;
    if (told.controls) {
      if (action === "rate") rateNow = rate.value.trim();
      allow(told.controls);
    }
  } catch {
    if (isOver) return;
    said.textContent = "The run cannot be reached.";
  }
  if (!locks) follow();
}

// The token of the controls travels behind the # of the address, which no browser sends to anybody. It is kept for
// this tab, so that a reload finds it, and taken out of the address, where somebody may read or copy it.
let token = "";

function takeToken() {
  token = location.hash.slice(1);
  try {
    if (token) {
      sessionStorage.setItem("token", token);
      history.replaceState(null, "", location.pathname);
    }
    token = token || sessionStorage.getItem("token") || "";
  } catch {
    // Nothing may be kept in this browser: then the token stays where it is.
  }
  controls.hidden = isOver || !token;
}

controls.addEventListener("click", (event) => {
  const { action } = event.target.dataset;
  if (action) control(action);
});
controls.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!button("rate").disabled) control("rate");
});
rate.addEventListener("input", allowRate);
addEventListener("hashchange", takeToken);
document.addEventListener("visibilitychange", follow);
takeToken();
follow();
