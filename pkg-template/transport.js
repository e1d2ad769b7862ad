// A transport of the page's own: what it reports goes to the engine as a server's answers do, and is validated there.
import { ChatError } from "./index.js";
import { adapted } from "./lib/genesys.js";

/**
 * Makes the channels of a page's transport, `{ start(sink, options), send(command), close() }` or the form of the Genesys
 * chat API. Returns a function that opens a channel; `deliver` takes its frames.
 */
export function ownTransport(given, { service = "default" }) {
  const has = (...names) => names.every((name) => typeof given[name] === "function");
  const transport = has("start", "send") ? given : has("startSession", "sendMessage") ? adapted(given) : undefined;
  if (transport === undefined) {
    const expected = "a name, or an object with `start` and `send`, or with `startSession` and `sendMessage`";
    throw new ChatError(3, `the value of a parameter is incorrect: expected \`transport\` to be ${expected}`);
  }
  return (deliver) => {
    // What comes before the session is taken up is told after that: until then the engine has no place for it.
    let early = [];
    // The operation that asks for a session, while its reply is to come by `receive`.
    let asked;
    const release = () => {
      for (const data of early ?? []) deliver({ data });
      early = undefined;
    };
    const answer = (id, data) => {
      asked = undefined;
      deliver({ id, data });
      release();
    };
    const sink = {
      /** The transport is connected. */
      opened: () => deliver({ link: 1 }),
      /** A reply or a push of chat v2 came. */
      receive: (given) => {
        const data = carried(given);
        if (asked && isReply(data)) answer(asked, data);
        else if (early) early.push(data);
        else deliver({ data });
      },
      /** The connection is lost; `start` is called again after a while. */
      closed: () => deliver({ link: 0 }),
      /** The end that comes next is by the visitor's wish. */
      left: () => deliver({ left: true }),
    };
    settled(() => transport.start(sink, { service }), (started) => started && sink.opened(), sink.closed);
    return {
      send({ id, data }) {
        const done = (given) => {
          const reply = carried(given);
          if (typeof reply === "object" && reply !== null) return answer(id, reply);
          if (typeof given === "object" && given !== null) return deliver({ id, error: "its reply can not be read" });
          if (data.operation !== "requestChat") {
            // What was received may be the reply.
            release();
            return answer(id, { statusCode: 0 });
          }
          // There is no session before the reply is there.
          const place = (early ?? []).findIndex(isReply);
          if (place < 0) asked = id;
          else answer(id, early.splice(place, 1)[0]);
        };
        settled(() => transport.send(data), (_, reply) => done(reply), (error) => deliver({ id, error: text(error) }));
      },
      close() {
        settled(() => transport.close?.(), () => {}, () => {});
      },
    };
  };
}

/**
 * What the transport reports, as JSON carries it: a server could send no more, and none of the page's code runs in the engine.
 * A number that is none stays recognisable as wrong.
 */
function carried(given) {
  const sound = (_, value) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value);
  try {
    return JSON.parse(JSON.stringify(given, sound));
  } catch {
    return undefined;
  }
}

/** Whether it can be the reply to the wish for a session: it has the session's id, or it refuses. */
const isReply = (data) => (data?.chatId ?? data?.secureKey) !== undefined || data?.statusCode > 0;

/** Runs the page's code, which may throw or return a promise; `done` hears whether it was one. */
function settled(run, done, failed) {
  let result;
  try {
    result = run();
    if (typeof result?.then === "function") {
      result.then((value) => done(true, value), failed);
      return;
    }
  } catch (error) {
    return failed(error);
  }
  done(false, result);
}

function text(error) {
  try {
    return String(error?.error?.description ?? error?.message ?? error);
  } catch {
    return "an error without a text";
  }
}
