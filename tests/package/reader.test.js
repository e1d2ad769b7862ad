// The short ways by which the engine reads what is most frequent: only what is wholly ordinary takes them, for all else is
// read, checked and reported by the engine itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as reader from "../../pkg-template/lib/reader.js";

const EVENT = { channel: "/service/chatV2/default", data: { statusCode: 0 } };
const REPLY = { statusCode: 0, chatId: "c", secureKey: "k", messages: [{}, {}], nextPosition: 4 };
const MESSAGE = { index: 7, type: "Message", text: "Hi", utcTime: 1, from: { type: "Agent", participantId: 2, nickname: "Jane" } };

test("what is no JSON is undefined, and null is not", () => {
  assert.deepEqual(reader.parse("[1]"), [1]);
  assert.equal(reader.parse("null"), null);
  for (const text of ["", "<html>", "[1", "undefined"]) assert.equal(reader.parse(text), undefined, text);
});

test("a number is a number", () => {
  assert.equal(reader.number(1.5), 1.5);
  for (const other of ["1", true, null, undefined, [1], { valueOf: 1 }]) assert.ok(Number.isNaN(reader.number(other)));
});

test("members are read and set by the place of their names, and of what has none nothing is read", () => {
  reader.named("id,data,");
  const object = { id: "a", data: 7 };
  assert.deepEqual([reader.get(object, 0), reader.numberOf(object, 1), reader.numberOf(object, 0)], ["a", 7, NaN]);
  for (const other of [null, undefined, 7, "x", {}]) assert.equal(reader.get(other, 0), undefined);
  reader.put(object, 1, 8);
  assert.deepEqual(object, { id: "a", data: 8 });
  assert.deepEqual([reader.at(["x"], 0), reader.at(["x"], 1), reader.at(undefined, 0)], ["x", undefined, undefined]);
});

test("an envelope is ordinary with one event that answers nothing", () => {
  assert.equal(reader.push([EVENT]), EVENT.data);
  const others = [
    undefined, null, 1, "x", {}, EVENT, [], [EVENT, EVENT], [null], [1], ["data"], [{}], [{ ...EVENT, id: "1" }],
    [{ ...EVENT, id: 1 }], [{ ...EVENT, id: null }], [{ ...EVENT, data: "x" }], [{ ...EVENT, data: 1 }], [{ ...EVENT, data: null }],
  ];
  for (const other of others) assert.equal(reader.push(other) ?? undefined, undefined, JSON.stringify(other));
});

test("a reply is ordinary when all is well, nothing ends or is renewed, and the keys are as before", () => {
  assert.equal(reader.reply(REPLY, REPLY), 2);
  assert.equal(reader.reply({ ...REPLY, messages: [null, 1, MESSAGE] }, REPLY), 3);
  assert.equal(reader.reply({ ...REPLY, messages: [], chatEnded: false }, { ...REPLY }), 0);
  const changes = [
    { statusCode: 1 }, { statusCode: undefined }, { statusCode: "0" }, { messages: undefined }, { messages: {} }, { messages: "ab" },
    { messages: [{}, { type: "Notice", text: "renewed" }] },
    { chatEnded: true }, { chatEnded: "no" }, { chatId: "d" }, { chatId: undefined }, { secureKey: "l" }, { alias: "1" },
    { alias: null }, { userId: "u" },
  ];
  for (const change of changes) assert.equal(reader.reply({ ...REPLY, ...change }, REPLY), -1, JSON.stringify(change));
  for (const other of [1, "x", true, []]) assert.equal(reader.reply(other, REPLY), -1);
});

test("a run is of ordinary messages with a time, one index after the other", () => {
  const of = (...indexes) => indexes.map((index) => ({ ...MESSAGE, index, from: { ...MESSAGE.from, type: index % 2 ? "Agent" : "Client" } }));
  assert.equal(reader.run({ messages: of(7, 8, 9) }, 0, 7), 3);
  assert.equal(reader.run({ messages: of(7, 8, 9) }, 1, 8), 2);
  assert.equal(reader.run({ messages: of(7, 8, 9) }, 1, 7), 0, "it begins where it is to");
  assert.equal(reader.run({ messages: of(7, 8, 9) }, 1, 0), 2, "or anywhere");
  assert.equal(reader.run({ messages: of(7, 8, 10) }, 0, 7), 2);
  assert.equal(reader.run({ messages: of(7, 7) }, 0, 7), 1);
  assert.equal(reader.run({ messages: of(2 ** 31 - 1, 2 ** 31) }, 0, 2 ** 31 - 1), 1);
  assert.equal(reader.run({ messages: [] }, 0, 1), 0);
  const changes = [
    { index: 0 }, { index: -1 }, { index: 1.5 }, { index: 2 ** 31 }, { index: "7" }, { index: null }, { index: undefined }, { index: true },
    { type: "PushUrl" }, { type: "Notice" }, { type: ["Message"] }, { type: undefined }, { text: 1 }, { text: null }, { text: undefined },
    { utcTime: undefined }, { utcTime: "1" }, { utcTime: null }, { utcTime: { valueOf: 1 } },
    { utcTime: 0 }, { utcTime: -1 }, { utcTime: Infinity }, { utcTime: -Infinity },
    { from: undefined }, { from: null }, { from: "Agent" }, { from: [] }, { from: {} }, { from: { type: "Agent" } }, { from: { type: "Agent", nickname: 7 } },
    ...["Supervisor", "constructor", "__proto__", ["Agent"], { toString: 1 }].map((type) => ({ from: { ...MESSAGE.from, type } })),
  ];
  for (const other of [undefined, null, 1, "x", [], {}, ...changes.map((change) => ({ ...MESSAGE, ...change }))]) {
    for (const next of [0, 7]) assert.equal(reader.run({ messages: [other] }, 0, next), 0, JSON.stringify(other));
    assert.equal(reader.run({ messages: [...of(6), other] }, 0, 0), 1, JSON.stringify(other));
  }
});
