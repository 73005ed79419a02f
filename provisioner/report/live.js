"use strict";
// The token of the controls travels behind the # of the address, which no browser sends to anybody.
const token = location.hash.slice(1);
const controls = document.getElementById("controls");
const said = document.getElementById("said");
const events = new EventSource("/events");

events.onmessage = (event) => {
  for (const [id, html] of Object.entries(JSON.parse(event.data))) {
    const place = document.getElementById(id);
    const open = [...place.querySelectorAll("details")].map((each) => each.open);
    if (place.contains(document.activeElement) && document.activeElement !== document.body) continue;
    place.innerHTML = html;
    place.querySelectorAll("details").forEach((each, n) => { each.open = Boolean(open[n]); });
  }
};
events.onerror = () => {
  events.close();
  document.getElementById("state").textContent = "The run has ended, or cannot be reached any more.";
  controls.hidden = true;
};

async function control(action) {
  const body = { action, rate: document.getElementById("rate").value };
  try {
    const answer = await fetch("/control", {
      method: "POST", headers: { "X-Token": token, "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    const told = await answer.json();
    said.textContent = told.said || told.error;
  } catch {
    said.textContent = "The run cannot be reached.";
  }
}

if (token) {
  controls.hidden = false;
  controls.addEventListener("click", (event) => {
    if (event.target.dataset.action) control(event.target.dataset.action);
  });
  controls.addEventListener("submit", (event) => { event.preventDefault(); control("rate"); });
}
