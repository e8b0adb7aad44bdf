import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { meQuery } from "~/api/queries";
import { chooseLanguage, chooseTheme, languageNow, themeNow, type Theme } from "~/state/appearance";
import { Keys } from "~/parts/Keys";
import { OneOf } from "~/parts/OneOf";
import { LANGUAGES, type Language } from "~/texts";

import { Part } from "./Part";
import { prefer } from "./queries";

const THEMES: readonly Theme[] = ["auto", "light", "dark"];

/** How the page looks and speaks. It is kept with the profile, so it is the same in the next browser. */
export function Appearance() {
  const { t } = useTranslation();
  const { data: me } = useQuery(meQuery);
  const [theme, setTheme] = useState(themeNow);
  const [language, setOwn] = useState<Language | "auto">(languageNow);

  return (
    <>
      <Part title={t("profile.theme")}>
        <OneOf
          name="theme"
          legend={t("profile.theme")}
          look="words"
          options={THEMES.map((one) => [one, t(`profile.themes.${one}`)])}
          value={theme}
          choose={(now) => {
            chooseTheme(now);
            setTheme(now);
            void prefer({ theme: now }).catch(() => undefined);
          }}
        />
      </Part>
      <Part title={t("profile.language")} about={t("profile.languageAbout")}>
        <OneOf
          name="language"
          legend={t("profile.language")}
          look="words"
          options={[
            ["auto" as const, t("profile.languageAuto")],
            ...(Object.entries(LANGUAGES) as [Language, string][]),
          ]}
          value={language}
          choose={(now) => {
            setOwn(now);
            void chooseLanguage(now);
            void prefer({ language: now }).catch(() => undefined);
          }}
        />
      </Part>
      <Part title={t("profile.keyboard")}>
        <p className="flex flex-wrap items-center gap-2 text-sm">
          <Keys keys="?" /> {t("profile.keyboardAbout")}
        </p>
      </Part>
      <p className="text-sm text-quiet">{t("profile.version", { version: me?.version ?? "" })}</p>
    </>
  );
}
