// The text that everybody learns: a corpus of the page with its rarer symbols left out, so that 65 are left, as many as
// tinyshakespeare has.
import { readFile } from "node:fs/promises";

const SYMBOLS = 65;
const CHARACTERS = 400_000;

/** { text, tokens, symbols }, the ids in the order of the sorted alphabet. */
export async function benchText(file) {
  const all = [...(await readFile(file, "utf8")).normalize("NFC")];
  const counts = new Map();
  for (const symbol of all) counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
  const alphabet = [...counts].sort((a, b) => b[1] - a[1]).slice(0, SYMBOLS).map(([symbol]) => symbol).sort();
  const ids = new Map(alphabet.map((symbol, id) => [symbol, id]));
  const kept = all.filter((symbol) => ids.has(symbol)).slice(0, CHARACTERS);
  // A rare symbol may only stand further on.
  kept.push(...alphabet);
  return { text: kept.join(""), tokens: kept.map((symbol) => ids.get(symbol)), symbols: alphabet.length };
}
