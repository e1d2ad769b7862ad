// The demo's pages for everybody: no finding of axe, light and dark, wide and on a phone; and nothing wider than a phone is.

import assert from "node:assert/strict";
import { test } from "node:test";
import { findings } from "./support/axe.js";
import { demoConfig } from "./support/bots.js";
import { useBrowser } from "./support/browser.js";
import { startServer } from "./support/server.js";

const browser = useBrowser();
const DRESSES = {
  light: { viewport: { width: 1280, height: 800 }, colorScheme: "light" },
  dark: { viewport: { width: 1280, height: 800 }, colorScheme: "dark" },
  phone: { viewport: { width: 360, height: 740 }, colorScheme: "light", hasTouch: true },
};

/** Still, so that nothing is measured while it fades in. */
const still = { reducedMotion: "reduce" };

async function judge(page, where) {
  assert.deepEqual(await findings(page), [], where);
  const width = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(width, 0, `${where} does not scroll sideways`);
}

async function signIn(page) {
  await page.getByRole("button", { name: "Fill in Jane" }).click();
  await page.keyboard.press("Enter");
  await page.getByText("Signed in as Jane").waitFor();
}

for (const [dress, options] of Object.entries(DRESSES)) {
  test(`shop, flows, desk and inspector: ${dress}`, async (t) => {
    const server = await startServer(t, { config: await demoConfig() });
    const visitor = await browser.visitor(t, { options: { ...options, ...still } });
    const shop = await visitor.open(server.url);
    await judge(shop, "the shop");
    await shop.getByRole("button", { name: "Ask about this teapot" }).click();
    await shop.getByLabel("Your name").waitFor();
    await judge(shop, "the shop with the chat open");

    const inspector = await visitor.open(`${server.url}/inspector/`);
    await judge(inspector, "the inspector's sign-in");
    await signIn(inspector);
    await judge(inspector, "the inspector without sessions");

    const flow = await visitor.open(`${server.url}/try/?flow=echo`);
    await flow.getByText("Welcome human.").waitFor();
    await judge(flow, "a flow");
    await flow.evaluate(() => document.querySelector("causerie-chat").session.data.set({ cart: { items: ["teapot", "cup"] }, long: "x".repeat(300) }));
    await inspector.getByRole("button", { name: /Guest/ }).click();
    await inspector.getByText("teapot").waitFor();
    await inspector.locator("#log").getByText("status 4 to 6").waitFor();
    await judge(inspector, "the inspector with a session");

    const desk = await visitor.open(`${server.url}/desk/`);
    await judge(desk, "the desk's sign-in");
    await signIn(desk);
    await judge(desk, "the desk");
    await flow.getByRole("textbox", { name: "Your message" }).fill("human");
    await flow.keyboard.press("Enter");
    await desk.getByRole("button", { name: "Accept Guest" }).click();
    await desk.getByRole("log").getByText("human", { exact: true }).waitFor();
    await judge(desk, "the desk with a chat");

    for (const way of ["", "widget.html", "module.html"]) {
      const embed = await visitor.open(`${server.url}/embed/${way}`);
      await judge(embed, `embed/${way}`);
      await embed.close();
    }
  });
}
