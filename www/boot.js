// Starts the page, and says so plainly where that is not possible.

const boot = document.getElementById("boot");

try {
  const { default: start } = await import("./page.js");
  await start();
  boot.remove();
} catch (error) {
  console.error(error);
  boot.setAttribute("role", "alert");
  boot.setAttribute("data-testid", "notice");
  boot.textContent =
    "The page could not be started: reload it, or use a current version of Chrome, Edge, Firefox or Safari. · " +
    "页面无法启动：请重新加载，或改用新版的 Chrome、Edge、Firefox 或 Safari。";
}
