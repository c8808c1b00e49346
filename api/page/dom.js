// Elements and requests. Text goes into the page as text only: documents are not to be trusted with markup.

/** make("a", {href: "docs"}, "HTTP ", "API"): attributes, listeners for keys that start with "on", children. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== "" && child !== null));
  return element;
}

/** The JSON of an address of this server; an Error with the server's own message where it refuses. */
export async function request(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server cannot be reached. Is it still running?");
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.error?.message ?? `The server answered with status ${response.status}.`);
  return body;
}

/** "page 3 · Methods > Pumps", or "" where neither is known; a path of headings that begins with the title goes on. */
export function placeOf({ title, page, section }) {
  const above = `${title} > `;
  const path = section?.startsWith(above) ? section.slice(above.length) : section;
  return [page ? `page ${page}` : "", path === title ? "" : path].filter(Boolean).join(" · ");
}
