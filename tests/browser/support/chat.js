// A visitor's chat in a page: launched, with every event written down as the page gets it.

import { until } from "./wait.js";

const EVENTS = [
  "onError", "onAgentConnected", "onAgentDisconnected", "onMessageReceived", "onAgentTyping", "onInterrupted",
  "onContinued", "onSessionEnded",
];
const NOTICES = ["onStatusChanged", "onFormRequested", "onFaqSuggested", "onRenewed", "onDataChanged"];

/** Launches in a page that shows `window.causerie`; resolves to the chat, or rejects with what the launch rejected with. */
export async function launchChat(page, command, options) {
  const failure = await page.evaluate(
    async ([command, options, names]) => {
      try {
        const session = await window.causerie.chat[command](options);
        const events = [];
        window.session = session;
        window.events = events;
        for (const name of names) {
          session[name]((...given) => {
            if (given.length > 1) throw new Error(`${name} was called with ${given.length} arguments`);
            events.push(given.length === 0 ? { on: name } : { on: name, ...given[0] });
          });
        }
        return undefined;
      } catch (error) {
        return { ...error, isError: error instanceof window.causerie.ChatError, message: error.message, hasError: "error" in error };
      }
    },
    [command, options, [...EVENTS, ...NOTICES]],
  );
  if (failure) throw Object.assign(new Error(`${command}: ${failure.message}`), failure);
  return new Chat(page);
}

export const startChat = (page, options) => launchChat(page, "startSession", options);
export const restoreChat = (page, options) => launchChat(page, "restoreSession", options);

class Chat {
  constructor(page) {
    this.page = page;
  }

  /** All events so far but those of notices, or those of one registrar. */
  async events(name) {
    const events = await this.page.evaluate(() => window.events);
    return events.filter(({ on }) => (name ? on === name : !NOTICES.includes(on)));
  }

  /** The names of the states so far. */
  async states() {
    return (await this.events("onStatusChanged")).map((event) => event.new.name);
  }

  /** The first event of a registrar that `matches`: past or to come. */
  event(name, matches = () => true) {
    return until(`an event of ${name}`, async () => (await this.events(name)).find(matches));
  }

  /** As many events of a registrar. */
  count(name, count) {
    return until(`${count} events of ${name}`, async () => {
      const events = await this.events(name);
      return events.length >= count && events;
    });
  }

  /** The message with this text. */
  heard(text) {
    return this.event("onMessageReceived", ({ content }) => content.text === text);
  }

  /** The texts of all messages so far. */
  async texts() {
    return (await this.events("onMessageReceived")).map(({ content }) => content.text);
  }

  /** Runs a command; resolves to its result, or to `{ code, description }` of its error. */
  command(name, ...given) {
    return this.page.evaluate(
      ([name, given]) => window.session[name](...given).then((result) => ({ result }), (event) => event.error),
      [name, given],
    );
  }

  send(message) { return this.command("sendMessage", message); }
  isAgentConnected() { return this.page.evaluate(() => window.session.isAgentConnected()); }
}
