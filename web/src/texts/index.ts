/** All words of the page come from the catalogues beside this file; English is the one that must be complete. */
import texts from "i18next";
import { initReactI18next } from "react-i18next";

import english from "./en";

export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

const RIGHT_TO_LEFT = new Set(["ar", "fa", "he", "ur"]);

function preferred(): Language {
  const chosen = document.documentElement.lang;
  let stored: string | null = null;
  try {
    stored = localStorage.getItem("holdfast.language");
  } catch {
    // Not allowed to look: the browser's language counts.
  }
  const first = stored ? chosen : (navigator.language.split("-")[0] ?? "en");
  return first in LANGUAGES ? (first as Language) : "en";
}

export async function setLanguage(language: Language): Promise<void> {
  if (language !== "en" && !texts.hasResourceBundle(language, "translation")) {
    const { default: catalogue } = await import("./de");
    texts.addResourceBundle(language, "translation", catalogue);
  }
  await texts.changeLanguage(language);
  document.documentElement.lang = language;
  document.documentElement.dir = RIGHT_TO_LEFT.has(language) ? "rtl" : "ltr";
}

export async function startTexts(): Promise<void> {
  await texts.use(initReactI18next).init({
    lng: "en",
    fallbackLng: "en",
    resources: { en: { translation: english } },
    interpolation: { escapeValue: false },
  });
  try {
    await setLanguage(preferred());
  } catch {
    // Its catalogue did not come: better English than nothing.
  }
}

declare module "i18next" {
  interface CustomTypeOptions {
    resources: { translation: typeof english };
  }
}
