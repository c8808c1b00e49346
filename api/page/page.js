// The page: asks the question, shows what is known of its answer as it comes, and puts an error in its place.

import { AnswerView, foundLine } from "./answer.js";
import { openDocument } from "./document.js";
import { openLibrary } from "./documents.js";
import { count, make } from "./dom.js";
import { events, request } from "./requests.js";

const byId = (id) => document.getElementById(id);
const READINESS_MS = 2000;
let asking = null; // the AbortController of the question that is being answered
let watching = 0; // the timer of the next look at `/readyz`
let declined = false; // a key was asked for and not given: it is asked for again only at the next action

byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  ask(byId("question").value);
});
byId("question").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  byId("form").requestSubmit();
});
byId("stop").addEventListener("click", () => asking?.abort());
for (const opener of document.querySelectorAll(".open-library")) {
  opener.addEventListener("click", () => openLibrary(byId("index").value || byId("index").dataset.preset || "default", watchReadiness));
}
watchReadiness();
window.addEventListener("hashchange", openLinked);
openLinked();

async function ask(question) {
  asking?.abort();
  const mine = (asking = new AbortController());
  const began = performance.now();
  const stopWaiting = wait(began);
  showError("");
  const body = { question, index: byId("index").value || undefined, mode: byId("mode").value || undefined, stream: true };
  try {
    const coming = events("v1/ask", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal: mine.signal,
    });
    await show(coming, question, began);
  } catch (error) {
    if (asking !== mine) return;
    byId("answer").hidden ||= byId("answer").classList.contains("unfinished");
    if (error.name !== "AbortError") showError(error.message);
    else byId("status").textContent = "Stopped.";
  } finally {
    stopWaiting();
    if (asking === mine) showWaiting(false);
  }
}

/** Show each event as it comes; the previous answer is removed at the first. */
async function show(coming, question, began) {
  let view = null;
  for await (const { name, data } of coming) {
    if (name === "error") throw new Error(data.error.message);
    view ??= begin(question);
    if (name === "passages") {
      view.passages(data.passages);
      progress(data.passages.length === 0 ? "No passages found" : `${foundLine(data.passages)}; reading them`);
    } else if (name === "sentence") {
      view.sentence(data);
      progress("Checking the next sentence");
    } else if (name === "answer") {
      view.finish(data, (performance.now() - began) / 1000);
      finish(data);
      return;
    }
  }
  throw new Error("The connection ended before the answer was complete. Ask again.");
}

function begin(question) {
  byId("empty").hidden = true;
  byId("answer").hidden = false;
  byId("answer").classList.remove("old");
  byId("answer").classList.add("unfinished");
  return new AnswerView(byId("answer"), question, byId("index").value || byId("index").dataset.preset);
}

function finish(answer) {
  if (declined) {
    declined = false;
    watchReadiness();
  }
  byId("answer").classList.remove("unfinished");
  showNotices(answer.notices);
  byId("status").textContent = answer.answered
    ? `Answered, with ${count(answer.citations.length, "citation")}.`
    : "No answer from these documents.";
}

/** Show that the page waits, and how long; returns the function that ends it. */
function wait(began) {
  const tick = () => { byId("elapsed").textContent = `${Math.floor((performance.now() - began) / 1000)} s`; };
  tick();
  showWaiting(true);
  progress("Searching the documents");
  const timer = setInterval(tick, 250);
  return () => clearInterval(timer);
}

function progress(line) {
  byId("step").textContent = `${line} …`;
  byId("status").textContent = `${line}.`;
}

function showWaiting(waits) {
  byId("waiting").hidden = !waits;
  byId("stop").hidden = !waits;
  byId("ask").hidden = waits;
  byId("answer").classList.toggle("old", waits);
}

function showError(message) {
  byId("error").textContent = message;
  byId("error").hidden = message === "";
  if (message !== "") byId("status").textContent = "";
}

function showNotices(lines) {
  byId("notices").replaceChildren(...lines.map((line) => make("li", {}, ...withCode(line))));
  byId("notices").hidden = lines.length === 0;
}

/** Show what `/readyz` reports as missing, and ask again until nothing is. */
async function watchReadiness() {
  clearTimeout(watching);
  const state = await fetch("readyz").then((response) => response.json()).catch(() => null);
  const missing = state?.missing ?? ["The server cannot be reached. Is it still running?"];
  byId("missing-lines").replaceChildren(...missing.map((line) => make("li", {}, ...withCode(line))));
  byId("missing").hidden = missing.length === 0;
  if (state && byId("answer").hidden) showNotices(state.notices);
  if (!declined) await showIndexes().catch((error) => { declined = error.status === 401; });
  clearTimeout(watching);
  if (missing.length > 0) watching = setTimeout(watchReadiness, READINESS_MS);
}

async function showIndexes() {
  const { indexes, default: preset } = await request("v1/indexes");
  const chosen = byId("index").value || preset;
  byId("index").replaceChildren(...indexes.map((name) => make("option", { value: name }, name)));
  byId("index").value = indexes.includes(chosen) ? chosen : indexes[0] ?? "";
  byId("index").dataset.preset = preset;
  byId("index-label").hidden = indexes.length < 2;
}

/** Open the place that a citation of a chat links to: /#document=ID&index=NAME&start=10&end=20, in code points. */
function openLinked() {
  const place = new URLSearchParams(location.hash.slice(1));
  const id = place.get("document");
  if (id === null) return;
  const cited = { document_id: id, title: id, start: Number(place.get("start")), end: Number(place.get("end")) };
  openDocument(cited, null, place.get("index") ?? byId("index").value);
}

/** The line with commands, which stand between backticks, as code: "make it with `rag index PATH...`". */
function withCode(line) {
  return line.split("`").map((part, position) => (position % 2 === 1 ? make("code", {}, part) : part));
}
