import type { FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { Button } from "~/parts/Button";
import { Field } from "~/parts/Field";
import { useKeys } from "~/state/keys";

import { FormParts, type MemoryForm } from "./FormParts";
import { KINDS, type Memory } from "./queries";
import { tagsOf } from "./tags";
import { useHand } from "./useHand";
import { useKept } from "./useKept";

interface EditForm extends MemoryForm {
  /** ISO dates, or "". */
  from: string;
  to: string;
}

const dayOf = (at: string | null) => at?.slice(0, 10) ?? "";
const timeOf = (day: string, before: string | null) =>
  day === dayOf(before) ? before : day ? `${day}T00:00:00Z` : null;

const formOf = (memory: Memory): EditForm => ({
  text: memory.text,
  kind: KINDS.find((one) => one === memory.kind) ?? "note",
  tags: memory.tags.join(", "),
  importance: memory.importance,
  from: dayOf(memory.valid_from),
  to: dayOf(memory.valid_to),
});

/** Say it better. What it was stays in its history. */
export function EditMemory({ memory, close }: { memory: Memory; close: () => void }) {
  const { t } = useTranslation();
  const hand = useHand();
  const [form, change, drop] = useKept(`memory.${memory.id}`, formOf(memory));
  const leave = () => {
    drop();
    close();
  };
  useKeys([{ keys: "Escape", does: "leaveEdit", typing: true, run: leave }]);

  async function save(event: FormEvent) {
    event.preventDefault();
    const done = await hand.change(memory, {
      text: form.text.trim(),
      kind: form.kind,
      tags: tagsOf(form.tags),
      importance: form.importance,
      valid_from: timeOf(form.from, memory.valid_from),
      valid_to: timeOf(form.to, memory.valid_to),
    });
    if (done) leave();
  }

  return (
    <form onSubmit={(event) => void save(event)} className="mt-2 space-y-3">
      <FormParts form={form} change={change} focus />
      <div className="grid gap-3 sm:grid-cols-2">
        <Field
          label={t("memories.from")}
          type="date"
          value={form.from}
          onChange={(event) => change({ from: event.target.value })}
        />
        <Field
          label={t("memories.to")}
          type="date"
          value={form.to}
          onChange={(event) => change({ to: event.target.value })}
        />
      </div>
      <div className="flex justify-end gap-2">
        <Button onClick={leave}>{t("do.cancel")}</Button>
        <Button tone="main" type="submit" disabled={!form.text.trim()}>
          {t("memories.save")}
        </Button>
      </div>
    </form>
  );
}
