// Settings of the page, kept in this browser: theme, language, answer mode, number of passages, conversations.

import { announce, byId, confirmed, withCode } from "../base/dom.js";
import { keep, kept } from "../base/kept.js";
import { t } from "../base/words.js";
import { removeAll } from "../conversation/threads.js";

/** Listen to the dialog. */
export function installSettings() {
  byId("open-settings").addEventListener("click", () => byId("settings").showModal());
  byId("settings-close").addEventListener("click", () => byId("settings").close());
  for (const name of ["theme", "language", "mode", "k"]) {
    const field = byId(`set-${name}`);
    field.value = kept(name);
    field.addEventListener("change", () => {
      if (!field.checkValidity()) {
        field.reportValidity();
        return;
      }
      keep(name, field.value);
      if (name === "language") location.reload(); // what is shown is kept, and comes back in the other language
      if (name === "theme") applyTheme();
      if (name === "mode") showNeeds();
    });
  }
  byId("forget-threads").addEventListener("click", async () => {
    if (!(await confirmed(t("delete_threads"), t("delete")))) return;
    await removeAll();
    byId("settings").close();
    announce(t("deleted_threads"));
    location.hash = "#";
    location.reload();
  });
  showNeeds();
}

/** Show the theme that was chosen; without one, that of the system. */
export function applyTheme() {
  const theme = kept("theme");
  if (theme === "") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.dataset.theme = theme;
}

function showNeeds() {
  byId("mode-needs").replaceChildren(...withCode(t(`mode_needs_${kept("mode") || "auto"}`)));
}
