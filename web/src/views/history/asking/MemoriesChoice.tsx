/** What becomes of the memories that were made from what is deleted. */
import { useTranslation } from "react-i18next";

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
    <fieldset className="space-y-1">
      <legend className="mb-1 text-sm font-medium">
        {count === null ? t("history.ask.memoriesSome") : t("history.ask.memories", { count })}
      </legend>
      {(["forget", "keep"] as const).map((one) => (
        <label
          key={one}
          className="flex min-h-9 items-start gap-2.5 rounded-lg px-2 py-1.5 text-sm hover:bg-kelp-wash pointer-coarse:min-h-11"
        >
          <input
            type="radio"
            name="memories"
            checked={value === one}
            onChange={() => set(one)}
            className="mt-0.5 size-4.5 accent-kelp"
          />
          <span>
            {t(`history.ask.${one}`)}
            <span className="block text-xs text-quiet">{t(`history.ask.${one}About`)}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
