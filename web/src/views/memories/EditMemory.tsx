import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { Button } from "~/parts/Button";
import { Field, INPUT } from "~/parts/Field";
import { useKeys } from "~/state/keys";

import { KINDS, type Kind, type Memory } from "./queries";
import { useHand } from "./useHand";

const dayOf = (at: string | null) => at?.slice(0, 10) ?? "";
const timeOf = (day: string, before: string | null) =>
  day === dayOf(before) ? before : day ? `${day}T00:00:00Z` : null;

/** Say it better. What it was stays in its history. */
export function EditMemory({ memory, close }: { memory: Memory; close: () => void }) {
  const { t } = useTranslation();
  const hand = useHand();
  const [text, setText] = useState(memory.text);
  const [kind, setKind] = useState<Kind>(KINDS.find((one) => one === memory.kind) ?? "note");
  const [tags, setTags] = useState(memory.tags.join(", "));
  const [importance, setImportance] = useState(memory.importance);
  const [from, setFrom] = useState(dayOf(memory.valid_from));
  const [to, setTo] = useState(dayOf(memory.valid_to));
  useKeys([{ keys: "Escape", does: "leaveEdit", typing: true, run: close }]);

  async function save(event: FormEvent) {
    event.preventDefault();
    const done = await hand.change(memory, {
      text: text.trim(),
      kind,
      tags: tags
        .split(",")
        .map((tag) => tag.trim())
        .filter(Boolean),
      importance,
      valid_from: timeOf(from, memory.valid_from),
      valid_to: timeOf(to, memory.valid_to),
    });
    if (done) close();
  }

  return (
    <form onSubmit={(event) => void save(event)} className="mt-2 space-y-3">
      <label className="block text-sm font-medium">
        {t("memories.text")}
        <textarea
          autoFocus
          required
          rows={3}
          value={text}
          onChange={(event) => setText(event.target.value)}
          className={`${INPUT} mt-1 font-normal`}
        />
      </label>
      <div className="grid gap-3 sm:grid-cols-2">
        <label className="block text-sm font-medium">
          {t("memories.kindName")}
          <select
            value={kind}
            onChange={(event) => setKind(event.target.value as Kind)}
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
          {t("memories.importance")}: {importance}
          <input
            type="range"
            min={1}
            max={10}
            value={importance}
            onChange={(event) => setImportance(Number(event.target.value))}
            className="mt-2 h-6 w-full accent-kelp"
          />
        </label>
        <Field
          label={t("memories.from")}
          type="date"
          value={from}
          onChange={(event) => setFrom(event.target.value)}
        />
        <Field
          label={t("memories.to")}
          type="date"
          value={to}
          onChange={(event) => setTo(event.target.value)}
        />
      </div>
      <Field
        label={t("memories.tags")}
        hint={t("memories.tagsHint")}
        value={tags}
        onChange={(event) => setTags(event.target.value)}
      />
      <div className="flex justify-end gap-2">
        <Button onClick={close}>{t("do.cancel")}</Button>
        <Button tone="main" type="submit" disabled={!text.trim()}>
          {t("memories.save")}
        </Button>
      </div>
    </form>
  );
}
