// What bot scripts see: the hooks and calls by their published names. Each call of a bot has an engine of its own, so that
// nothing here outlives it; what is to be done is gathered in `actions`, and done by the server when the call is over.
(function (global) {
  "use strict";

  const HOOKS = ["sessionCreated", "sessionChanged", "messageReceived", "preProcess", "postProcess"];
  const handlers = new Map();
  const has = Object.hasOwn;
  const actions = [];
  const lines = [];
  let call = null;
  let posted = 0;
  let renewing = false;

  // Errors of ours: what they say may be logged, for it is nothing that a visitor said.
  const ours = new WeakSet();
  function refuse(Kind, text) {
    const error = new Kind(text);
    ours.add(error);
    throw error;
  }

  class NewSessionException extends Error {
    get name() {
      return "newSessionException";
    }
  }

  function need(running) {
    if (!call) refuse(Error, running + ": it is to be called in a hook, not while the file is read");
  }

  function own(name, id) {
    need(name);
    if (String(id) !== call.inputs["chatSession.id"]) refuse(Error, name + ": no such session; chatSession.id is expected");
  }

  // How many bytes a text has as UTF-8.
  function bytes(text) {
    let sum = 0;
    for (const character of text) {
      const point = character.codePointAt(0);
      sum += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    }
    return sum;
  }

  function show(value) {
    if (typeof value === "string") return value;
    try {
      const text = JSON.stringify(value);
      return text === undefined ? String(value) : text;
    } catch {
      return String(value);
    }
  }

  function freeze(value) {
    if (value && typeof value === "object") {
      Object.values(value).forEach(freeze);
      Object.freeze(value);
    }
    return value;
  }

  const request = { query: "", event: null, data: null, rawRequest: { messages: [] } };
  const context = { session: {}, request, temp: {} };

  // The fields of a request, as they are now.
  function copy(of) {
    const plain = (value) => (value === undefined ? null : JSON.parse(JSON.stringify(value)));
    return {
      query: of.query === undefined || of.query === null ? "" : String(of.query),
      event: of.event === undefined || of.event === null ? null : String(of.event),
      data: plain(of.data),
      rawRequest: plain(of.rawRequest),
    };
  }

  function renew(parameters) {
    const given = parameters === undefined || parameters === null ? {} : parameters;
    const next = copy(given.request || request);
    const replaced = given.message !== undefined && given.message !== null;
    if (replaced) next.query = String(given.message);
    if (given.data !== undefined) next.data = JSON.parse(JSON.stringify(given.data));
    const session = given.session && typeof given.session === "object" ? given.session : {};
    return { do: "renew", request: next, replaced, session: JSON.parse(JSON.stringify(session)) };
  }

  let data = null;
  function read() {
    need("sessionData");
    if (!data) data = JSON.parse(global.__data());
    return data;
  }

  const published = {
    bind(name, handler) {
      if (typeof handler !== "function") refuse(TypeError, "bind: a name and a function are expected");
      if (!HOOKS.includes(String(name)) && !String(name).startsWith("event:")) {
        published.log('bind: nothing calls "' + name + '"; there are ' + HOOKS.join(", ") + " and event:NAME");
      }
      if (!handlers.has(String(name))) handlers.set(String(name), []);
      handlers.get(String(name)).push(handler);
    },
    log(...values) {
      if (lines.length < 100) lines.push(values.map(show).join(" ").slice(0, 1000));
    },
    getEventData() {
      need("getEventData");
      return {
        getInputValue(name) {
          return has(call.inputs, name) ? call.inputs[name] : "";
        },
      };
    },
    addChatMessage(sessionId, message, type, author, specialType, specialParams, whenPosted) {
      own("addChatMessage", sessionId);
      if (call.over) refuse(Error, "addChatMessage: the session is over");
      if (type !== undefined && type !== null && Number(type) !== 1) refuse(RangeError, "addChatMessage: type 1 (to the customer) is expected");
      const text = message === undefined || message === null ? "" : String(message);
      // A character is two units at most: of what is much too long none is counted, which would take the memory of the call.
      if (text === "" || text.length > 2 * call.limits.length || Array.from(text).length > call.limits.length) {
        refuse(RangeError, "addChatMessage: 1 to " + call.limits.length + " characters are expected");
      }
      posted += 1;
      if (posted > call.limits.messages) refuse(RangeError, "addChatMessage: at most " + call.limits.messages + " messages in one call are expected");
      const when = whenPosted === undefined || whenPosted === null || whenPosted === "" ? null : new Date(whenPosted).getTime();
      if (when !== null && !Number.isFinite(when)) refuse(TypeError, "addChatMessage: whenPosted: a Date, its text or milliseconds are expected");
      actions.push({
        do: "say",
        text,
        author: author === undefined || author === null || author === "" ? null : String(author),
        special: specialType ? Number(specialType) : 0,
        params: specialParams ? String(specialParams) : "",
        when,
      });
    },
    resetChat(sessionId) {
      own("resetChat", sessionId);
      actions.push({ do: "handOff" });
    },
    setChatStatus(sessionId, status) {
      own("setChatStatus", sessionId);
      const code = Number(status);
      const from = call.inputs["chatSession.status"];
      if (call.over || (code !== 7 && code !== 9)) {
        refuse(RangeError, "setChatStatus: the table of states has no way for a bot from " + from + " to " + code + "; 7 and 9 are expected");
      }
      actions.push({ do: code === 7 ? "finish" : "close" });
    },
    $request: request,
    $context: context,
    $reactions: {
      newSession(parameters) {
        need("$reactions.newSession");
        if (!renewing) actions.push(renew(parameters));
        renewing = true;
        throw new NewSessionException("a new session begins");
      },
    },
    $jsapi: {
      currentTime() {
        return call ? call.now : Date.now();
      },
      startSession() {
        need("$jsapi.startSession");
        if (!renewing) actions.push({ ...renew({ request: {} }), session: {} });
        renewing = true;
      },
      stopSession() {
        need("$jsapi.stopSession");
        actions.push({ do: "finish" });
      },
    },
    sessionData: {
      get(name) {
        const all = read();
        if (name === undefined) return { ...all };
        return has(all, name) ? all[name] : undefined;
      },
      set(members) {
        if (!members || typeof members !== "object" || Array.isArray(members)) refuse(TypeError, "sessionData.set: an object is expected");
        const plain = JSON.parse(JSON.stringify(members));
        // As of the page, which could not delete others.
        if (Object.keys(plain).some((name) => name === "" || bytes(name) > call.limits.name)) {
          refuse(RangeError, "sessionData.set: names of 1 to " + call.limits.name + " bytes are expected");
        }
        // Not assigned: a member may be called `__proto__`.
        data = Object.fromEntries([...Object.entries(read()), ...Object.entries(plain)]);
        actions.push({ do: "data", set: plain, deleted: [] });
      },
      delete(names) {
        const list = (Array.isArray(names) ? names : [names]).map(String);
        const all = read();
        for (const name of list) delete all[name];
        actions.push({ do: "data", set: {}, deleted: list });
      },
    },
  };
  for (const name of Object.keys(published)) {
    Object.defineProperty(global, name, { value: published[name], enumerable: true });
  }
  // The other name by which the reaction is published, and what everybody writes out of habit. A script may have its own.
  const { log } = published;
  const more = { $reaction: published.$reactions, console: { log, debug: log, info: log, warn: log, error: log } };
  for (const name of Object.keys(more)) {
    Object.defineProperty(global, name, { value: more[name], enumerable: true, configurable: true, writable: true });
  }

  // As scripts of the published kind read numbers. A session's id is a name here, and stays one.
  Object.defineProperty(String.prototype, "toInteger", {
    value() {
      const text = String(this);
      return call && text === call.inputs["chatSession.id"] ? text : Number.parseInt(text, 10) || 0;
    },
    configurable: true,
    writable: true,
  });

  // The steps of a hook: it stops at each promise that a handler returns.
  function* each(name) {
    for (const handler of handlers.get(name) || []) {
      const made = handler(context);
      if (made && typeof made.then === "function") yield made;
    }
  }

  // What is done with what a visitor sends.
  function* handle(name) {
    yield* each("preProcess");
    yield* each(name(request));
    yield* each("postProcess");
  }

  const hooks = {
    *created() {
      yield* each("sessionCreated");
      if (call.started && handlers.has("event:newChatStarted")) {
        request.event = "newChatStarted";
        yield* handle((asked) => "event:" + asked.event);
      }
    },
    *changed() {
      yield* each("sessionChanged");
    },
    *message() {
      yield* handle((asked) => (asked.event === null || asked.event === undefined ? "messageReceived" : "event:" + asked.event));
    },
  };

  // A hook that is async is waited for: then this is a promise.
  function go(steps, step) {
    const { done, value } = step();
    if (done) return undefined;
    return Promise.resolve(value).then(
      (made) => go(steps, () => steps.next(made)),
      (error) => go(steps, () => steps.throw(error)),
    );
  }

  // What has ended a hook: a new session, which is what it wanted, or an error.
  function thrown(error) {
    if (error instanceof NewSessionException) return;
    if (ours.has(error)) error.ofPrelude = true;
    throw error;
  }

  function run(text) {
    call = JSON.parse(text);
    Object.assign(request, call.request);
    context.session = call.session;
    // By these names the statuses are published; a script with a variable of its own keeps that.
    if (call.hook === "changed" && !("status" in global)) {
      const code = (name) => call.inputs["status." + name];
      Object.defineProperty(global, "status", { value: Object.freeze({ old: code("old"), new: code("new") }), enumerable: true });
    }
    Object.defineProperty(global, "internal", { value: freeze(call.internal), enumerable: true });
    const steps = hooks[call.hook]();
    try {
      return go(steps, () => steps.next())?.catch(thrown);
    } catch (error) {
      return thrown(error);
    }
  }

  // What is to be done, when the hook is over.
  function wanted() {
    return JSON.stringify({ actions, session: context.session, lines, follows: handlers.has("sessionChanged") });
  }

  return { run, wanted };
})(globalThis);
