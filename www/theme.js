// Puts the theme that the user chose in place before anything is painted. From then on the page does (src/page/theme.rs).

try {
  const asked = new URLSearchParams(location.search).get("theme");
  const chosen = ["system", "light", "dark"].includes(asked) ? asked : JSON.parse(localStorage.getItem("unroll"))?.theme;
  const condition = { light: "not all", dark: "all" }[chosen];
  if (condition) document.getElementById("dark-theme").media = condition;
} catch {
  // Storage may be forbidden or hold something else: then it is as the system says.
}
