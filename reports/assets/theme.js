(function () {
  "use strict";
  var root = document.documentElement, stored = null;
  try { stored = localStorage.getItem("cuda-migrate-theme"); } catch (error) { stored = null; }
  root.classList.add("js");
  if (stored === "light" || stored === "dark") root.dataset.theme = stored;
})();
