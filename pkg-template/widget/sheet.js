// The widget's style sheet: one for all widgets of the page, made by script, so that no policy has to allow inline styles.
import css from "./styles.css";

let sheet;

export function styles() {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
  }
  return sheet;
}
