// The first look: what the library holds, what is missing, and questions to begin with.

/** @import {Info} from "../base/types.js" */

import { button, byId, make, withCode, withDays } from "../base/dom.js";
import { store } from "../base/store.js";
import { partsOf } from "../base/text.js";
import { t } from "../base/words.js";
import { documentsOf } from "../library/catalogue.js";
import { keyHeaders } from "../settings/key.js";
import { ask, current } from "./conversation.js";
import { firstQuestions } from "./follow_ups.js";

const READINESS_MS = 2000;
const TYPES = 6; // kinds of files that are named
let watching = 0; // the timer of the next look at `/readyz`
/** @type {(() => Promise<void>) | null} */
let learn = null;

/** @param {() => Promise<void>} indexes reads what indexes there are */
export function installFirst(indexes) {
  learn = indexes;
  for (const event of ["thread", "index", "documents", "known"]) store.addEventListener(event, look);
  watchReadiness();
}

/** Show what `/readyz` reports as missing, and ask again until nothing is. */
export async function watchReadiness() {
  clearTimeout(watching);
  const state = await fetch("readyz", { headers: keyHeaders() }).then((response) => response.json()).catch(() => null);
  const told = state?.missing ?? [];
  const missing = state === null ? [t("unreachable")] : told.length > 0 || state.ready ? told : [t("not_ready")];
  byId("missing-lines").replaceChildren(...missing.map((/** @type {string} */ line) => make("li", {}, ...withCode(line))));
  byId("missing").hidden = missing.length === 0;
  const notices = state?.notices ?? [];
  byId("notices").replaceChildren(...notices.map((/** @type {string} */ line) => make("li", {}, ...withCode(line))));
  byId("notices").hidden = notices.length === 0;
  await learn?.();
  clearTimeout(watching);
  if (missing.length > 0) watching = setTimeout(watchReadiness, READINESS_MS);
}

/** Show the library in a few lines, if no conversation is shown. */
async function look() {
  byId("first").hidden = current() !== null;
  byId("drop").hidden = !store.may("write");
  if (current() !== null || !store.indexes.includes(store.index)) return;
  const ticket = store.ticket("first");
  const documents = await documentsOf(ticket.index).catch(() => null);
  if (documents === null || !ticket.current()) return;
  byId("holds").replaceChildren(...withDays(documents.length === 0 ? t("holds_nothing") : holds(documents)));
  const questions = firstQuestions(documents);
  byId("try").hidden = questions.length === 0;
  byId("try-list").replaceChildren(...questions.map((question) => make("li", {}, button(question, () => ask(question), { class: "chip" }))));
}

/** "12 documents: 5 md, 3 txt, 2 html; the newest is of 2025-03-01" (pure).
 *  @param {Info[]} documents */
export function holds(documents) {
  const counts = new Map();
  for (const { id } of documents) {
    const type = partsOf(id).type || t("other_type");
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  const most = [...counts].sort((one, other) => other[1] - one[1]).slice(0, TYPES).map(([type, number]) => `${t.number(number)} ${type}`);
  const newest = documents.map(({ modified }) => modified ?? "").sort().at(-1)?.slice(0, 10);
  const kinds = `${t("documents", { n: documents.length })}: ${most.join(", ")}${counts.size > TYPES ? ` ${t("other_types")}` : ""}`;
  return newest ? t("holds", { kinds, date: newest }) : `${kinds}.`;
}
