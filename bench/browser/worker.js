// Runs one measurement in a worker, where ours runs too: `{ module, wish }` comes, `{ result }` or `{ error }` goes.
self.onmessage = async ({ data: { module, wish } }) => {
  try {
    const { measure } = await import(module);
    self.postMessage({ result: await measure(wish) });
  } catch (error) {
    self.postMessage({ error: String(error?.message ?? error) });
  }
};
