// A transport in the form of the Genesys chat API (`init`, `startSession`, …, and one `on…` hook for each event), as one
// that takes commands and brings replies of chat v2.

const HOOKS = ["AgentConnected", "AgentDisconnected", "AgentTyping", "MessageReceived", "SessionEnded", "Error"];
const TYPES = { MessageReceived: "Message", AgentConnected: "ParticipantJoined", AgentDisconnected: "ParticipantLeft" };

/** The transport as `{ start, send, close }`. Its session id serves as the session's key. */
export function adapted(transport) {
  let sink;
  let ready;
  let up;

  const hook = () => {
    for (const type of HOOKS) {
      transport[`on${type}`]?.((event) => {
        let told = event;
        try {
          if (type === "SessionEnded" && isLeft(event)) sink.left();
          told = reply(event, type);
        } catch {
          // What can not be read is passed on as it is, and refused there.
        }
        sink.receive(told);
      });
    }
    // The later form of the interface tells of its connection, too.
    transport.onInterrupted?.(() => {
      ready = new Promise((resolve) => (up = resolve));
      sink.closed();
    });
    transport.onContinued?.(() => up?.());
    return call(transport, "init");
  };

  return {
    start(given) {
      sink = given;
      ready ??= hook();
      return ready;
    },

    async send({ operation, secureKey: sessionId, ...command }) {
      try {
        switch (operation) {
          case "requestChat": {
            // What is between a client and a server of chat v2 is nothing to it.
            const { nickname: username, messageId, notices, dataKey, dataVersion, locale, ...more } = command;
            const started = await call(transport, "startSession", { ...more, username });
            // One that gives its session no id has it known by that of the wish for it.
            const id = String(started?.sessionId ?? (typeof started === "string" && started ? started : messageId));
            return { statusCode: 0, chatId: id, secureKey: id };
          }
          case "requestNotifications": {
            const fromIndex = command.transcriptPosition - 1;
            const transcript = (await call(transport, "getTranscript", { sessionId, fromIndex }))?.transcript;
            if (transcript?.some?.((event) => event?.type === "SessionEnded" && isLeft(event))) sink.left();
            return collected(transcript, sessionId);
          }
          case "sendMessage":
            await call(transport, "sendMessage", { sessionId, message: command.message, type: "text" });
            break;
          case "pushUrl":
            await call(transport, "sendMessage", { sessionId, message: command.pushUrl, type: "url" });
            break;
          case "startTyping":
          case "stopTyping": {
            const isTyping = operation === "startTyping";
            await call(transport, "sendTyping", { sessionId, isTyping, typedText: command.message });
            break;
          }
          case "disconnect": {
            const left = await call(transport, "leaveSession", { sessionId });
            return { ...collected(left?.transcript ?? [], sessionId), chatEnded: true };
          }
        }
        return { statusCode: 0 };
      } catch (failure) {
        const refused = refusal(failure);
        // The session is unknown or over, by the API's own codes: there is no use to ask again.
        if (operation === "requestNotifications" && failure?.error?.code === 50) refused.statusCode = 2;
        return refused;
      }
    },

    close() {},
  };
}

/** Calls a method that returns a promise, or an object with `done` and `fail`, or nothing. */
function call(transport, name, argument) {
  return new Promise((resolve, reject) => {
    const result = transport[name]?.(argument);
    if (typeof result?.then !== "function" && typeof result?.done === "function") {
      result.done(resolve);
      result.fail?.(reject);
    } else {
      resolve(result);
    }
  });
}

/** What a hook was called with, as a reply. */
function reply(event, type) {
  if (type === "SessionEnded") return ended(event);
  if (type === "Error") return refusal(event);
  return { statusCode: 0, messages: [entry(event, type)] };
}

/** Why a session ended, as the number that transcripts have: 1 by leave request, 2 by an agent, 3 by an error. */
function reasonOf(event) {
  const reason = event?.reason;
  return reason?.id ?? reason?.code ?? (reason?.leaveRequest ? 1 : reason?.error ? 3 : 2);
}

const isLeft = (event) => reasonOf(event) === 1;

function ended(event) {
  const failed = reasonOf(event) === 3;
  return failed ? { statusCode: 2, chatEnded: true, errors: [{ code: 0, advice: "the transport ended the session" }] } : { statusCode: 0, chatEnded: true };
}

function refusal(failure) {
  const { code = 0, description = failure?.message ?? "the transport gives no reason" } = failure?.error ?? {};
  return { statusCode: 1, errors: [{ code, advice: String(description) }] };
}

/** The events of a transcript, as one reply. */
function collected(transcript, sessionId) {
  if (!Array.isArray(transcript)) throw new Error("the transport gave no transcript");
  const messages = transcript.filter((event) => event?.type !== "SessionEnded").map((event) => entry(event, event?.type));
  const end = transcript.find((event) => event?.type === "SessionEnded");
  return { statusCode: 0, secureKey: sessionId, ...(end && ended(end)), messages };
}

/** An event as an entry of chat v2. What is no event is passed on as it is: the engine says what is wrong with it. */
function entry(event, type) {
  if (typeof event !== "object" || event === null) return event;
  const { index, timestamp, content, party, isTyping } = event;
  const typing = type === "AgentTyping";
  const url = content?.type === "url" || content?.type?.url === true;
  return {
    // What is neither true nor false has no type, and is refused for that.
    type: typing ? { true: "TypingStarted", false: "TypingStopped" }[isTyping] : url ? "PushUrl" : (TYPES[type] ?? type),
    index: typing ? undefined : typeof index === "number" ? index + 1 : index,
    utcTime: timestamp,
    text: content?.text,
    from: party && { nickname: party.name, participantId: party.id, type: role(party.type, type) },
  };
}

/** `"Agent"`, or `{ agent: true }`; whoever connects or types is an agent if nothing else is said. */
function role(type, of) {
  const name = typeof type === "string" ? type : Object.keys(type ?? {}).find((flag) => type[flag] === true);
  if (name === undefined) return of === "MessageReceived" ? undefined : "Agent";
  return name[0].toUpperCase() + name.slice(1).toLowerCase();
}
