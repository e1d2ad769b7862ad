// The body of a request by REST: fields as a form has them.

/** An object as the body of a form. `isTold` says that the server keeps session data. */
export function form(fields, isTold) {
  const form = new URLSearchParams();
  const add = (name, value) => {
    if (typeof value !== "object" || value === null) form.append(name, value);
    // A server that keeps session data takes JSON, which knows more than strings.
    else if (isTold) form.append(name, JSON.stringify(value));
    else for (const [key, inner] of Object.entries(value)) add(`${name}[${key}]`, inner);
  };
  // As JSON would carry them: dates are texts, and what is no data is left out.
  for (const [name, value] of Object.entries(JSON.parse(JSON.stringify(fields)))) add(name, value);
  return form.toString();
}
