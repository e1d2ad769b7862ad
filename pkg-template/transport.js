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
    const release = () => {
      for (const data of early ?? []) deliver({ data });
      early = undefined;
    };
    const sink = {
      /** The transport is connected. */
      opened: () => deliver({ link: 1 }),
      /** A reply or a push of chat v2 came. */
      receive: (data) => (early ? early.push(data) : deliver({ data })),
      /** The connection is lost; `start` is called again after a while. */
      closed: () => deliver({ link: 0 }),
      /** The end that comes next is by the visitor's wish. */
      left: () => deliver({ left: true }),
    };
    settled(() => transport.start(sink, { service }), (started) => started && sink.opened(), sink.closed);
    return {
      send({ id, data }) {
        const done = (reply) => {
          const answered = typeof reply === "object" && reply !== null;
          // Else what was received may be the answer.
          if (!answered) release();
          deliver({ id, data: answered ? reply : { statusCode: 0 } });
          release();
        };
        settled(() => transport.send(data), (_, reply) => done(reply), (error) => deliver({ id, error: text(error) }));
      },
      close() {
        settled(() => transport.close?.(), () => {}, () => {});
      },
    };
  };
}

/** Runs the page's code, which may throw or return a promise; `done` hears whether it was one. */
function settled(run, done, failed) {
  let result;
  try {
    result = run();
  } catch (error) {
    return failed(error);
  }
  const promised = typeof result?.then === "function";
  if (promised) result.then((value) => done(true, value), failed);
  else done(false, result);
}

function text(error) {
  return String(error?.error?.description ?? error?.message ?? error);
}
