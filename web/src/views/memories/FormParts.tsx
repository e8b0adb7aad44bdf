import { useTranslation } from "react-i18next";

import { Field, INPUT } from "~/parts/Field";

import { KINDS, type Kind } from "./queries";

/** What a memory says, what kind it is, how much it matters and what it is called by. */
export interface MemoryForm {
  text: string;
  kind: Kind;
  tags: string;
  importance: number;
}

interface Props {
  form: MemoryForm;
  change: (part: Partial<MemoryForm>) => void;
  focus?: boolean;
}

export function FormParts({ form, change, focus = false }: Props) {
  const { t } = useTranslation();
  return (
    <>
      <label className="block text-sm font-medium">
        {t("memories.text")}
        <textarea
          autoFocus={focus}
          required
          rows={3}
          value={form.text}
          onChange={(event) => change({ text: event.target.value })}
          className={`${INPUT} mt-1 !font-serif !text-base font-normal`}
        />
      </label>
      <div className="grid gap-3 sm:grid-cols-2">
        <label className="block text-sm font-medium">
          {t("memories.kindName")}
          <select
            value={form.kind}
            onChange={(event) => change({ kind: event.target.value as Kind })}
            className={`${INPUT} mt-1 font-normal`}
          >
            {KINDS.map((one) => (
              <option key={one} value={one}>
                {t(`memories.kind.${one}`)}
              </option>
            ))}
          </select>
        </label>
        <label className="block text-sm font-medium">
          {t("memories.importanceNow", { value: form.importance })}
          <input
            type="range"
            min={1}
            max={10}
            value={form.importance}
            onChange={(event) => change({ importance: Number(event.target.value) })}
            className="mt-2 h-6 w-full accent-kelp"
          />
        </label>
      </div>
      <Field
        label={t("memories.tags")}
        hint={t("memories.tagsHint")}
        value={form.tags}
        onChange={(event) => change({ tags: event.target.value })}
      />
    </>
  );
}
