// Files that the page gives to the person, as downloads.

/** Offer text or bytes as a file of that name.
 *  @param {string} name
 *  @param {string} type
 *  @param {string | Blob} content */
export function save(name, type, content) {
  const address = URL.createObjectURL(typeof content === "string" ? new Blob([content], { type }) : content);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // the browser may still be reading it
}
