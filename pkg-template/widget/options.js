// The options of a launch, from what the page says in attributes and in the property `options`, which goes first.

/** Attributes that become options of the same meaning. */
const ATTRIBUTES = { "server-url": "serverUrl", service: "service", username: "username", subject: "subject" };

/** Those of them that say where the server is. */
export const PLACE = ["server-url", "service"];

export function optionsOf(element) {
  const options = {};
  for (const [attribute, name] of Object.entries(ATTRIBUTES)) {
    if (element.hasAttribute(attribute)) options[name] = element.getAttribute(attribute);
  }
  return { ...options, ...element.options };
}
