/** Theme and language of this browser. They are no content, so they may lie in its storage. */
import { setLanguage, type Language } from "~/texts";

export type Theme = "auto" | "light" | "dark";

export function themeNow(): Theme {
  return (document.documentElement.dataset["theme"] as Theme | undefined) ?? "auto";
}

export function chooseTheme(theme: Theme): void {
  if (theme === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
  store("holdfast.theme", theme === "auto" ? null : theme);
}

/** What the profile says, unless it is shown already. */
export function adoptTheme(theme: Theme): void {
  if (theme !== themeNow()) chooseTheme(theme);
}

export async function adoptLanguage(language: Language | "auto"): Promise<void> {
  if (language !== languageNow()) await chooseLanguage(language);
}

export function languageNow(): Language | "auto" {
  try {
    return (localStorage.getItem("holdfast.language") as Language | null) ?? "auto";
  } catch {
    return "auto";
  }
}

export async function chooseLanguage(language: Language | "auto"): Promise<void> {
  store("holdfast.language", language === "auto" ? null : language);
  await setLanguage(
    language === "auto" ? (navigator.language.startsWith("de") ? "de" : "en") : language,
  );
}

function store(name: string, value: string | null) {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // Then it holds until the page is closed.
  }
}
