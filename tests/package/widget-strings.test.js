// The widget's languages: each has all of the strings, none that is not used, and the same values in its braces.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";

const WIDGET = new URL("../../pkg-template/widget/", import.meta.url);
const files = await readdir(new URL("strings/", WIDGET));
const languages = new Map();
for (const file of files) languages.set(file.replace(".js", ""), (await import(new URL(`strings/${file}`, WIDGET))).default);
const english = languages.get("en");
const braces = (text) => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort();

test("there are six languages, and each has every string, with the values that belong into it", () => {
  assert.deepEqual([...languages.keys()].sort(), ["ar", "de", "en", "es", "fr", "ja"]);
  for (const [language, strings] of languages) {
    assert.deepEqual(Object.keys(strings).sort(), Object.keys(english).sort(), language);
    for (const [name, text] of Object.entries(strings)) {
      assert.ok(text.trim().length > 0, `${language}.${name} is empty`);
      assert.deepEqual(braces(text), braces(english[name]), `${language}.${name}`);
    }
  }
});

test("the types name every string, and every string is used", async () => {
  const types = await readFile(new URL("../widget.d.ts", WIDGET), "utf8");
  const [, list] = /export type Strings = Partial<Record<([\s\S]*?)string\s*>>/.exec(types);
  const named = [...list.matchAll(/"(\w+)"/g)].map(([, name]) => name);
  assert.deepEqual(named.sort(), Object.keys(english).sort());
  let code = "";
  for (const file of await readdir(WIDGET)) if (file.endsWith(".js")) code += await readFile(new URL(file, WIDGET), "utf8");
  for (const name of Object.keys(english)) assert.ok(code.includes(`"${name}"`) || name.startsWith("ended"), `no one says ${name}`);
});
