// Starts the engine's worker and the page, and says so plainly where the page cannot be started.

try {
  // The engine is the largest download, so it does not wait for the page, which takes the worker over together with what
  // it has said until then (src/page/engine_link.rs).
  const worker = new Worker("worker.js", { type: "module" });
  const said = [];
  worker.onmessage = ({ data }) => said.push(data);
  worker.onerror = (event) => {
    event.preventDefault();
    said.push({ failed: event.message ?? "worker.js" });
  };
  window.earlyEngine = { worker, said };

  const { default: start } = await import("./page.js");
  await parsed();
  await start();
  document.getElementById("boot").remove();
} catch (error) {
  console.error(error);
  await parsed();
  const boot = document.getElementById("boot");
  boot.setAttribute("role", "alert");
  boot.setAttribute("data-testid", "notice");
  boot.textContent =
    "The page could not be started: reload it, or use a current version of Chrome, Edge, Firefox or Safari. · " +
    "页面无法启动：请重新加载，或改用新版的 Chrome、Edge、Firefox 或 Safari。";
}

/** The document is there: from a full cache this script runs before its body is read. */
async function parsed() {
  if (document.readyState === "loading") await new Promise((done) => addEventListener("DOMContentLoaded", done, { once: true }));
}
