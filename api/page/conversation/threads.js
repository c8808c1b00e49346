// Conversations, kept in this browser (IndexedDB). What it refuses to keep lives until the tab is closed.

/** @import {Thread, Turn} from "../base/types.js" */

import { words } from "../base/text.js";

const NAME = "rag-conversations";
const VERSION = 1;
/** @type {{threads: Map<string, any>, turns: Map<string, any>}} */
const here = { threads: new Map(), turns: new Map() }; // what the browser did not keep
/** @type {Promise<IDBDatabase | null> | null} */
let opened = null;
const others = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(NAME);

/** Call back when a conversation was changed in another tab.
 *  @param {() => void} changed */
export function whenChangedElsewhere(changed) {
  others?.addEventListener("message", changed);
}

/** An id that no other has.
 *  @param {string} prefix */
export function newId(prefix) {
  const bytes = crypto.getRandomValues(new Uint8Array(12)); // `randomUUID` needs https
  return prefix + [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** All conversations that have each word of the query in their name, questions or answers; the last changed first.
 *  @param {string} query
 *  @returns {Promise<Thread[]>} */
export async function findThreads(query = "") {
  const wanted = words(query);
  const all = await every("threads");
  const fit = all.filter(({ name, words: said }) => wanted.every((word) => said.includes(word) || words(name).join(" ").includes(word)));
  return fit.sort((one, other) => (one.changed < other.changed ? 1 : -1));
}

/** @param {string} id
 *  @returns {Promise<Thread | undefined>} */
export async function getThread(id) {
  return here.threads.get(id) ?? (await run("threads", "readonly", (kept) => kept.get(id)));
}

/** The turns of a conversation, oldest first.
 *  @param {string} thread
 *  @returns {Promise<Turn[]>} */
export async function turnsOf(thread) {
  return (await every("turns", "thread", thread)).sort((one, other) => one.number - other.number);
}

/** The turn with the answer of that id.
 *  @param {string} answer
 *  @returns {Promise<Turn | undefined>} */
export async function turnWith(answer) {
  return (await every("turns", "answer_id", answer))[0];
}

/** Keep a conversation or a turn; false if the browser refuses, since its storage is full or forbidden.
 *  @param {"threads" | "turns"} store
 *  @param {Thread | Turn} value
 *  @returns {Promise<boolean>} */
export async function put(store, value) {
  const done = await run(store, "readwrite", (kept) => kept.put(value)).catch(() => undefined);
  if (done === undefined) here[store].set(value.id, value);
  else here[store].delete(value.id);
  others?.postMessage("changed");
  return done !== undefined;
}

/** @param {string} id */
export async function removeTurn(id) {
  here.turns.delete(id);
  await run("turns", "readwrite", (kept) => kept.delete(id)).catch(() => null);
}

/** Note that an index has another name: its conversations go on in it.
 *  @param {string} before
 *  @param {string} name */
export async function renameIndex(before, name) {
  for (const thread of await every("threads")) if (thread.index === before) await put("threads", { ...thread, index: name });
}

/** Remove a conversation with its turns.
 *  @param {string} id */
export async function removeThread(id) {
  for (const turn of await turnsOf(id)) await removeTurn(turn.id);
  here.threads.delete(id);
  await run("threads", "readwrite", (kept) => kept.delete(id)).catch(() => null);
  others?.postMessage("changed");
}

/** Remove all conversations. */
export async function removeAll() {
  for (const store of /** @type {const} */ (["turns", "threads"])) {
    here[store].clear();
    await run(store, "readwrite", (kept) => kept.clear()).catch(() => null);
  }
  others?.postMessage("changed");
}

/** @param {"threads" | "turns"} store
 *  @param {string} key
 *  @param {string} value
 *  @returns {Promise<any[]>} */
async function every(store, key = "", value = "") {
  const found = await run(store, "readonly", (kept) => (key ? kept.index(key).getAll(value) : kept.getAll()));
  const mine = [...here[store].values()].filter((one) => key === "" || one[key] === value);
  return [...(found ?? []).filter((/** @type {any} */ one) => !here[store].has(one.id)), ...mine];
}

/** The result of one request; undefined if there is no database.
 *  @param {string} store
 *  @param {IDBTransactionMode} mode
 *  @param {(kept: IDBObjectStore) => IDBRequest} call
 *  @returns {Promise<any>} */
async function run(store, mode, call) {
  opened ??= open();
  const database = await opened;
  if (database === null) return undefined;
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(store, mode);
    const asked = call(transaction.objectStore(store));
    transaction.addEventListener("complete", () => resolve(asked.result ?? (mode === "readonly" ? undefined : null)));
    transaction.addEventListener("abort", () => reject(transaction.error));
  });
}

/** @returns {Promise<IDBDatabase | null>} */
function open() {
  return new Promise((resolve) => {
    let asked;
    try {
      asked = indexedDB.open(NAME, VERSION);
    } catch {
      resolve(null);
      return;
    }
    asked.addEventListener("upgradeneeded", () => {
      asked.result.createObjectStore("threads", { keyPath: "id" });
      const turns = asked.result.createObjectStore("turns", { keyPath: "id" });
      turns.createIndex("thread", "thread");
      turns.createIndex("answer_id", "answer_id");
    });
    asked.addEventListener("success", () => resolve(asked.result));
    asked.addEventListener("error", () => resolve(null));
    asked.addEventListener("blocked", () => resolve(null));
  });
}
