/** Why something was found, in words, quietly. */
import { useTranslation } from "react-i18next";
import type { TFunction } from "i18next";

import type { Hit } from "./queries";

/** Its words are those that were typed, and need not stand in it so. */
const OF_TITLE = "title of the conversation";
const KNOWN: Record<string, string> = {
  "same words": "sameWords",
  "similar meaning": "similar",
  "said around it": "around",
  "same conversation": "conversation",
  "who spoke": "who",
  "states a number": "number",
  "states a time": "time",
  title: "title",
  [OF_TITLE]: "title",
};
const MOST = 2;

function said({ name, words }: Hit["reasons"][number], t: TFunction): string {
  const known = KNOWN[name];
  if (known)
    return words.length > 0 && name !== OF_TITLE
      ? t(`find.reasons.${known}` as "find.reasons.sameWords", {
          words: words.map((word) => spoken(word, t)).join(", "),
        })
      : t(`find.reasonsBare.${known}` as "find.reasonsBare.sameWords");
  if (name.startsWith("said by ")) return t("find.reasons.by", { who: name.slice(8) });
  if (name.startsWith("said ")) return t("find.reasons.then", { when: name.slice(5) });
  return name;
}

/** A word that matched; one that was only meant comes as "near 'third'". */
function spoken(word: string, t: TFunction): string {
  const meant = /^near '(.+)'$/.exec(word)?.[1];
  return meant ? t("find.reasons.near", { word: meant }) : word;
}

export function Reasons({ hit }: { hit: Hit }) {
  const { t } = useTranslation();
  const shown = hit.reasons.slice(0, MOST).map((reason) => said(reason, t));
  if (shown.length === 0) return null;
  return <bdi className="min-w-0 truncate">{[...new Set(shown)].join(" · ")}</bdi>;
}
