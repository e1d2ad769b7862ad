// Builds and starts the Java half of an interop test: with the JDK and Maven of the machine, where it has them.

import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const SOURCES = fileURLToPath(new URL("../java/", import.meta.url));
const BUILT = fileURLToPath(new URL("../../../target/interop-java/", import.meta.url));
const OLDEST = 17;

const windows = process.platform === "win32";
const run = (program, ...options) => execFileSync(program, options, { encoding: "utf8", stdio: "pipe", shell: windows });

/** What the machine lacks, as the reason of a skipped test; undefined where it has all. */
export function missing() {
  try {
    const version = Number(/\d+/.exec(run("javac", "-version"))?.[0]);
    if (!(version >= OLDEST)) return `the JDK is ${version}, and ${OLDEST} or newer is needed`;
  } catch {
    return `no JDK ${OLDEST} or newer on PATH (Debian: apt install openjdk-17-jdk-headless)`;
  }
  try {
    run("mvn", "--version");
  } catch {
    return "no Maven on PATH (Debian: apt install maven)";
  }
  return undefined;
}

/** Compiles and fetches what it needs, unless that was done of the same sources. */
function build() {
  const files = ["pom.xml", ...readdirSync(join(SOURCES, "src")).map((name) => join("src", name))];
  const hash = createHash("sha256");
  for (const file of files.sort()) hash.update(file).update(readFileSync(join(SOURCES, file)));
  const key = hash.digest("hex");
  const stamp = join(BUILT, "made-from");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === key) return;
  rmSync(BUILT, { recursive: true, force: true });
  mkdirSync(BUILT, { recursive: true });
  try {
    run("mvn", "-B", "-ntp", "-f", join(SOURCES, "pom.xml"), `-Dbuild.folder=${BUILT}`, "compile",
      "dependency:copy-dependencies", `-DoutputDirectory=${join(BUILT, "lib")}`);
  } catch ({ message, stdout }) {
    throw new Error(`Maven could not build tests/interop/java: ${message}\n${stdout ?? ""}`);
  }
  writeFileSync(stamp, key);
}

/** Starts a class of tests/interop/java as a process. It ends when its standard input does. */
export function start(name, ...options) {
  build();
  const path = [join(BUILT, "classes"), join(BUILT, "lib", "*")].join(delimiter);
  const quick = ["-Xshare:auto", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"];
  return spawn("java", [...quick, "-cp", path, name, ...options.map(String)], { stdio: ["pipe", "pipe", "pipe"] });
}
