// Channels with the bots that ship, and the demo's own configuration, for servers whose configuration is in a folder of the test's.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { AGENT } from "./server.js";

const root = new URL("../../../", import.meta.url);

const OFFLINE = `[channels.offline]
fields = [{ name = "question", label = "Your question", type = "textarea", required = true }]
`;

/** A channel that a bot of server/bots leads; `tables` are more of the channel's tables. */
export function botChannel(file, { tables = "", offline = false } = {}) {
  return `[[channels]]
name = "default"
[channels.bot]
file = '${fileURLToPath(new URL(`server/bots/${file}`, root))}'
name = "Robin"
debug = true
${tables}${offline ? OFFLINE : ""}
[[agents]]
name = "${AGENT.name}"
key = "${AGENT.key}"
`;
}

/** The demo's configuration, as a file elsewhere says it; `idleTimeout` in seconds is that of the channel that has one. */
export async function demoConfig({ idleTimeout = 1 } = {}) {
  const text = await readFile(new URL("www/chat.toml", root), "utf8");
  const bots = fileURLToPath(new URL("server/bots/", root));
  return text.replaceAll('"../server/bots/', `"${bots}`).replace(/idle_timeout = \d+/, `idle_timeout = ${idleTimeout}`);
}
