// The panel of documents: what an index holds, uploads with their progress, and removal, which asks for confirmation.

import { openDocument } from "./document.js";
import { count, make } from "./dom.js";
import { documentAddress, request, send } from "./requests.js";

const byId = (id) => document.getElementById(id);
const JOB_MS = 500;
const PAGE = 50; // documents of one page of the list
let index = ""; // the index whose documents are shown
let changed = () => null; // called when an index may have been made

byId("library-close").addEventListener("click", () => byId("library").close());
byId("upload-file").addEventListener("change", () => {
  upload([...byId("upload-file").files]);
  byId("upload-file").value = ""; // so that the same file can be chosen again
});
byId("more").addEventListener("click", () => list(byId("more").dataset.after));
for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
  byId("upload").addEventListener(name, (event) => {
    event.preventDefault();
    byId("upload").classList.toggle("over", name === "dragenter" || name === "dragover");
    if (name === "drop") upload([...event.dataTransfer.files]);
  });
}

/** Show the documents of an index; `whenChanged` is called after each upload that is done and each removal. */
export function openLibrary(name, whenChanged) {
  if (name !== index) byId("uploads").replaceChildren();
  [index, changed] = [name, whenChanged];
  byId("library-index").textContent = `Index ${name}`;
  byId("library").showModal();
  return list();
}

const labelOf = (button) => button.getAttribute("aria-label") ?? button.textContent;

async function list(after) {
  const mine = index;
  if (after === undefined) notice("Loading …");
  try {
    const from = after === undefined ? "" : `&after=${encodeURIComponent(after)}`;
    const { documents, next } = await request(`v1/documents?limit=${PAGE}&index=${encodeURIComponent(mine)}${from}`);
    if (mine !== index) return;
    const focused = byId("documents").contains(document.activeElement) && labelOf(document.activeElement);
    if (after === undefined) byId("documents").replaceChildren();
    byId("documents").append(...documents.map((info) => row(info, mine)));
    if (after === undefined && focused) [...byId("documents").querySelectorAll("button")].find((button) => labelOf(button) === focused)?.focus();
    byId("more").hidden = next === undefined;
    byId("more").dataset.after = next ?? "";
    notice(byId("documents").children.length === 0 ? "No documents yet." : "");
  } catch (error) {
    byId("documents").replaceChildren();
    byId("more").hidden = true;
    notice(error.message);
  }
}

function row(info, mine) {
  const unread = info.notes.length && `${count(info.notes.length, "part")} not read`;
  const facts = [info.id, info.pages && count(info.pages, "page"), count(info.passages, "passage"), info.modified, unread];
  const open = () => openDocument({ ...info, document_id: info.id, start: 0, end: 0 }, "", mine);
  const name = make("button", { type: "button", class: "plain", onclick: open }, info.title);
  const remove = make("button", { type: "button", "aria-label": `Delete ${info.title}` }, "Delete");
  const item = make(
    "li", {}, make("div", { class: "what" }, name, make("p", { class: "facts" }, facts.filter(Boolean).join(" · "))), remove,
  );
  remove.addEventListener("click", () => confirmRemoval(info, mine, item, remove));
  return item;
}

function confirmRemoval(info, mine, item, remove) {
  const back = () => {
    question.replaceWith(remove);
    remove.focus();
  };
  const yes = make("button", { type: "button", class: "danger", onclick: () => removal(info, mine, item, question) }, "Delete");
  const no = make("button", { type: "button", onclick: back }, "Keep");
  const question = make("div", { class: "sure", role: "group", "aria-label": `Delete ${info.title}?` }, make("span", {}, "Delete this document?"), yes, no);
  question.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault(); // it closes the question, not the panel
    back();
  });
  remove.replaceWith(question);
  no.focus();
}

async function removal(info, mine, item, question) {
  for (const button of question.querySelectorAll("button")) button.disabled = true;
  try {
    await request(documentAddress(info.id, mine), { method: "DELETE" });
    const beside = item.nextElementSibling ?? item.previousElementSibling;
    item.remove();
    told(`${info.title} is deleted.`);
    (beside?.querySelector("button") ?? byId("library-close")).focus();
    if (byId("documents").children.length === 0) await list();
    changed();
  } catch (error) {
    const message = make("p", { class: "problem", role: "alert" }, error.message);
    question.replaceWith(message);
  }
}

function upload(files) {
  for (const file of files) uploadOne(file, index);
}

async function uploadOne(file, mine) {
  const bar = make("progress", { max: "1", value: "0", "aria-label": `Upload of ${file.name}` });
  const state = make("span", { class: "state" }, "Uploading …");
  const item = make("li", {}, make("span", { class: "name" }, file.name), state, bar);
  byId("uploads").prepend(item);
  try {
    const form = new FormData();
    form.append("file", file, file.name);
    const address = `v1/documents?index=${encodeURIComponent(mine)}`;
    const job = await send(address, form, (share) => { bar.value = share; });
    bar.removeAttribute("value"); // the time that reading takes is not known
    const done = await finished(job, state);
    if (done.status === "failed") throw new Error(done.error);
    state.textContent = [`Ready: ${count(done.passages, "passage")}.`, done.error].filter(Boolean).join(" ");
    told([`${file.name} is ready.`, done.error].filter(Boolean).join(" "));
    changed();
    if (mine === index) await list();
  } catch (error) {
    const message = error.message.replace(`${file.name}: `, "");
    item.classList.add("failed");
    state.textContent = message;
    told(`${file.name}: ${message}`);
  } finally {
    bar.remove();
  }
}

/** The job when it is done or failed. */
async function finished(job, state) {
  while (job.status === "queued" || job.status === "running") {
    state.textContent = job.status === "queued" ? "Queued …" : "Reading …";
    await new Promise((resolve) => setTimeout(resolve, JOB_MS));
    job = await request(`v1/jobs/${encodeURIComponent(job.id)}`);
  }
  return job;
}

/** Announce a change of the list to screen readers. */
function told(message) {
  byId("library-status").textContent = message;
}

function notice(message) {
  byId("library-notice").textContent = message;
  byId("library-notice").hidden = message === "";
}
