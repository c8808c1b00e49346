// The conversation that is shown: its turns, the question that is being answered, and where both are kept.

/** @import {Answer, Filters, Thread, Turn} from "../base/types.js" */

import { announce, byId } from "../base/dom.js";
import { kept } from "../base/kept.js";
import { events } from "../base/requests.js";
import { store } from "../base/store.js";
import { folded } from "../base/text.js";
import { t } from "../base/words.js";
import { documentsOf } from "../library/catalogue.js";
import { hideQuote, silently } from "./quote.js";
import { scope, setScope } from "./scope.js";
import { getThread, newId, put, removeTurn, turnWith, turnsOf } from "./threads.js";
import { TurnView } from "./turn.js";
import { verdictOf } from "./verdict.js";

const TURNS = 12; // of the conversation that are sent along: the server uses no more
const HISTORY = 100_000; // characters of them; the server takes 200,000
const NAME = 80; // characters of a conversation's name

/** @type {Thread | null} */
let thread = null; // null: a conversation that has not begun
/** @type {TurnView[]} */
let views = [];
/** @type {{controller: AbortController, view: TurnView, index: string} | null} */
let asking = null;
let shown = 0; // number of the latest conversation that was to be shown

/** The conversation that is shown; null if it has not begun. */
export function current() {
  return thread;
}

/** Show a conversation, or a new one for "". If it has the answer of that id, the page goes there.
 *  @param {string} id
 *  @param {string} answer
 *  @returns {Promise<boolean>} false if this browser does not keep it */
export async function showThread(id, answer = "") {
  const mine = ++shown;
  const found = id === "" ? null : await getThread(id);
  const turns = found ? await turnsOf(found.id) : [];
  if (mine !== shown) return true;
  if (found === undefined) return false;
  hideQuote();
  thread = found;
  if (thread) store.choose(thread.index);
  setScope(thread?.filters ?? {});
  views = turns.map((turn, place) => viewOf(turn, place === turns.length - 1));
  byId("conversation").replaceChildren(...views.map(({ element }) => element));
  store.tell("thread");
  const there = answer && views.find(({ turn }) => turn.answer_id === answer);
  if (there) silently(() => there.element.focus());
  (there || views.at(-1))?.element.scrollIntoView({ block: "start" });
  markChanges();
  return true;
}

/** Show the conversation with an answer; false if this browser does not keep it.
 *  @param {string} id */
export async function showAnswer(id) {
  const turn = await turnWith(id);
  return turn !== undefined && showThread(turn.thread, id);
}

/** Ask a question in the conversation that is shown; one that is being answered is given up.
 *  @param {string} question */
export async function ask(question) {
  stop();
  const now = new Date().toISOString();
  const isNew = thread === null;
  thread ??= { id: newId("c_"), name: question.trim().replace(/\s+/g, " ").slice(0, NAME), index: store.index, created: now, changed: now, filters: scope(), words: "" };
  const number = (views.at(-1)?.turn.number ?? 0) + 1;
  /** @type {Turn} */
  const turn = { id: newId("t_"), thread: thread.id, number, question, asked: now, filters: scope(), answer: null, answer_id: "", seconds: 0 };
  const mine = thread;
  const before = views.map((view) => view.turn);
  views.at(-1)?.propose(null);
  const view = new TurnView(turn, mine.index, ACTIONS);
  views.push(view);
  byId("conversation").append(view.element);
  if (isNew) {
    history.pushState(null, "", `#c=${mine.id}`);
    store.tell("thread");
  }
  view.element.scrollIntoView({ block: "start" });
  await Promise.all([keep("turns", turn), keepThread(mine, turn)]);
  await run(view, mine, before);
}

/** Give up the question that is being answered. */
export function stop() {
  asking?.controller.abort();
}

/** True while a question is being answered. */
export function isAsking() {
  return asking !== null;
}

/** @param {Filters} filters */
export function keepScope(filters) {
  if (thread) put("threads", Object.assign(thread, { filters }));
}

/** @param {TurnView} view
 *  @param {Thread} mine
 *  @param {Turn[]} before */
async function run(view, mine, before) {
  const { turn } = view;
  const controller = new AbortController();
  const own = { controller, view, index: mine.index };
  asking = own;
  store.tell("asking");
  const began = performance.now();
  const stopWaiting = view.wait(began);
  try {
    const answer = await answered(view, mine.index, before, controller.signal);
    Object.assign(turn, { answer, answer_id: answer.id, seconds: (performance.now() - began) / 1000 });
    view.finish(answer, view === views.at(-1));
    announce(answer.answered ? t("status_answered", { citations: t("citations", { n: answer.citations.length }) }) : `${verdictOf(answer)}.`);
    await Promise.all([keep("turns", turn), keepThread(mine, turn)]);
    store.tell("answered");
  } catch (error) {
    const stopped = error instanceof DOMException && error.name === "AbortError";
    view.fail(stopped ? t("stopped") : /** @type {Error} */ (error).message, stopped ? "note" : "alert");
    announce(stopped ? t("stopped") : "");
  } finally {
    stopWaiting();
    if (asking === own) asking = null;
    store.tell("asking");
  }
}

/** @param {TurnView} view
 *  @param {string} index
 *  @param {Turn[]} before
 *  @param {AbortSignal} signal
 *  @returns {Promise<Answer>} */
async function answered(view, index, before, signal) {
  const { question, filters } = view.turn;
  const body = {
    question, index: index || undefined, stream: true, history: historyOf(before), mode: kept("mode") || undefined, k: Number(kept("k")) || undefined,
    filters: Object.keys(filters).length > 0 ? filters : undefined,
  };
  const coming = events("v1/ask", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal });
  for await (const { name, data } of coming) {
    if (name === "error") throw new Error(data.error.message);
    if (name === "answer") return data;
    view.event(name, data);
  }
  throw new Error(t("cut_off"));
}

/** The turns before a question as the server takes them, oldest first; undefined if there are none (pure).
 *  @param {Turn[]} turns
 *  @returns {{role: string, content: string}[] | undefined} */
export function historyOf(turns) {
  const said = [];
  let length = 0;
  for (const { question, answer } of turns.filter((turn) => turn.answer !== null).slice(-TURNS).reverse()) {
    length += question.length + (answer?.answer.length ?? 0);
    if (length > HISTORY) break;
    said.unshift({ role: "user", content: question }, { role: "assistant", content: answer?.answer ?? "" });
  }
  return said.length > 0 ? said : undefined;
}

/** @type {import("./turn.js").Actions} */
const ACTIONS = {
  ask: (question) => ask(question),
  keep: (turn) => keep("turns", turn),
  again: async (turn, question) => {
    stop();
    const place = views.findIndex((view) => view.turn.id === turn.id);
    if (place === views.length - 1) {
      views.pop()?.element.remove();
      await removeTurn(turn.id);
    } else {
      await fork(place); // nothing that was answered is lost
    }
    byId("question").focus();
    await ask(question);
  },
};

/** Go on in a copy of the conversation that ends before the turn at `place`.
 *  @param {number} place */
async function fork(place) {
  if (thread === null) return;
  const copy = { ...thread, id: newId("c_"), name: t("copy_of", { name: thread.name }), words: "" };
  const turns = views.slice(0, place).map(({ turn }) => ({ ...turn, id: newId("t_"), thread: copy.id }));
  for (const turn of turns) {
    await keep("turns", turn);
    await keepThread(copy, turn);
  }
  await put("threads", copy);
  history.pushState(null, "", `#c=${copy.id}`);
  await showThread(copy.id);
}

/** @param {Turn} turn
 *  @param {boolean} last */
function viewOf(turn, last) {
  if (asking?.view.turn.id === turn.id) return asking.view; // it goes on while another conversation is shown
  const view = new TurnView(turn, thread?.index ?? store.index, ACTIONS);
  if (turn.answer) view.finish(turn.answer, last);
  else view.fail(t("unfinished"), "note");
  return view;
}

/** @param {Thread} mine
 *  @param {Turn} turn */
async function keepThread(mine, turn) {
  const said = [turn.question, turn.answer?.answer ?? ""].join(" ");
  await keep("threads", Object.assign(mine, { changed: new Date().toISOString(), words: `${mine.words} ${folded(said)}` }));
  store.tell("threads");
}

/** @param {"threads" | "turns"} name
 *  @param {Thread | Turn} value */
async function keep(name, value) {
  const done = await put(name, value);
  byId("not-kept").hidden = done;
}

/** Mark sources that changed or left the library since their answer was given. */
async function markChanges() {
  const ticket = store.ticket("changes");
  const old = views.filter(({ turn }) => (turn.answer?.citations.length ?? 0) > 0);
  if (old.length === 0) return;
  const documents = await documentsOf(ticket.index).catch(() => null);
  if (documents === null || !ticket.current()) return;
  const known = new Map(documents.map((info) => [info.id, info]));
  for (const { answer, turn } of old) {
    answer.mark((id) => {
      const info = known.get(id);
      if (info === undefined) return t("gone_since");
      return info.modified && info.modified.slice(0, 10) > turn.asked.slice(0, 10) ? t("changed_since") : "";
    });
  }
}

/** The turns that are shown, for export. */
export function shownTurns() {
  return views.map(({ turn }) => turn);
}
