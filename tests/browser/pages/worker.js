// A chat in a worker, which tells the page what happens. The page says which entry it loads.
const entry = new URLSearchParams(location.search).get("entry");
const trusted = trustedTypes.createPolicy("the worker's own", { createScriptURL: (url) => url });

onmessage = async ({ data: { options, source, texts } }) => {
  try {
    if (entry.endsWith(".global.js")) importScripts(trusted.createScriptURL(entry));
    const causerie = self.causerie ?? await import(entry);
    if (source) await causerie.init(source);
    const session = await causerie.chat.startSession(options);
    session.onMessageReceived(({ content, party }) => postMessage({ heard: content.text, from: party.name }));
    session.onSessionEnded(({ reason }) => postMessage({ ended: reason }));
    session.onError(({ error }) => postMessage({ error }));
    postMessage({ id: session.id });
    for (const text of texts) await session.sendMessage(text);
  } catch (error) {
    postMessage({ failed: String(error) });
  }
};
