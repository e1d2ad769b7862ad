// Three of our servers on one Redis, behind a proxy without sticky sessions, judged by the official CometD client: a chat goes
// through all of them, and on when one after the other is killed.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { missing, Nodes } from "./support/nodes.js";
import { Agent, Visitor } from "./support/official.js";
import { AGENTS } from "./support/server.js";

/** So many messages each side says between two events of a test. */
const EACH = 8;
/** How long what is not answered is repeated, and how soon, in milliseconds. */
const PATIENCE = 30_000;
const PAUSE = 20;
const skip = missing();
const upTo = (n) => Array.from({ length: n }, (_, at) => at + 1);
const of = (events) => events.flatMap(({ messages = [] }) => messages).filter(({ index }) => index !== undefined);
const indices = (heard) => heard.map(({ index }) => index);

/** Repeats what is not answered, as clients have to: a node may be killed that only carried it, and no handshake follows. */
async function answered(call, unanswered = () => {}) {
  for (const end = Date.now() + PATIENCE; ;) {
    try {
      return await call();
    } catch (error) {
      if (Date.now() > end) throw error;
      unanswered();
      await setTimeout(PAUSE);
    }
  }
}

/** After each handshake a client introduces itself, by this; what it says waits for that. */
function introduces(client, introduce) {
  client.introduced = undefined;
  client.introduce = introduce;
  client.onHandshake = (handshake) => {
    client.introduced = answered(() => (client.handshakes === handshake ? introduce() : undefined));
    client.introduced.catch(() => {});
  };
}

/** Who says one message after the other, each until it is acknowledged, as clients of ours do: under the same `messageId`. */
class Speaker {
  acknowledged = [];
  repeated = new Set();

  constructor(client, name, send) {
    Object.assign(this, { client, name, send });
  }

  async say(count) {
    for (const end = this.acknowledged.length + count; this.acknowledged.length < end;) {
      const message = `${this.name} ${this.acknowledged.length + 1}`;
      const { statusCode, errors } = await answered(async () => {
        await this.#introduced();
        const { handshakes } = this.client;
        const answer = await this.send({ message, messageId: message.replace(" ", "number") });
        // The official client keeps what is sent while it begins anew, and sends it before it can introduce itself.
        if (answer.statusCode === 2 && this.client.handshakes > handshakes) throw new Error("not signed in yet");
        return answer;
      }, () => this.repeated.add(message));
      assert.equal(statusCode, 0, `${message}: ${JSON.stringify(errors)}`);
      this.acknowledged.push(message);
    }
  }

  /** After the last handshake. */
  async #introduced() {
    for (let known; known !== this.client.introduced;) {
      known = this.client.introduced;
      await known;
    }
  }
}

for (const transport of ["websocket", "long-polling"]) {
  for (const ack of [true, false]) {
    describe(`on three nodes over ${transport}, ${ack ? "with" : "without"} the ack extension`, { skip, timeout: 120_000 }, () => {
      const nodes = new Nodes();
      let clients = [];

      before(() => nodes.start(3));
      afterEach(async () => {
        await Promise.allSettled(clients.map((client) => client.close()));
        clients = [];
      });
      after(() => nodes.remove());

      /** A visitor and an agent, each of whom introduces themselves anew after each handshake, in a chat. */
      async function talk() {
        const visitor = new Visitor(nodes.url, transport, { ack });
        const agent = new Agent(nodes.url, transport, AGENTS.Jane, { ack });
        clients = [visitor, agent];
        const { chatId } = await visitor.start();
        visitor.asked = [];
        introduces(visitor, async () => {
          const answer = await visitor.do("requestNotifications", { transcriptPosition: visitor.nextPosition });
          assert.equal(answer.statusCode, 0);
          visitor.asked.push(answer);
        });
        introduces(agent, async () => {
          assert.equal((await agent.call("signIn", AGENTS.Jane)).statusCode, 0);
          const answer = await agent.call("accept", { chatId });
          assert.equal(answer.statusCode, 0);
          // It holds all that there is: what came before it is in it.
          agent.events = [answer];
          agent.asked = [answer];
        });
        await agent.connect();
        await agent.introduced;
        const ada = new Speaker(visitor, "Ada", (message) => visitor.do("sendMessage", message));
        const jane = new Speaker(agent, "Jane", (message) => agent.call("sendMessage", { chatId, ...message }));

        /** Both have seen everything, and it stands in the transcript, as somebody reads it who was not there. */
        async function whole() {
          const reader = new Visitor(nodes.url, transport);
          clients.push(reader);
          await reader.connect();
          const { messages } = await answered(() => reader.call("requestNotifications", { ...visitor.ids, transcriptPosition: 1 }));
          assertWhole(messages, reader, ada, jane);
          for (const client of [visitor, agent]) {
            await client.until(() => new Set(indices(of(client.events))).size === messages.length, "all entries");
            assertWhole(of(client.events), client, ada, jane);
          }
        }
        return { visitor, agent, ada, jane, whole };
      }

      /** Each message once, those of each side in the order in which they were said. */
      function assertWhole(entries, client, ...speakers) {
        // With the ack extension pushes wait for the answer to a connect, and the answers to calls do not; over long-polling
        // answers come on several connections; and what the official client kept over a handshake it sends before it can
        // introduce itself. Else everything comes in its order.
        const ordered = transport === "websocket" && !ack && client.handshakes === 1;
        const asked = new Set(indices(of(client.asked ?? [])));
        const seen = new Set();
        const heard = entries.filter(({ index, text }) => {
          const again = seen.has(index);
          // The answer to what was said again has its entry once more; so has what was asked for, of what overtook the rest.
          const fits = speakers.some(({ repeated }) => repeated.has(text)) || (!ordered && asked.has(index));
          assert.ok(!again || fits, `${text} came twice`);
          seen.add(index);
          return !again;
        });
        if (!ordered) heard.sort((a, b) => a.index - b.index);
        assert.deepEqual(indices(heard), upTo(heard.length));
        const said = heard.filter(({ type }) => type === "Message").map(({ text }) => text);
        assert.equal(said.length, speakers.flatMap(({ acknowledged }) => acknowledged).length);
        for (const { name, acknowledged } of speakers) {
          assert.deepEqual(said.filter((text) => text.startsWith(name)), acknowledged);
        }
      }

      test("a chat goes through all nodes, and its clients do not notice", async () => {
        const { visitor, agent, ada, jane, whole } = await talk();
        await Promise.all([ada.say(EACH), jane.say(EACH)]);
        await whole();
        // Over long-polling two of three requests came to a node that does not hold the session.
        assert.deepEqual([visitor.handshakes, agent.handshakes], [1, 1]);
        assert.deepEqual([visitor.breaks, agent.breaks], [0, 0]);
      });

      test("when a node is killed its clients shake hands anew, and nothing that was acknowledged is lost or doubled", async () => {
        const { visitor, agent, ada, jane, whole } = await talk();
        for (const client of [visitor, agent]) {
          const node = nodes.of(client);
          const { handshakes } = client;
          const talking = Promise.all([ada.say(EACH), jane.say(EACH)]);
          const half = client === visitor ? ada : jane;
          await client.entry("Message", `${half.name} ${half.acknowledged.length + EACH / 2}`);
          // The agent's may be the one that the visitor's was.
          if (!node.dead) nodes.kill(node);
          await talking;
          if (client.handshakes === handshakes) await client.until(() => client.handshakes > handshakes, "the new handshake", 30_000);
          assert.notEqual(nodes.of(client), node);
        }
        // What a killed node only carried is lost with it, and no handshake follows: the ack extension brings it again, else one asks.
        if (!ack) for (const client of [visitor, agent]) await answered(() => client.introduce());
        await whole();
      });
    });
  }
}
