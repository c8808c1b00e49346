// Small choices that stay in this browser, such as the theme; nothing fails if it forbids that.

const PREFIX = "rag-";

/** @param {string} name
 *  @param {string} preset
 *  @returns {string} */
export function kept(name, preset = "") {
  try {
    return localStorage.getItem(PREFIX + name) ?? preset;
  } catch {
    return preset;
  }
}

/** Keep a choice; the empty one is forgotten.
 *  @param {string} name
 *  @param {string} value */
export function keep(name, value) {
  try {
    if (value === "") localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, value);
  } catch {
    // it holds until the tab is closed
  }
}
