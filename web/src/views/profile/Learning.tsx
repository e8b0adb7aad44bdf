import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { sentence } from "~/api/failures";
import { meQuery } from "~/api/queries";
import { Toggle } from "~/parts/Toggle";
import { notify } from "~/state/notices";

import { Part } from "./Part";
import { prefer, type Preferences } from "./queries";

/** Whether memories are made, and who words the answers. */
export function Learning() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { data: me } = useQuery(meQuery);
  if (!me) return null;

  async function set(change: Partial<Preferences>) {
    try {
      await prefer(change);
    } catch (error) {
      notify(sentence(error, t), { tone: "failed" });
    }
    await client.invalidateQueries({ queryKey: ["me"] });
  }

  return (
    <>
      <Part title={t("profile.learningTitle")}>
        <Toggle
          label={t("profile.learn")}
          about={t("profile.learnAbout")}
          on={me.preferences.learning}
          set={(learning) => void set({ learning })}
        />
      </Part>
      <Part title={t("profile.modelTitle")} about={t("profile.modelAbout")}>
        {me.model.name ? (
          <>
            <p className="mb-4 text-sm">
              {me.model.sends_to
                ? t("profile.modelAway", { name: me.model.name, host: me.model.sends_to })
                : t("profile.modelHere", { name: me.model.name })}
            </p>
            <Toggle
              label={t("profile.quotes")}
              about={t("profile.quotesAbout")}
              on={me.preferences.answers === "quotes"}
              set={(quotes) => void set({ answers: quotes ? "quotes" : "model" })}
            />
          </>
        ) : (
          <p className="text-sm">{t("profile.modelNone")}</p>
        )}
      </Part>
    </>
  );
}
