// Any text can be learned, and the model writes only symbols that it has seen.
import assert from "node:assert/strict";
import { assertWrittenWith, lab } from "./helpers.mjs";

const ENGLISH = "The quick brown fox jumps over the lazy dog. She sells sea shells by the sea shore!\n".repeat(150);
const CHINESE = "床前明月光，疑是地上霜。舉頭望明月，低頭思故鄉。\n白日依山盡，黃河入海流。欲窮千里目，更上一層樓。\n".repeat(200);
const EMOJI = "🙂🙃🎉 hello 👍🏽 world 👨‍👩‍👧 🇩🇪🇨🇳\n".repeat(400);
const LETTER = "a".repeat(12_000);

for (const [name, text, prompt] of [
  ["English", ENGLISH, "The "],
  ["Chinese", CHINESE, "明月"],
  ["emoji", EMOJI, "🙂"],
  ["one repeated letter", LETTER, "a"],
]) {
  lab(`a pasted text trains and is written with its own symbols: ${name}`, { query: "device=cpu" }, async (lab) => {
    await lab.renews(() => lab.paste(text));
    await lab.trains(10);
    assertWrittenWith(await lab.generate(prompt), text);
    assertWrittenWith(await lab.sample(), text);
  });
}

lab("a file with a byte order mark and Windows line ends is read as plain lines", { query: "device=cpu" }, async (lab) => {
  await lab.renews(() => lab.upload("windows.txt", `\uFEFF${ENGLISH.replaceAll("\n", "\r\n")}`));
  await lab.trains(10);
  assertWrittenWith(await lab.generate("The "), ENGLISH);
});

lab("text is shown as text, never as a part of the page", { query: "device=cpu" }, async (lab) => {
  await lab.renews(() => lab.paste("<img src=x onerror=alert(1)><b>bold</b> & \"quoted\" 'words'\n".repeat(200)));
  await lab.trains(10);
  await lab.generate("<b>");
  assert.equal(await lab.page.locator("img[src=x], b:text('bold')").count(), 0);
});

lab("symbols of a prompt that the model has never seen are named", { query: "device=cpu" }, async (lab) => {
  await lab.trains(2, 60);
  await lab.generate("ROMEO 龍");
  assert.match(await lab.page.locator("body").innerText(), /龍/);
  await lab.notice(/龍/);
});
