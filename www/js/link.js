// An agent's line to the server, for the desk and for the inspector, on the official CometD client: signs in again after every
// handshake.

import { CometD } from "/vendor/cometd/cometd.js";

const CALL_TIMEOUT = 15_000; // ms

export class Refused extends Error {
  /** code 0: the call did not get through, and may be tried again. */
  constructor(message, code = 0) {
    super(message);
    this.name = "Refused";
    this.code = code;
  }
}

export class Link extends EventTarget {
  #service;
  #cometd;
  #agent;
  #up = false;

  /** `service` is "desk" or "inspector". */
  constructor(service) {
    super();
    this.#service = service;
  }

  /** Resolves to the answer of the first sign-in; later ones are reported by "signed-in". */
  signIn(url, agent) {
    this.#agent = agent;
    const cometd = new CometD();
    this.#cometd = cometd;
    // Loads scripts from addresses made at run time, which the page's policy forbids; and no browser needs it.
    cometd.unregisterTransport("callback-polling");
    // The worker scheduler runs code from a blob, which the policy forbids as well.
    cometd.configure({ url, useWorkerScheduler: false, logLevel: "warn", maxBackoff: 8000 });
    return new Promise((resolve, reject) => {
      let first = true;
      let failures = 0;
      cometd.addListener(`/service/${this.#service}`, (message) => this.#emit("pushed", message.data));
      cometd.addListener("/meta/handshake", async (message) => {
        if (!message.successful) {
          // The first failure may only mean that there is no WebSocket here: the client goes on by long-polling.
          if (first && ++failures > 1) { this.close(); reject(new Refused("The chat server cannot be reached.")); }
          return;
        }
        try {
          const answer = await this.call("signIn", this.#agent);
          this.#setUp(true);
          if (first) resolve(answer);
          else this.#emit("signed-in", answer);
          first = false;
        } catch (error) {
          // One that did not get through comes again with the next handshake; a refused one never will.
          if (first || error.code !== 0) { this.close(); reject(error); }
          if (!first && error.code !== 0) this.#emit("signed-out", error);
        }
      });
      cometd.addListener("/meta/connect", (message) => {
        if (!message.successful) this.#setUp(false);
        else if (!first) this.#setUp(true);
      });
      cometd.handshake();
    });
  }

  #setUp(up) {
    if (this.#up === up) return;
    this.#up = up;
    this.#emit("state", up);
  }

  #emit(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }

  /** Resolves to the answer's data, which also goes out as "pushed"; rejects with Refused. */
  call(operation, members = {}) {
    return new Promise((resolve, reject) => {
      const cometd = this.#cometd;
      if (!cometd || cometd.isDisconnected()) return reject(new Refused("Not connected."));
      cometd.remoteCall(this.#service, { operation, ...members }, CALL_TIMEOUT, (message) => {
        const data = message.data;
        if (!data) return reject(new Refused("It did not get through."));
        if (data.statusCode !== 0) {
          const { code = 249, advice } = data.errors?.[0] ?? {};
          return reject(new Refused(advice || `The server refused it (${code}).`, code));
        }
        this.#emit("pushed", data);
        resolve(data);
      });
    });
  }

  close() {
    const cometd = this.#cometd;
    this.#cometd = undefined;
    this.#up = false;
    cometd?.clearListeners();
    cometd?.disconnect();
  }
}
