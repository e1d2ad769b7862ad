// From the page's first script to a session that can be driven: `start.html?client`, or `start.html?client=load` for its script alone.

const START = performance.now();
const [client, load] = location.search.slice(1).split("=");

async function causerie() {
  const { chat, init } = await import("/pkg/index.js");
  if (load) return init();
  return chat.startSession({ serverUrl: location.origin, username: "Ada" });
}

/** The same session on the same server by CometD's client, by hand. */
async function cometd() {
  const { CometD } = await import("/bench/rivals/cometd.js");
  if (load) return undefined;
  const client = new CometD();
  for (const other of ["long-polling", "callback-polling"]) client.unregisterTransport(other);
  client.configure({ url: `${location.origin}/cometd` });
  return new Promise((resolve) => {
    client.handshake(({ successful }) => {
      if (!successful) return;
      client.addListener("/service/chatV2/default", ({ data }) => data.secureKey && resolve());
      client.publish("/service/chatV2/default", { operation: "requestChat", nickname: "Ada" });
    });
  });
}

async function chatjs() {
  const { ChatSession } = await import("/bench/rivals/chatjs.js");
  if (load) return undefined;
  ChatSession.setGlobalConfig({ region: "us-west-2", endpoint: location.origin, loggerConfig: { useDefaultLogger: false } });
  const session = ChatSession.create({
    chatDetails: { contactId: "contact", participantId: "visitor", participantToken: "token" }, type: "CUSTOMER", disableCSM: true,
  });
  const ready = new Promise((resolve) => session.onConnectionEstablished(resolve));
  await session.connect();
  return ready;
}

async function directline() {
  const { DirectLine } = await import("/bench/rivals/directline.js");
  if (load) return undefined;
  const line = new DirectLine({ token: "token", domain: `${location.origin}/directline` });
  return new Promise((resolve) => { line.activity$.subscribe(resolve); });
}

const CLIENTS = { causerie, cometd, chatjs, directline, nothing: async () => {} };
const failed = new Promise((_, reject) => { setTimeout(() => reject(new Error(`${client} did not start`)), 15_000); });
window.started = Promise.race([CLIENTS[client]().then(() => performance.now() - START), failed]);
