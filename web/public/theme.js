// Before the first paint: the theme and language somebody chose, if it is not the system's.
(function () {
  var theme, language;
  try {
    theme = localStorage.getItem("holdfast.theme");
    language = localStorage.getItem("holdfast.language");
  } catch (_) {
    return;
  }
  var root = document.documentElement;
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  if (language === "de" || language === "en") root.lang = language;
})();
