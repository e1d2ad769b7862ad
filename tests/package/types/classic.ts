/// <reference types="causerie" />
// A page's classic script, which has the package as a global, and one that uses it wrongly. Never run.

function embed(): void {
  causerie.init("/causerie.wasm").done(() => {});
  causerie.chat
    .startSession({ serverUrl: "https://chat.example" })
    .done((session: causerie.ChatSession) => session.onMessageReceived(({ content }) => content.text.trim()))
    .fail((event: causerie.ChatError) => event.error?.code.toFixed());
  // @ts-expect-error no such member
  causerie.start({});
}

addEventListener("load", embed);
