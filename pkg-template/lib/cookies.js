// Cookies, where the platform keeps none: to a server's long-polling each request would else come from another browser. In a
// page this does nothing: there code neither sees cookies nor sends them.

/** The cookies of each origin, by name. */
const jars = new Map();

/** `fetch`, with the cookies of whoever includes them. */
export async function withCookies(resource, init) {
  if (init?.credentials !== "include") return globalThis.fetch(resource, init);
  const { origin } = new URL(resource);
  const jar = jars.get(origin) ?? new Map();
  const headers = jar.size > 0 ? { ...init.headers, cookie: [...jar.values()].join("; ") } : init.headers;
  const response = await globalThis.fetch(resource, { ...init, headers });
  for (const cookie of response.headers.getSetCookie?.() ?? []) {
    const [pair] = cookie.split(";");
    const name = pair.split("=")[0];
    if (/;\s*max-age=0/i.test(cookie)) jar.delete(name);
    else jars.set(origin, jar.set(name, pair));
  }
  return response;
}
