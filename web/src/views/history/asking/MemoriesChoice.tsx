/** What becomes of the memories that were made from what is deleted. */
import { useTranslation } from "react-i18next";

import { OneOf } from "~/parts/OneOf";

import type { Memories } from "../actions";

export function MemoriesChoice({
  count,
  value,
  set,
}: {
  /** null when it was not counted. */
  count: number | null;
  value: Memories;
  set: (value: Memories) => void;
}) {
  const { t } = useTranslation();
  return (
    <OneOf
      name="memories"
      legend={count === null ? t("history.ask.memoriesSome") : t("history.ask.memories", { count })}
      headed
      look="lines"
      options={(["forget", "keep"] as const).map((one) => [
        one,
        t(`history.ask.${one}`),
        t(`history.ask.${one}About`),
      ])}
      value={value}
      choose={set}
    />
  );
}
