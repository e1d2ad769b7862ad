// One chat service for a test file, a stretch of network before it, and a fresh page for each test.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach } from "node:test";
import { ChatPage, launch, roots } from "./page.js";
import { Proxy } from "./proxy.js";

/**
 * To be called at the top of a test file. `make` makes the service, which serves the page too, or says where that is
 * (`site`). In tests the rig has `service`, `proxy`, `page` and `browser`.
 */
export function useRig(make) {
  const rig = {
    /** Another service in the place of the file's, until the end of the test; the page is opened anew. */
    async replace(options) {
      await rig.page.close();
      usual ??= { service: rig.service, proxy: rig.proxy };
      await open(options);
      rig.page = await rig.visit();
    },
    /** A page of another visitor, or of the same with the `context` of an earlier page. */
    visit(context) {
      return new ChatPage().open(rig.browser, rig.service.site ?? rig.proxy.url, { serverUrl: rig.proxy.url, context });
    },
  };
  let usual;

  async function open(options) {
    rig.service = make({ roots: roots(), ...options });
    await rig.service.start();
    rig.proxy = new Proxy(rig.service.port);
    await rig.proxy.open();
  }

  async function close() {
    await rig.proxy.cut();
    await (rig.service.remove ?? rig.service.stop).call(rig.service);
  }

  before(async () => {
    rig.browser = await launch();
    await open();
  });
  beforeEach(async () => {
    rig.service.reset();
    rig.page = await rig.visit();
  });
  afterEach(async () => {
    const { faults } = rig.page;
    await rig.page.close();
    if (usual) {
      await close();
      Object.assign(rig, usual);
      usual = undefined;
    }
    assert.deepEqual(faults, [], "the page caught everything, and its security policy blocked nothing");
  });
  after(async () => {
    await close();
    await rig.browser?.close();
  });
  return rig;
}
