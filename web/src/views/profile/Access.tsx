import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { answer, api, raw } from "~/api/client";
import { sentence } from "~/api/failures";
import { Button } from "~/parts/Button";
import { Time } from "~/parts/Time";
import { Trouble } from "~/parts/Trouble";
import { dropDrafts } from "~/state/drafts";
import { notify } from "~/state/notices";

import { Keys } from "./Keys";
import { Part } from "./Part";
import { loginsQuery } from "./queries";

/** Who may come in: browsers that are logged in, and keys of programs. */
export function Access() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const logins = useQuery(loginsQuery);

  async function end(id: string) {
    try {
      await answer(api.DELETE("/api/logins/{login_id}", { params: { path: { login_id: id } } }));
      notify(t("profile.loginEnded"));
    } catch (error) {
      notify(sentence(error, t), { tone: "failed" });
    }
    await client.invalidateQueries({ queryKey: ["profile", "logins"] });
  }

  async function leave() {
    try {
      await raw("/api/logout", { method: "POST" });
      dropDrafts();
      window.location.assign("/");
    } catch (error) {
      notify(sentence(error, t), { tone: "failed" });
    }
  }

  return (
    <>
      <Part title={t("profile.logins")} about={t("profile.loginsAbout")}>
        {logins.isError && <Trouble error={logins.error} />}
        <ul className="divide-y divide-line rounded-card border border-line bg-raised">
          {logins.data?.logins.map((login) => (
            <li key={login.id} className="flex flex-wrap items-center gap-3 px-4 py-2.5 text-sm">
              <span className="min-w-0 flex-1">
                <span className="block truncate font-medium">
                  {login.agent || t("profile.browser")}
                </span>
                <span className="text-quiet">
                  {t("profile.since")} <Time at={login.since} /> · {t("profile.lastSeen")}{" "}
                  <Time at={login.last_seen} />
                </span>
              </span>
              {login.current ? (
                <span className="text-quiet">{t("profile.thisOne")}</span>
              ) : (
                <Button onClick={() => void end(login.id)}>{t("profile.endLogin")}</Button>
              )}
            </li>
          ))}
        </ul>
        <Button className="mt-4" onClick={() => void leave()}>
          {t("profile.logOut")}
        </Button>
      </Part>
      <Keys />
    </>
  );
}
