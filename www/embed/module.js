import { chat } from "/pkg/index.js";

const options = { serverUrl: location.origin, username: "Guest" };

// The chat that this browser left; where there is none, a new one.
const session = await chat.restoreSession(options).catch(() => chat.startSession(options));

session.onMessageReceived(({ content, party }) => page.line(`${party.name}: ${content.text}`));
session.onAgentConnected(({ party }) => page.line(`${party.name} joined`));
session.onSessionEnded(() => page.line("The chat is over"));
page.onSend((text) => session.sendMessage(text).fail(({ error }) => page.line(error.description)));
