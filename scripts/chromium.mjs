// Finds the Chromium or Chrome that tests and measurements run in: `node scripts/chromium.mjs` prints its path, and fails
// where there is none; `--why` prints what to do then.
import { accessSync, closeSync, constants, openSync, readSync, realpathSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const NAMES = ["chromium", "google-chrome", "google-chrome-stable", "chromium-browser"];
const OF_MACOS = ["/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium"];

/** `$CHROME`, or the first that is installed and not a snap; nothing where there is none. */
export function findChromium() {
  return candidates().find((path) => isProgram(path) && !isSnap(path));
}

/** The same, or what to do. */
export function needChromium() {
  return findChromium() ?? fail();
}

function candidates() {
  const named = process.env.CHROME ? [process.env.CHROME] : NAMES;
  const folders = (process.env.PATH ?? "").split(delimiter);
  const inFolders = named.flatMap((name) => (name.includes("/") ? [name] : folders.map((folder) => join(folder, name))));
  return process.env.CHROME ? inFolders : [...inFolders, ...OF_MACOS];
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Ubuntu's Chromium: a snap sees neither hidden folders nor the temporary ones that a test opens it with. */
function isSnap(path) {
  const file = realpathSync(path);
  if (/(^|\/)snap(\/|$)/.test(file)) return true;
  const head = Buffer.alloc(4096);
  const opened = openSync(file);
  readSync(opened, head);
  closeSync(opened);
  const script = head.toString("latin1");
  return script.startsWith("#!") && script.includes("/snap/bin/");
}

export function why() {
  const snap = candidates().some((path) => isProgram(path) && isSnap(path));
  const found = snap ? "The Chromium that is installed is a snap, which cannot be tested with" : "No Chromium or Chrome was found";
  return `${found}: install Chrome (google.com/chrome), or set CHROME to the path of a Chromium, then run this again.`;
}

function fail() {
  throw new Error(why());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = process.argv[2] === "--why" ? why() : findChromium();
  if (found) console.log(found);
  else process.exit(1);
}
