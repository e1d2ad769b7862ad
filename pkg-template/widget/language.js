// Which language the widget speaks: the one that it is told, else that of the page around it, also when that changes.

/** The language of an element. One in somebody's shadow tree has the page's, where nothing around it there says another. */
export function languageOf(element) {
  return element.lang || element.closest("[lang]")?.lang || document.documentElement.lang || navigator.language;
}

/** Calls back when the page has changed the language of an element, until the signal. */
export function followLanguage(element, changed, signal) {
  const known = languageOf(element);
  // Whatever is around it may say the language, and it may be anywhere: a page changes few of these.
  const observer = new MutationObserver(() => {
    if (languageOf(element) !== known) changed();
  });
  observer.observe(document, { attributes: true, attributeFilter: ["lang"], subtree: true });
  signal.addEventListener("abort", () => observer.disconnect());
}
