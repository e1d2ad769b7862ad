// Pages with a transport of their own.

import { startServer } from "./server.js";

/** Opens a page on the server's site; `window.own()` makes a transport, `window.note(session)` writes its events down. */
export async function open(browser, t) {
  const server = await startServer(t);
  const visitor = await browser.visitor(t);
  const page = await visitor.open(`${server.url}/t/plain.html`);
  await page.evaluate(() => {
    window.note = (session) => {
      const events = [];
      const names = ["onError", "onAgentConnected", "onAgentDisconnected", "onMessageReceived", "onAgentTyping", "onInterrupted", "onContinued", "onSessionEnded"];
      for (const name of names) session[name]((event) => events.push({ on: name, ...event }));
      return events;
    };
    window.turn = () => new Promise((resolve) => setTimeout(resolve, 30));

    /** `{ start, send, close }`, with a chat of one visitor behind it. */
    window.own = () => {
      const entries = [];
      const fake = {
        calls: [],
        add(type, text, who = "Agent", more = {}) {
          const from = { nickname: who === "Agent" ? "Jane" : "Ada", participantId: who === "Agent" ? 2 : 1, type: who };
          const entry = { index: entries.length + 1, type, text, utcTime: 1_700_000_000_000 + entries.length, from, ...more };
          entries.push(entry);
          return entry;
        },
        say(text) { fake.sink.receive({ statusCode: 0, messages: [fake.add("Message", text)] }); },
        start(sink, options) { fake.calls.push({ start: options }); fake.sink = sink; return fake.starting?.() ?? Promise.resolve(); },
        close() { fake.calls.push({ close: true }); },
        async send(command) {
          fake.calls.push(command);
          switch (command.operation) {
            case "requestChat":
              fake.add("ParticipantJoined", undefined, "Client");
              return { statusCode: 0, chatId: "own-1", secureKey: "key", messages: entries };
            case "requestNotifications":
              return { statusCode: 0, messages: entries.slice(command.transcriptPosition - 1) };
            case "sendMessage":
              if (command.message === "refused") throw new Error("not that");
              return { statusCode: 0, messages: [fake.add("Message", command.message, "Client", { messageId: command.messageId })] };
            case "disconnect":
              return { statusCode: 0, chatEnded: true };
          }
        },
      };
      return fake;
    };
  });
  return page;
}
