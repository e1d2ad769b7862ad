// cometd-nodejs-server, as it comes: `node cometd.js` says where it listens.

import http from "node:http";
import { createRequire } from "node:module";

const { createCometDServer } = createRequire(import.meta.url)("cometd-nodejs-server");

const bayeux = createCometDServer({ timeout: 30_000, maxInterval: 60_000 });
const server = http.createServer({ keepAliveTimeout: 120_000 }, (request, response) => bayeux.handle(request, response));
server.listen(0, "127.0.0.1", 4096, () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
