// What `cargo xtask test browser` hands to the tests; without it they say how they are to be run.

export function given(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run these tests by \`cargo xtask test browser\``);
  return value;
}

export const environment = {
  /** The program of a Chromium or Chrome. */
  get chrome() { return given("CAUSERIE_CHROME"); },
  /** The built chat server. */
  get server() { return given("CAUSERIE_SERVER"); },
  /** The demo site with the package at /pkg and the tests' own pages at /t. */
  get site() { return given("CAUSERIE_SITE"); },
};
