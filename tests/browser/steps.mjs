// What every look at the whole page goes through.

export const STEPS = ["text", "pretrain", "inside", "finetune", "use"];
/** In the order of the page's switch, beginning with that of the tests' browser. */
export const LANGUAGES = ["en", "zh"];
export const SIZES = { desk: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };
