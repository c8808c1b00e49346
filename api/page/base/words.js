// All texts of the page in its languages, and how numbers and days are written in them.

import { kept } from "./kept.js";

const LANGUAGES = ["en", "de"];
const chosen = kept("language") || navigator.language.slice(0, 2);
const LANGUAGE = LANGUAGES.includes(chosen) ? chosen : "en";

/** English, German; a pair of texts is for one and for any other number `n`.
 *  @type {Record<string, [string | [string, string], string | [string, string]]>} */
export const WORDS = {
  // the frame
  title: ["Ask your documents", "Fragen Sie Ihre Dokumente"],
  nav: ["Page", "Seite"],
  to_ask: ["Ask", "Fragen"],
  to_library: ["Documents", "Dokumente"],
  settings: ["Settings", "Einstellungen"],
  menu: ["Conversations", "Gespräche"],
  close: ["Close", "Schließen"],
  cancel: ["Cancel", "Abbrechen"],
  delete: ["Delete", "Löschen"],
  retry: ["Try again", "Noch einmal"],
  loading: ["Loading …", "Wird geladen …"],
  // the question
  question: ["Question", "Frage"],
  question_hint: ["Your question (@ chooses documents)", "Ihre Frage (@ wählt Dokumente)"],
  ask: ["Ask", "Fragen"],
  stop: ["Stop", "Anhalten"],
  limit: ["@ Only some documents", "@ Nur einige Dokumente"],
  limits: ["Asked only of", "Gefragt wird nur in"],
  limited: ["Questions are now asked only of: {list}", "Fragen gelten jetzt nur für: {list}"],
  unlimit: ["Remove {text}", "{text} entfernen"],
  only: ["Asked only of {list}", "Gefragt nur in {list}"],
  proposals: ["Documents, folders, types and metadata", "Dokumente, Ordner, Arten und Angaben"],
  scope_folder: ["folder", "Ordner"],
  scope_type: ["type", "Art"],
  scope_after: ["from", "ab"],
  scope_before: ["until", "bis"],
  period: ["Period", "Zeitraum"],
  period_title: ["Ask only documents of a period", "Nur Dokumente eines Zeitraums fragen"],
  period_after: ["From (the date of the document or its file)", "Ab (Datum des Dokuments oder der Datei)"],
  period_before: ["Until", "Bis"],
  period_use: ["Ask only these", "Nur diese fragen"],
  index: ["Index", "Index"],
  // the first look
  first: ["About this page", "Über diese Seite"],
  purpose: [
    "Each sentence of an answer is checked against the characters that it cites, and shown with the sentence that it was taken from. If the documents do not answer a question, this page says so.",
    "Jeder Satz einer Antwort wird mit den Zeichen verglichen, die er zitiert, und mit dem Satz gezeigt, aus dem er stammt. Wenn die Dokumente eine Frage nicht beantworten, sagt die Seite das.",
  ],
  holds: ["{kinds}. The newest file is of {date}.", "{kinds}. Die neueste Datei ist vom {date}."],
  holds_nothing: ["There are no documents yet.", "Noch sind keine Dokumente da."],
  other_type: ["other", "andere"],
  other_types: ["and others", "und andere"],
  try: ["Try one of these:", "Zum Beispiel:"],
  add_here: ["Add documents", "Dokumente hinzufügen"],
  drop_anywhere: ["or drop files and folders anywhere on this page.", "oder Dateien und Ordner irgendwo auf diese Seite ziehen."],
  not_ready: ["The server is not ready to answer yet.", "Der Server kann noch nicht antworten."],
  not_ready_yet: ["Not ready yet:", "Noch nicht bereit:"],
  or_add: ["Or add documents here", "Oder hier Dokumente hinzufügen"],
  ask_about: ["What is “{title}” about?", "What is “{title}” about?"],
  ask_section: ["What does “{title}” say about “{heading}”?", "What does “{title}” say about “{heading}”?"],
  // conversations
  new_thread: ["New conversation", "Neues Gespräch"],
  thread_search: ["Search conversations", "Gespräche durchsuchen"],
  thread_list: ["Conversations", "Gespräche"],
  threads_none: ["Conversations are kept in this browser.", "Gespräche bleiben in diesem Browser."],
  threads_not_found: ["No conversation has these words.", "Kein Gespräch enthält diese Wörter."],
  thread_menu: ["This conversation", "Dieses Gespräch"],
  rename: ["Rename", "Umbenennen"],
  thread_name: ["Name of the conversation", "Name des Gesprächs"],
  export_markdown: ["Export as Markdown", "Als Markdown speichern"],
  export_page: ["Export with every quote (HTML)", "Mit allen Zitaten speichern (HTML)"],
  export_references: ["Export sources (CSL JSON)", "Quellen speichern (CSL JSON)"],
  delete_thread: ["Delete the conversation “{name}” from this browser?", "Das Gespräch „{name}“ aus diesem Browser löschen?"],
  delete_threads: ["Delete all conversations from this browser?", "Alle Gespräche aus diesem Browser löschen?"],
  deleted: ["“{name}” is deleted.", "„{name}“ ist gelöscht."],
  deleted_threads: ["All conversations are deleted.", "Alle Gespräche sind gelöscht."],
  copy_of: ["{name} (2)", "{name} (2)"],
  not_here: ["This browser does not keep that conversation or answer: it was deleted, or asked elsewhere.", "Dieser Browser hat dieses Gespräch oder diese Antwort nicht: gelöscht, oder anderswo gefragt."],
  not_kept: ["The browser does not keep this conversation: its storage is full or forbidden. Export it, or delete others.", "Der Browser behält dieses Gespräch nicht: sein Speicher ist voll oder gesperrt. Speichern Sie es als Datei, oder löschen Sie andere."],
  // the answer
  conversation: ["Conversation", "Gespräch"],
  turn: ["Question and answer", "Frage und Antwort"],
  edit: ["Edit this question", "Diese Frage ändern"],
  edit_label: ["The question, edited", "Die geänderte Frage"],
  ask_again: ["Ask again", "Noch einmal fragen"],
  answering: ["Answering", "Antwort wird gesucht"],
  step_search: ["Searching the documents", "Die Dokumente werden durchsucht"],
  step_none: ["No passages found", "Keine Stelle gefunden"],
  step_read: ["{found}; reading them", "{found}; sie werden gelesen"],
  step_check: ["Checking the next sentence", "Der nächste Satz wird geprüft"],
  found: ["{passages} found, in {documents}", "{passages} gefunden, in {documents}"],
  seconds: ["{n} s", "{n} s"],
  stopped: ["Stopped.", "Angehalten."],
  unfinished: ["This question has no answer yet.", "Diese Frage hat noch keine Antwort."],
  cut_off: ["The connection ended before the answer was complete. Ask again.", "Die Verbindung endete vor der Antwort. Fragen Sie noch einmal."],
  status_answered: ["Answered, with {citations}.", "Beantwortet, mit {citations}."],
  verdict_certain: ["Answered from the documents", "Aus den Dokumenten beantwortet"],
  verdict_uncertain: ["Not sure. The nearest passage says:", "Nicht sicher. Die nächste Stelle sagt:"],
  verdict_refused: ["No answer from these documents", "Keine Antwort in diesen Dokumenten"],
  verdict_talk: ["What can be asked", "Was man fragen kann"],
  part_unanswered: ["The documents do not answer this part: {part}", "Diesen Teil beantworten die Dokumente nicht: {part}"],
  notices: ["Notices", "Hinweise"],
  or: ["Or:", "Oder:"],
  disagree: ["Documents disagree", "Die Dokumente widersprechen sich"],
  no_date: ["no date", "ohne Datum"],
  sources: ["Sources", "Quellen"],
  show_quote: ["Show quote {label} in the document {title}", "Zitat {label} im Dokument {title} zeigen"],
  citation: ["Citation {label}: {title}", "Beleg {label}: {title}"],
  citations: [["{n} citation", "{n} citations"], ["{n} Beleg", "{n} Belegen"]],
  stale: ["changed since it was indexed", "seit dem Einlesen geändert"],
  changed_since: ["changed since this answer", "seit dieser Antwort geändert"],
  gone_since: ["no longer in the library", "nicht mehr in der Bibliothek"],
  file_of: ["file of {date}", "Datei vom {date}"],
  passages: [["{n} passage", "{n} passages"], ["{n} Stelle", "{n} Stellen"]],
  documents: [["{n} document", "{n} documents"], ["{n} Dokument", "{n} Dokumente"]],
  passages_found: ["Passages found", "Gefundene Stellen"],
  passages_nearest: ["Nearest passages", "Nächste Stellen"],
  also_in: ["Nearly the same stands in:", "Fast dasselbe steht in:"],
  show_source: ["Show in the document", "Im Dokument zeigen"],
  show_source_of: ["Show in the document {title}", "Im Dokument {title} zeigen"],
  open_document: ["Open the document {title}", "Das Dokument {title} öffnen"],
  made: ["How this answer was made", "Wie diese Antwort entstand"],
  made_resolved: ["understood as", "verstanden als"],
  made_supported: ["supported", "belegt"],
  made_confidence: ["confidence", "Vertrauen"],
  made_mode: ["mode", "Art"],
  made_model: ["model", "Modell"],
  made_index: ["index", "Index"],
  made_generation: ["state {n}", "Stand {n}"],
  made_asked: ["asked", "gefragt"],
  made_time: ["time", "Dauer"],
  tools: ["This answer", "Diese Antwort"],
  copy: ["Copy", "Kopieren"],
  copy_sources: ["Copy with sources", "Mit Quellen kopieren"],
  copy_link: ["Copy link", "Link kopieren"],
  rate_up: ["Right", "Richtig"],
  rate_down: ["Wrong", "Falsch"],
  rated: ["Noted by the server.", "Auf dem Server vermerkt."],
  unrated: ["Taken back.", "Zurückgenommen."],
  copied: ["Copied.", "Kopiert."],
  not_copied: ["The browser does not allow copying.", "Der Browser erlaubt das Kopieren nicht."],
  next: ["Ask next", "Weiterfragen"],
  characters_at: ["characters {start} to {end}", "Zeichen {start} bis {end}"],
  // the source
  source: ["Source", "Quelle"],
  source_text: ["Text of the document", "Text des Dokuments"],
  source_changed: ["The document has changed since this answer was given. It said then:", "Das Dokument hat sich seit dieser Antwort geändert. Damals stand da:"],
  ask_only_this: ["Ask only this document", "Nur dieses Dokument fragen"],
  page: ["page {n}", "Seite {n}"],
  page_at: ["Page {n}", "Seite {n}"],
  page_marked: ["Page {n}, with the cited place marked", "Seite {n}, mit der zitierten Stelle"],
  table: ["Table", "Tabelle"],
  source_pages: ["Pages of the document", "Seiten des Dokuments"],
  view_pages: ["Pages", "Seiten"],
  view_text: ["Text", "Text"],
  loading_pages: ["The pages are being opened …", "Die Seiten werden geöffnet …"],
  save_original: ["Save the original", "Original speichern"],
  text_before: ["Show what stands before", "Zeigen, was davor steht"],
  text_after: ["Show what comes next", "Zeigen, was danach kommt"],
  read_in_part: [["Read in part: {n} part of the file was not read", "Read in part: {n} parts of the file were not read"], ["Nur teilweise gelesen: {n} Teil der Datei fehlt", "Nur teilweise gelesen: {n} Teile der Datei fehlen"]],
  // the library
  library: ["Documents", "Dokumente"],
  library_search: ["Search by title or path", "Nach Titel oder Pfad suchen"],
  library_empty: ["No documents yet.", "Noch keine Dokumente."],
  library_none: ["No document fits.", "Kein Dokument passt."],
  loading_some: ["Loading: {n} documents so far …", "Wird geladen: bisher {n} Dokumente …"],
  of_documents: ["{n} of {all} documents", "{n} von {all} Dokumenten"],
  all_types: ["all types", "alle Arten"],
  all_folders: ["all folders", "alle Ordner"],
  all_states: ["all states", "alle Zustände"],
  column_select: ["Selected", "Ausgewählt"],
  column_title: ["Title", "Titel"],
  column_folder: ["Folder", "Ordner"],
  column_type: ["Type", "Art"],
  column_size: ["Size", "Größe"],
  column_date: ["Changed", "Geändert"],
  column_state: ["State", "Zustand"],
  state_part: ["read in part", "teilweise gelesen"],
  state_stale: ["file not found", "Datei nicht gefunden"],
  parts_unread: [["{n} part not read", "{n} parts not read"], ["{n} Teil nicht gelesen", "{n} Teile nicht gelesen"]],
  pages: [["{n} page", "{n} pages"], ["{n} Seite", "{n} Seiten"]],
  characters: [["{n} character", "{n} characters"], ["{n} Zeichen", "{n} Zeichen"]],
  select: ["Select {title}", "{title} auswählen"],
  select_all: ["Select all that are shown", "Alle gezeigten auswählen"],
  chosen: ["{n} selected", "{n} ausgewählt"],
  ask_chosen: ["Ask only these", "Nur diese fragen"],
  delete_documents: [["Delete “{title}” from the library?", "Delete {n} documents from the library?"], ["„{title}“ aus der Bibliothek löschen?", "{n} Dokumente aus der Bibliothek löschen?"]],
  deleting: ["Deleting {n} of {all} …", "Löschen: {n} von {all} …"],
  deleted_documents: [["{n} document is deleted.", "{n} documents are deleted."], ["{n} Dokument ist gelöscht.", "{n} Dokumente sind gelöscht."]],
  problems: ["Not deleted", "Nicht gelöscht"],
  index_new: ["New index", "Neuer Index"],
  index_new_title: ["New index", "Neuer Index"],
  index_rename_title: ["Rename the index “{name}”", "Index „{name}“ umbenennen"],
  index_name: ["Name", "Name"],
  index_name_hint: ["Letters a to z, digits and . _ -", "Buchstaben a bis z, Ziffern und . _ -"],
  index_name_use: ["Save", "Speichern"],
  index_made: ["The index “{name}” is made.", "Der Index „{name}“ ist angelegt."],
  index_renamed: ["The index is now called “{name}”.", "Der Index heißt jetzt „{name}“."],
  delete_index: ["Delete the index “{name}” with all its documents and uploaded files? This cannot be undone.", "Den Index „{name}“ mit allen Dokumenten und hochgeladenen Dateien löschen? Das lässt sich nicht rückgängig machen."],
  upload_files: ["Add files", "Dateien hinzufügen"],
  upload_folder: ["Add a folder", "Einen Ordner hinzufügen"],
  upload_hint: ["Or drop files and folders here. A file replaces the one of the same name.", "Oder hierher ziehen. Eine Datei ersetzt die gleichnamige."],
  uploads: ["Uploads", "Hochgeladen"],
  upload_of: ["Upload of {name}", "{name} wird hochgeladen"],
  upload_waits: ["Waiting …", "Wartet …"],
  upload_sends: ["Uploading …", "Wird hochgeladen …"],
  upload_queued: ["Queued …", "In der Reihe …"],
  upload_reads: ["Reading …", "Wird gelesen …"],
  upload_ready: ["Ready: {passages}.", "Bereit: {passages}."],
  upload_done: ["{name} is ready.", "{name} ist bereit."],
  password: ["Password", "Passwort"],
  unread_files: [["{n} file could not be read", "{n} files could not be read"], ["{n} Datei war nicht lesbar", "{n} Dateien waren nicht lesbar"]],
  read_again: ["Read again", "Noch einmal lesen"],
  read_again_of: ["Read {name} again", "{name} noch einmal lesen"],
  password_of: ["Password of {name}", "Passwort von {name}"],
  unlock: ["Read with this password", "Mit diesem Passwort lesen"],
  retry_of: ["Try {name} again", "{name} noch einmal versuchen"],
  // settings and the key
  set_theme: ["Appearance", "Aussehen"],
  theme_auto: ["as the system", "wie das System"],
  theme_light: ["light", "hell"],
  theme_dark: ["dark", "dunkel"],
  set_language: ["Language", "Sprache"],
  language_auto: ["as the browser", "wie der Browser"],
  set_mode: ["Answers", "Antworten"],
  mode_auto: ["as the server thinks best", "wie der Server es einstellt"],
  mode_quote: ["short, in the exact words of the documents", "kurz, mit den Worten der Dokumente"],
  mode_extract: ["whole sentences of the documents", "ganze Sätze der Dokumente"],
  mode_write: ["written by a language model", "von einem Sprachmodell geschrieben"],
  mode_needs_auto: ["Nothing else is needed.", "Dafür ist nichts weiter nötig."],
  mode_needs_quote: ["Needs no language model.", "Braucht kein Sprachmodell."],
  mode_needs_extract: ["Needs no language model.", "Braucht kein Sprachmodell."],
  mode_needs_write: ["Needs a language model on the server (setting `model`). Each sentence is checked, and takes longer.", "Braucht ein Sprachmodell auf dem Server (Einstellung `model`). Jeder Satz wird geprüft; das dauert länger."],
  set_k: ["Passages shown with an answer", "Stellen, die mit einer Antwort gezeigt werden"],
  k_hint: ["1 to 100; empty: as the server sets it", "1 bis 100; leer: wie der Server es einstellt"],
  forget_threads: ["Delete all conversations", "Alle Gespräche löschen"],
  forget_key: ["Forget the key", "Schlüssel vergessen"],
  api: ["HTTP API", "HTTP-API"],
  key_title: ["This server requires an API key", "Dieser Server verlangt einen API-Schlüssel"],
  key_refused: ["The key was not accepted.", "Der Schlüssel wurde nicht angenommen."],
  key: ["API key", "API-Schlüssel"],
  key_hint: ["Kept until this tab is closed. `rag keys add` makes a key.", "Bleibt, bis dieser Tab geschlossen wird. `rag keys add` macht einen Schlüssel."],
  key_use: ["Use this key", "Diesen Schlüssel nehmen"],
  keep_it: ["Keep", "Behalten"],
  confirm: ["Please confirm", "Bitte bestätigen"],
  status_of: ["The server answered with status {status}.", "Der Server antwortete mit Status {status}."],
  unreachable: ["The server cannot be reached. Is it still running?", "Der Server ist nicht erreichbar. Läuft er noch?"],
};

/** The text of a name in the language of the page, with {values} put in.
 *  @param {string} name
 *  @param {Record<string, any>} values */
export function t(name, values = {}) {
  const found = WORDS[name][LANGUAGES.indexOf(LANGUAGE)];
  const text = typeof found === "string" ? found : found[values.n === 1 ? 0 : 1];
  return text.replace(/\{(\w+)\}/g, (_, key) => (typeof values[key] === "number" ? t.number(values[key]) : `${values[key]}`));
}

t.language = () => LANGUAGE;

/** @param {number} value */
t.number = (value) => value.toLocaleString(LANGUAGE);

/** A moment, as a day and a time of it.
 *  @param {string} moment in ISO's form */
t.day = (moment) => new Date(moment).toLocaleString(LANGUAGE, { dateStyle: "medium", timeStyle: "short" });

/** Fill in the texts of elements: `data-t` names what stands in them, `data-t-label` their name, `data-t-hint` the
 *  words in an empty field. Words between backticks are code.
 *  @param {Document | Element} root */
export function translate(root) {
  document.documentElement.lang = LANGUAGE;
  document.title = t("title");
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-t]"))) {
    element.replaceChildren(...t(element.dataset.t ?? "").split("`").map((part, place) => {
      if (place % 2 === 0) return part;
      const code = document.createElement("code");
      code.textContent = part;
      return code;
    }));
  }
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-t-label]"))) element.setAttribute("aria-label", t(element.dataset.tLabel ?? ""));
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-t-hint]"))) element.setAttribute("placeholder", t(element.dataset.tHint ?? ""));
}
