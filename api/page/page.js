// The page: its texts, what stands in its address, the question, and which index it is put to.

import { announce, byId } from "./base/dom.js";
import { Refusal, request } from "./base/requests.js";
import { store } from "./base/store.js";
import { t, translate } from "./base/words.js";
import { ask, current, isAsking, keepScope, showAnswer, showThread, stop } from "./conversation/conversation.js";
import { installFirst, watchReadiness } from "./conversation/first.js";
import { installThreads } from "./conversation/list.js";
import { installScope, setScope, takeNext } from "./conversation/scope.js";
import { installLibrary, showLibrary } from "./library/library.js";
import { applyTheme, installSettings } from "./settings/settings.js";
import { closeSource, openSource } from "./source/source.js";

let declined = false; // a key was asked for and not given: it is asked for again only at the next action

applyTheme();
translate(document);
installSettings();
installThreads();
installScope(keepScope);
installLibrary();

byId("form").addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const question = byId("question").value;
  if (isAsking() && (event.submitter === byId("ask") || question.trim() === "")) stop();
  else if (question.trim() !== "") {
    byId("question").value = "";
    resize();
    ask(question);
  }
});
byId("question").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  byId("form").requestSubmit();
});
byId("question").addEventListener("input", resize);
byId("new-thread").addEventListener("click", () => {
  location.hash = "#";
  showThread("");
  byId("question").focus();
});
for (const id of ["index", "collection"]) {
  byId(id).addEventListener("change", () => {
    const name = byId(id).value;
    if (current() !== null && id === "index") location.hash = "#"; // a conversation stays in its index
    store.choose(name);
    byId(id).focus();
  });
}
store.addEventListener("asking", showAsking);
for (const event of ["known", "index"]) store.addEventListener(event, showIndexes);
store.addEventListener("answered", () => {
  if (!declined) return;
  declined = false;
  watchReadiness();
});
store.addEventListener("thread", () => { byId("to-ask").href = current() === null ? "#" : `#c=${current()?.id}`; });
addEventListener("hashchange", go);

installFirst(learn);
go();

/** Read what indexes there are and what the caller may do. */
async function learn() {
  if (declined) return;
  try {
    store.know(await request("v1/indexes"));
  } catch (error) {
    declined = error instanceof Refusal && error.status === 401;
  }
}

/** Show the one button as what it does: it stays the same one, so that the focus stays on it. */
function showAsking() {
  byId("ask").textContent = isAsking() ? t("stop") : t("ask");
  byId("ask").classList.toggle("main", !isAsking());
}

function showIndexes() {
  for (const id of ["index", "collection"]) {
    byId(id).replaceChildren(...store.indexes.map((name) => new Option(name, name)));
    byId(id).value = store.index;
    byId(`${id}-label`).hidden = store.indexes.length < 2;
  }
}

/** Show what the address names: a conversation, an answer, the library, or the place that a citation of a chat links to:
 *  /#document=ID&index=NAME&start=10&end=20, in code points. */
async function go() {
  const place = new URLSearchParams(location.hash.slice(1));
  const isLibrary = place.has("library");
  for (const [id, isShown] of /** @type {[string, boolean][]} */ ([["ask-view", !isLibrary], ["library-view", isLibrary]])) byId(id).hidden = !isShown;
  for (const [id, isShown] of /** @type {[string, boolean][]} */ ([["to-ask", !isLibrary], ["to-library", isLibrary]])) {
    if (isShown) byId(id).setAttribute("aria-current", "page");
    else byId(id).removeAttribute("aria-current");
  }
  document.body.classList.toggle("library", isLibrary);
  closeSource();
  if (isLibrary) {
    await showLibrary();
    return;
  }
  const id = place.get("document");
  if (id !== null) {
    const cited = { document_id: id, title: id, start: Number(place.get("start")), end: Number(place.get("end")) };
    await showThread("");
    openSource(cited, null, place.get("index") ?? store.index);
    return;
  }
  if (place.has("ask")) {
    await showThread("");
    setScope(takeNext());
    history.replaceState(null, "", "#");
    byId("question").focus();
    return;
  }
  const thread = place.get("c") ?? "";
  const found = place.has("a") ? await showAnswer(place.get("a") ?? "") : thread === (current()?.id ?? "") || (await showThread(thread));
  byId("not-here").hidden = found;
  if (!found) announce(t("not_here"));
}

/** Let the field for the question grow with it. */
function resize() {
  const field = byId("question");
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight + 2, 240)}px`;
}
