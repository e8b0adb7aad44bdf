import { useTranslation } from "react-i18next";

import { day } from "~/state/times";

import type { Memory } from "./queries";

/** When it holds, in words: since when, or from when to when. */
export function Validity({ memory: { valid_from: from, valid_to: to } }: { memory: Memory }) {
  const { t } = useTranslation();
  if (from && to) return <span>{t("memories.held", { from: day(from), to: day(to) })}</span>;
  if (to) return <span>{t("memories.until", { to: day(to) })}</span>;
  if (from) return <span>{t("memories.since", { from: day(from) })}</span>;
  return <span>{t("memories.always")}</span>;
}
