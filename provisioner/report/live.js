"use strict";
const place = (id) => document.getElementById(id);
const controls = place("controls");
const said = place("said");

// A browser opens six connections to a server at most, and a stream keeps one. So one page of a browser reads the
// stream and tells the others: the one that holds a lock. Where there are no locks (plain http to another machine),
// each page reads its own, and leaves it while it asks for something. A page that nobody sees reads none.
const locks = navigator.locks;
const pages = new BroadcastChannel("pages");
let reading = null;
let isOver = false;

function show(parts) {
  for (const [id, html] of Object.entries(parts)) {
    const part = place(id);
    if (part.contains(document.activeElement) && document.activeElement !== document.body) continue;
    const open = [...part.querySelectorAll("details")].map((each) => each.open);
    part.innerHTML = html;
    part.querySelectorAll("details").forEach((each, n) => { each.open = Boolean(open[n]); });
  }
}

function stop(text) {
  isOver = true;
  pages.close();
  place("state").textContent = text;
}

function hear({ parts, isLast }) {
  if (isOver) return;
  show(parts);
  if (isLast) {
    stop("The run has ended.");
    controls.hidden = true;
  }
}

pages.onmessage = (event) => hear(event.data);

function read(signal) {
  return new Promise((resolve) => {
    const events = new EventSource("/events");
    const close = () => { events.close(); resolve(); };
    const tell = (event) => {
      const told = { parts: JSON.parse(event.data), isLast: event.type === "end" };
      if (!isOver) pages.postMessage(told);
      hear(told);
      if (told.isLast) close();
    };
    events.onmessage = tell;
    events.addEventListener("end", tell);
    events.onerror = () => {
      stop("The run cannot be reached any more, or as many pages follow it as may: reload to try again.");
      close();
    };
    signal.addEventListener("abort", close);
  });
}

function follow() {
  reading?.abort();
  if (isOver || document.visibilityState !== "visible") return;
  reading = new AbortController();
  const { signal } = reading;
  if (locks) locks.request("stream", { signal }, () => (isOver ? null : read(signal))).catch(() => {});
  else read(signal);
}

async function control(action) {
  const body = { action, rate: place("rate").value };
  if (!locks) reading?.abort();
  try {
    const answer = await fetch("/control", {
      method: "POST", headers: { "X-Token": token, "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    const told = await answer.json();
    said.textContent = told.said || told.error;
  } catch {
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
  if (event.target.dataset.action) control(event.target.dataset.action);
});
controls.addEventListener("submit", (event) => { event.preventDefault(); control("rate"); });
addEventListener("hashchange", takeToken);
document.addEventListener("visibilitychange", follow);
takeToken();
follow();
