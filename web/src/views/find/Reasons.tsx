/** Why something was found, in words, quietly. */
import { useTranslation } from "react-i18next";
import type { TFunction } from "i18next";

import type { Hit } from "./queries";

const KNOWN: Record<string, string> = {
  "same words": "sameWords",
  "similar meaning": "similar",
  "said around it": "around",
  "same conversation": "conversation",
  "who spoke": "who",
  "states a number": "number",
  "states a time": "time",
  title: "title",
};
const MOST = 2;

function said({ name, words }: Hit["reasons"][number], t: TFunction): string {
  const known = KNOWN[name];
  if (known)
    return words.length > 0
      ? t(`find.reasons.${known}` as "find.reasons.sameWords", { words: words.join(", ") })
      : t(`find.reasonsBare.${known}` as "find.reasonsBare.sameWords");
  if (name.startsWith("said by ")) return t("find.reasons.by", { who: name.slice(8) });
  if (name.startsWith("said ")) return t("find.reasons.then", { when: name.slice(5) });
  return name;
}

export function Reasons({ hit }: { hit: Hit }) {
  const { t } = useTranslation();
  const shown = hit.reasons.slice(0, MOST).map((reason) => said(reason, t));
  if (shown.length === 0) return null;
  return <bdi className="min-w-0 truncate">{[...new Set(shown)].join(" · ")}</bdi>;
}
