// Requests to this server: JSON, server-sent events, uploads with their progress. A key is asked for if the server requires one.

import { anotherKey, keyHeaders } from "./key.js";

/** The address of a document or of what belongs to it; without an index, in the server's default one. */
export function documentAddress(id, index, rest = "") {
  return `v1/documents/${encodeURIComponent(id)}${rest}${index ? `?index=${encodeURIComponent(index)}` : ""}`;
}

/** The JSON of an address; throws an Error with the server's own message if it refuses. */
export async function request(path, options = {}) {
  return (await response(path, options)).json();
}

/** The events of an address, one after another as they come: {name, data}. */
export async function* events(path, options) {
  const { body } = await response(path, options);
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    let rest = "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const blocks = (rest + part.value).split("\n\n");
      rest = blocks.pop();
      yield* blocks.map(parsed).filter((event) => event !== null);
    }
  } finally {
    reader.cancel().catch(() => null);
  }
}

/** Send a form, with `progress` told the share that is sent, 0..1. -> the JSON of the response. */
export async function send(path, form, progress) {
  const sent = keyHeaders();
  const { status, body } = await posted(path, form, sent, progress);
  if (status === 401 && (await anotherKey(sent))) return send(path, form, progress);
  if (status < 200 || status > 299) throw refusal(status, body);
  return body;
}

async function response(path, options) {
  const sent = keyHeaders();
  let found;
  try {
    found = await fetch(path, { ...options, headers: { ...options.headers, ...sent } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw unreachable();
  }
  if (found.status === 401 && (await anotherKey(sent))) return response(path, options);
  if (!found.ok) throw refusal(found.status, await found.json().catch(() => ({})));
  return found;
}

function posted(path, form, headers, progress) {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest(); // `fetch` does not report progress
    sending.open("POST", path);
    for (const [name, value] of Object.entries(headers)) sending.setRequestHeader(name, value);
    sending.responseType = "json";
    sending.upload.addEventListener("progress", ({ loaded, total }) => progress(total ? loaded / total : 0));
    sending.addEventListener("load", () => resolve({ status: sending.status, body: sending.response ?? {} }));
    sending.addEventListener("error", () => reject(unreachable()));
    sending.send(form);
  });
}

/** "event: answer\ndata: {...}" -> {name, data}; null for comments, which keep the connection. */
function parsed(block) {
  const fields = Object.fromEntries(block.split("\n").map((line) => {
    const colon = line.indexOf(": ");
    return [line.slice(0, colon), line.slice(colon + 2)];
  }));
  return fields.data === undefined ? null : { name: fields.event ?? "message", data: JSON.parse(fields.data) };
}

function refusal(status, body) {
  return Object.assign(new Error(body?.error?.message ?? `The server answered with status ${status}.`), { status });
}

function unreachable() {
  return new Error("The server cannot be reached. Is it still running?");
}
