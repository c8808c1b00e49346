// The page: asks the question, shows that it waits, and puts the answer or the error in its place.

import { answerElements } from "./answer.js";
import { openDocument } from "./document.js";
import { make, request } from "./dom.js";

const byId = (id) => document.getElementById(id);
const READINESS_MS = 2000;
let asking = null; // the AbortController of the question that is being answered

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
watchReadiness();
window.addEventListener("hashchange", openLinked);
openLinked();

async function ask(question) {
  asking?.abort();
  const mine = (asking = new AbortController());
  const began = performance.now();
  const stopWaiting = wait(began);
  showError("");
  try {
    const answer = await request("v1/ask", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ question, index: byId("index").value || undefined, mode: byId("mode").value || undefined }),
      signal: mine.signal,
    });
    showAnswer(answer, (performance.now() - began) / 1000);
  } catch (error) {
    if (error.name !== "AbortError") showError(error.message);
  } finally {
    stopWaiting();
    if (asking === mine) showWaiting(false);
  }
}

/** Shows that it waits, and how long; returns the function that ends it. */
function wait(began) {
  const tick = () => { byId("elapsed").textContent = `${Math.floor((performance.now() - began) / 1000)} s`; };
  tick();
  showWaiting(true);
  const timer = setInterval(tick, 250);
  return () => clearInterval(timer);
}

function showWaiting(waits) {
  byId("waiting").hidden = !waits;
  byId("stop").hidden = !waits;
  byId("ask").hidden = waits;
  byId("answer").classList.toggle("old", waits);
  if (waits) byId("status").textContent = "The answer is being looked for.";
}

function showAnswer(answer, seconds) {
  byId("empty").hidden = true;
  showNotices(answer.notices);
  byId("answer").replaceChildren(...answerElements(answer, seconds).filter((element) => element !== ""));
  byId("answer").hidden = false;
  byId("status").textContent = answer.answered
    ? `Answered, with ${answer.citations.length} citation${answer.citations.length === 1 ? "" : "s"}.`
    : "No answer from these documents.";
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

/** What `/readyz` says is missing, asked again until nothing is. */
async function watchReadiness() {
  const state = await fetch("readyz").then((response) => response.json()).catch(() => null);
  const missing = state?.missing ?? ["The server cannot be reached. Is it still running?"];
  byId("missing-lines").replaceChildren(...missing.map((line) => make("li", {}, ...withCode(line))));
  byId("missing").hidden = missing.length === 0;
  if (state && byId("answer").hidden) showNotices(state.notices);
  await showIndexes().catch(() => null);
  if (missing.length > 0) setTimeout(watchReadiness, READINESS_MS);
}

async function showIndexes() {
  const { indexes, default: preset } = await request("v1/indexes");
  const chosen = byId("index").value || preset;
  byId("index").replaceChildren(...indexes.map((name) => make("option", { value: name }, name)));
  byId("index").value = indexes.includes(chosen) ? chosen : indexes[0] ?? "";
  byId("index-label").hidden = indexes.length < 2;
}

/** Opens what a citation of a chat links to: /#document=ID&index=NAME&start=10&end=20, in code points. */
function openLinked() {
  const place = new URLSearchParams(location.hash.slice(1));
  const id = place.get("document");
  if (id === null) return;
  const cited = { document_id: id, title: id, start: Number(place.get("start")), end: Number(place.get("end")) };
  openDocument(cited, null, place.get("index") ?? byId("index").value);
}

/** Commands stand between backticks: "make it with `rag index PATH...`". */
function withCode(line) {
  return line.split("`").map((part, position) => (position % 2 === 1 ? make("code", {}, part) : part));
}
