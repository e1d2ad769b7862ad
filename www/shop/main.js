// The shop: the widget in the shop's own words, opened by a button of the page's too.

import "/pkg/widget.js";
import { byId } from "../js/dom.js";

const widget = document.querySelector("causerie-chat");
widget.strings = { en: { welcome: "Is it dishwasher-safe? Would we engrave it? Jane and Omar make these pots and know." } };
byId("ask").addEventListener("click", () => widget.show());
