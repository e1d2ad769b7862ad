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
  // Who reads it is not known yet, and brackets lose what is no string: as JSON, too, for who knows that name.
  const { userData } = fields;
  if (!isTold && userData && Object.values(userData).some((value) => typeof value !== "string")) add("userDataJson", JSON.stringify(userData));
  // As JSON would carry them: dates are texts, and what is no data is left out.
  for (const [name, value] of Object.entries(JSON.parse(JSON.stringify(fields)))) add(name, value);
  return form.toString();
}
