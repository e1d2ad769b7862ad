// Faye, as it comes: `node faye.js` says where it listens.

import http from "node:http";
import { createRequire } from "node:module";

const faye = createRequire(import.meta.url)("faye");

const server = http.createServer();
new faye.NodeAdapter({ mount: "/cometd", timeout: 45 }).attach(server);
server.listen(0, "127.0.0.1", 4096, () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
