// What the board adds where a browser runs it: countdowns, and lines that change as it happens. Nothing depends on it.
"use strict";

const body = document.body.dataset;
const lead = (at) => Number(at) * 1000 - Date.now(); // the server's clock is right
let ahead = lead(body.now);
const now = () => Math.floor((Date.now() + ahead) / 1000);

// A page that shows what a form brought about is read again by another address: the form is not sent a second time.
if (body.again) history.replaceState(null, "", body.again);

// ---- countdowns ----

function length(seconds) {
  const two = (n) => String(n).padStart(2, "0");
  const say = (pattern, a, b) => pattern.replace("{a}", a).replace("{b}", two(b));
  if (seconds >= 86400) return say(body.days, Math.floor(seconds / 86400), Math.floor((seconds % 86400) / 3600));
  if (seconds >= 3600) return say(body.hours, Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60));
  return say(body.minutes, Math.floor(seconds / 60), seconds % 60);
}

function away(due) {
  const rest = due - now();
  return (rest >= 0 ? body.left : body.over).replace("{}", length(Math.abs(rest)));
}

function tick() {
  for (const time of document.querySelectorAll("time[data-due]")) {
    const text = away(Number(time.dataset.due));
    const shown = time.querySelector(".away");
    if (shown.textContent !== text) shown.textContent = text;
  }
  const clock = document.querySelector("[data-clock]");
  if (clock) clock.textContent = new Date(now() * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: body.zone });
  for (const row of document.querySelectorAll("[data-warns]")) {
    if (now() >= Number(row.dataset.warns)) {
      delete row.dataset.warns;
      changed(row.dataset.family);
    }
  }
}

// ---- lines that change ----

const list = document.getElementById("tickets");
const waiting = new Set();
let timer = null;

// So many changes at once are looked at on a page loaded anew: not at once, and not by all desks in the same moment.
const MANY = 30;
let reloading = false;

function soon() {
  if (reloading) return;
  reloading = true;
  const reload = () => (document.activeElement?.matches("input, select") ? setTimeout(reload, 3000) : location.reload());
  setTimeout(reload, 2000 + Math.random() * 3000);
}

function changed(family) {
  if (!list || reloading) return;
  waiting.add(family);
  timer ??= setTimeout(refresh, 300);
}

async function refresh() {
  timer = null;
  const families = [...waiting];
  waiting.clear();
  if (families.includes("") || families.length > MANY) return soon();
  const query = list.dataset.choice ? `?${list.dataset.choice}` : "";
  const lines = [];
  for (const family of families) lines.push([family, await text(list.dataset.rows + encodeURI(family) + query)]);
  const counts = await text(list.dataset.counts + query); // read after the lines, and shown with them: neither is ahead
  for (const [family, html] of lines) if (html !== null) put(family, html);
  if (counts !== null) document.getElementById("counts").outerHTML = counts;
  document.getElementById("empty").hidden = list.children.length > 0;
  document.getElementById("told").textContent = list.dataset.told.replace("{}", families.join(", "));
}

async function text(address) {
  try {
    const response = await fetch(address, { credentials: "same-origin" });
    if (response.redirected) return location.reload(), null; // the session has ended
    return response.ok ? await response.text() : null;
  } catch {
    return null; // the stream tells again
  }
}

function put(family, html) {
  const made = document.createElement("template");
  made.innerHTML = html;
  const focused = document.activeElement?.closest?.(".ticket")?.dataset.ticket;
  for (const old of list.querySelectorAll(`[data-family="${CSS.escape(family)}"]`)) old.remove();
  for (const line of [...made.content.children]) {
    const due = Number(line.dataset.due) || Infinity;
    const next = [...list.children].find((other) => (Number(other.dataset.due) || Infinity) > due);
    list.insertBefore(line, next ?? null);
    line.classList.add("is-new");
    if (line.dataset.ticket === focused) line.querySelector("a").focus();
  }
}

function listen() {
  const sign = document.querySelector(".live");
  const show = (on) => {
    sign.hidden = false;
    sign.textContent = on ? sign.dataset.on : sign.dataset.off;
    sign.classList.toggle("is-off", !on);
  };
  let was = false;
  watch(list.dataset.events, {
    open: () => {
      if (was) soon(); // what happened meanwhile is not told again
      was = true;
      show(true);
    },
    lost: () => show(false),
    change: changed,
    end: () => location.reload(),
  });
}

/** Server-sent events: `change` with a family, `end` when this browser is signed out, here or elsewhere. */
function watch(address, { open = () => {}, lost = () => {}, change, end }) {
  let source;
  const connect = () => {
    source = new EventSource(address);
    source.addEventListener("open", open);
    source.addEventListener("change", (event) => change(JSON.parse(event.data).family));
    source.addEventListener("error", () => {
      lost();
      if (source.readyState === EventSource.CLOSED) setTimeout(connect, 10_000); // a refusal, which no browser tries again
    });
    source.addEventListener("end", () => {
      source.close();
      end();
    });
  };
  connect();
  addEventListener("pagehide", () => source.close());
}

// ---- a page to type on: that its ticket changed, or that its session ended, is said, and what is typed stays ----

const notice = document.getElementById("changed");
if (notice) {
  const link = notice.querySelector("a");
  watch(notice.dataset.events, {
    change: (family) => {
      if (notice.dataset.family && [notice.dataset.family, ""].includes(family)) link.hidden = false;
    },
    end: () => {
      link.textContent = notice.dataset.ended;
      link.removeAttribute("href"); // it would lead away from what is typed
      link.hidden = false;
      for (const file of document.querySelectorAll("input[type=file]")) file.disabled = true; // too large to wait
    },
  });
}

// ---- a wall: what is new stands there without a blink; what could not be asked for is said, and asked for again ----

async function look() {
  const stale = document.querySelector(".wall-top .live");
  try {
    const response = await fetch(location, { cache: "no-store", signal: AbortSignal.timeout(10_000) });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const script = (of) => of.querySelector("script").getAttribute("src");
    // Signed out, refused, or a newer version runs: its styles and scripts are loaded with it.
    if (response.redirected || response.status === 403 || script(page) !== script(document)) return location.reload();
    if (!response.ok || !page.querySelector(".wall-top")) throw new Error(response.statusText);
    ahead = lead(page.body.dataset.now);
    document.getElementById("main").replaceWith(page.getElementById("main"));
    tick();
  } catch {
    stale.hidden = false;
  }
}

const wall = document.querySelector(".wall-top");
if (wall) setInterval(look, Number(wall.dataset.every) * 1000);

tick();
setInterval(tick, 1000);
if (list && !new URLSearchParams(list.dataset.choice).get("q")) listen();

// ---- forms: what depends on another answer stands there only when it is asked ----

function dependents() {
  for (const part of document.querySelectorAll("[data-when-fact]")) {
    const form = part.closest("form") ?? document.querySelector(".intake-form");
    const asked = form?.querySelector(`[name="f-${CSS.escape(part.dataset.whenFact)}"]`);
    if (asked) part.hidden = !part.dataset.whenValues.trim().split(" ").includes(asked.value);
  }
}

document.addEventListener("change", dependents);
dependents();

// ---- a customer who is looked for: Enter does what the button beside does ----

document.querySelector("textarea[name=customer]")?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing) return;
  event.preventDefault();
  document.querySelector("button[name=find]").click();
});

// ---- a customer who was found: his name, unit and number into the fields that are called so ----

for (const button of document.querySelectorAll(".customer button")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    for (const [fact, value] of Object.entries(button.dataset)) {
      const field = document.querySelector(`.intake-form [name="f-${fact}"]`);
      if (field && value) field.value = value;
    }
    document.querySelector(".intake-form :invalid")?.focus(); // what is still to be asked
  });
}
