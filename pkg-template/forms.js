// What a visitor answers, to a form and to the FAQ, checked: the notices that are sent. Loaded as soon as an answer is asked for.
import { ChatError } from "./index.js";

const KINDS = ["pre-chat", "post-chat", "offline"];
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/u;
const TELEPHONE = /^[+(]?[\d][\d\s().\-/]{2,}$/u;

/** The notice of a form that is filled in; the one that is asked for is checked against what it asks for. */
export function submission(given, form) {
  const { kind, values } = object("submitForm", given);
  if (isNothing(kind)) throw missing("submitForm expects `kind`");
  if (!KINDS.includes(kind)) throw incorrect(`submitForm expects \`kind\` to be one of ${KINDS.join(", ")}`);
  if (isNothing(values)) throw missing("submitForm expects `values`");
  if (typeof values !== "object" || Array.isArray(values)) throw incorrect("submitForm expects `values` to be an object");
  const wrong = wrongFields(form?.kind === kind ? form.fields : undefined, values);
  if (wrong.length > 0) throw incorrect(wrong.join("; "));
  return { name: "submit-form", data: { kind: String(kind), values: textValues(values) } };
}

/** The notice of an answer to the FAQ. */
export function answer(given) {
  const { id, accepted } = object("answerFaq", given);
  if (isNothing(id)) throw missing("answerFaq expects `id`");
  if (!isOne(id)) throw incorrect("answerFaq expects `id` to be a string");
  if (isNothing(accepted)) throw missing("answerFaq expects `accepted`");
  if (typeof accepted !== "boolean") throw incorrect("answerFaq expects `accepted` to be a boolean");
  return { name: "answer-faq", data: { id: String(id), accepted } };
}

function missing(detail) {
  return new ChatError(2, `a mandatory parameter is missing: ${detail}`);
}

function incorrect(detail) {
  return new ChatError(3, `the value of a parameter is incorrect: ${detail}`);
}

/** The options of a command: none are as if none were in them. */
function object(command, given) {
  if (isNothing(given)) return {};
  if (typeof given !== "object" || Array.isArray(given)) throw incorrect(`${command} expects an object`);
  return given;
}

function isNothing(value) {
  return value === undefined || value === null;
}

/** What is wrong with the values, as `name: what was expected`; without the fields, with those that no field takes. */
function wrongFields(fields, values) {
  const wrong = [];
  const asked = fields ?? Object.keys(values).map((name) => ({ name, type: "any" }));
  for (const field of asked) {
    const value = Object.hasOwn(values, field.name) ? values[field.name] : undefined;
    const expected = isOne(value) ? expectation(field, text(value)) : "a string, a number or a boolean";
    if (expected) wrong.push(`${field.name}: expected ${expected}`);
  }
  for (const name of Object.keys(values)) {
    if (!asked.some((field) => field.name === name)) wrong.push(`${name}: the form has no such field`);
  }
  return wrong;
}

function isOne(value) {
  return isNothing(value) || ["string", "number", "boolean"].includes(typeof value);
}

/** The values as the wire has them: strings, those that are left out left out. */
function textValues(values) {
  const given = Object.entries(values).filter(([, value]) => !isNothing(value));
  return Object.fromEntries(given.map(([name, value]) => [name, text(value)]));
}

function text(value) {
  return isNothing(value) ? "" : String(value);
}

/** What was expected of a field in place of this value; undefined when it is right. */
function expectation({ type, required, options = [], pattern, maxLength }, value) {
  if (type === "checkbox") {
    if (!["", "true", "false"].includes(value)) return "true or false";
    return required && value !== "true" ? "it to be ticked" : undefined;
  }
  if (value.trim() === "") return required ? "a value" : undefined;
  if (maxLength !== undefined && [...value].length > maxLength) return `at most ${maxLength} characters`;
  switch (type) {
    case "email":
      if (!EMAIL.test(value)) return "an e-mail address";
      break;
    case "tel":
      if (!TELEPHONE.test(value)) return "a telephone number";
      break;
    case "number":
      if (!Number.isFinite(Number(value))) return "a number";
      break;
    case "rating":
      if (!/^[1-5]$/.test(value)) return "a whole number from 1 to 5";
      break;
    case "select":
      if (!options.includes(value)) return `one of ${options.join(", ")}`;
      break;
  }
  return matches(pattern, value) ? undefined : "another form";
}

function matches(pattern, value) {
  if (!pattern) return true;
  try {
    return new RegExp(`^(?:${pattern})$`, "u").test(value);
  } catch {
    // Not a pattern for us: the server judges.
    return true;
  }
}
