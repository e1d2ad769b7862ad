// The entry `causerie/widget`: registers `<causerie-chat>`, where there are elements.
import { CauserieChat } from "./widget/element.js";

export { CauserieChat };

const NAME = "causerie-chat";

// Two copies of the package on one page are the page's trouble, and no reason to fail.
if (globalThis.customElements && !customElements.get(NAME)) customElements.define(NAME, CauserieChat);
