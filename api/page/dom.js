// Elements. Text goes into the page as text only: documents are not to be trusted with markup.

/** make("a", {href: "docs"}, "HTTP ", "API"): attributes, listeners for keys that start with "on", children. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== "" && child !== null && child !== undefined));
  return element;
}

/** "page 3 · Methods > Pumps", or "" if neither is known; a title at the beginning of the path of headings is left out. */
export function placeOf({ title, page, section }) {
  const above = `${title} > `;
  const path = section?.startsWith(above) ? section.slice(above.length) : section;
  return [page ? `page ${page}` : "", path === title ? "" : path].filter(Boolean).join(" · ");
}

/** 1, "passage" -> "1 passage"; 2 -> "2 passages". */
export function count(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
