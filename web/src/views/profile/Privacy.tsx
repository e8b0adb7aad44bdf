import { useQuery } from "@tanstack/react-query";
import { Eye, EyeOff, KeyRound, Send } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { meQuery } from "~/api/queries";

import { Part } from "./Part";

/** What whoever runs the server can see and cannot, in plain words. */
export function Privacy() {
  const { t } = useTranslation();
  const { data: me } = useQuery(meQuery);
  if (!me) return null;
  const host = me.model.sends_to;
  return (
    <Part title={t("profile.privacyTitle")} about={t("profile.privacyAbout")}>
      <ul className="grid gap-3 sm:grid-cols-2">
        <Card icon={<EyeOff />} title={t("profile.sealed")}>
          {t("profile.sealedAbout", { cipher: me.sealing.cipher })}
        </Card>
        <Card icon={<Eye />} title={t("profile.seen")}>
          {t("profile.seenAbout")}
        </Card>
        <Card icon={<KeyRound />} title={t("profile.rootKey")}>
          {t(`profile.rootKeyIn.${me.sealing.keys}`)} {t("profile.rootKeyAbout")}
        </Card>
        <Card icon={<Send />} title={t("profile.leaves")}>
          {host ? t("profile.leavesTo", { host }) : t("profile.leavesNothing")}
        </Card>
      </ul>
    </Part>
  );
}

function Card({ icon, title, children }: { icon: ReactNode; title: string; children: ReactNode }) {
  return (
    <li className="rounded-card border border-line bg-raised p-4">
      <span aria-hidden className="text-kelp [&_svg]:size-6">
        {icon}
      </span>
      <h3 className="mt-2 font-semibold">{title}</h3>
      <p className="mt-1 text-sm text-quiet">{children}</p>
    </li>
  );
}
