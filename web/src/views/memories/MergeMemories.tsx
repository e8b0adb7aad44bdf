import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { Button } from "~/parts/Button";
import { INPUT } from "~/parts/Field";
import { Layer } from "~/parts/Layer";

import type { Memory } from "./queries";
import { useHand } from "./useHand";

/** Make one of several. It rests on all their sources; what they said stays in its history. */
export function MergeMemories({
  open,
  close,
  memories,
}: {
  open: boolean;
  close: (merged: boolean) => void;
  memories: readonly Memory[];
}) {
  const { t } = useTranslation();
  return (
    <Layer
      open={open}
      close={() => close(false)}
      title={t("memories.mergeTitle")}
      about={t("memories.mergeAbout")}
    >
      <Form memories={memories} close={close} />
    </Layer>
  );
}

function Form({
  memories,
  close,
}: {
  memories: readonly Memory[];
  close: (merged: boolean) => void;
}) {
  const { t } = useTranslation();
  const hand = useHand();
  const [text, setText] = useState(memories[0]?.text ?? "");

  async function merge(event: FormEvent) {
    event.preventDefault();
    const ids = memories.map(({ id }) => id);
    if (await hand.merge(ids, text.trim())) close(true);
  }

  return (
    <form onSubmit={(event) => void merge(event)} className="space-y-3 pt-2">
      <fieldset className="space-y-1.5">
        <legend className="sr-only">{t("memories.mergeChoose")}</legend>
        {memories.map((memory) => (
          <label key={memory.id} className="flex items-start gap-2 text-sm">
            <input
              type="radio"
              name="text"
              className="mt-1 size-4 accent-kelp"
              checked={text === memory.text}
              onChange={() => setText(memory.text)}
            />
            {memory.text}
          </label>
        ))}
      </fieldset>
      <label className="block text-sm font-medium">
        {t("memories.text")}
        <textarea
          required
          rows={3}
          value={text}
          onChange={(event) => setText(event.target.value)}
          className={`${INPUT} mt-1 font-normal`}
        />
      </label>
      <div className="flex justify-end gap-2">
        <Button onClick={() => close(false)}>{t("do.cancel")}</Button>
        <Button tone="main" type="submit" disabled={!text.trim()}>
          {t("memories.merge")}
        </Button>
      </div>
    </form>
  );
}
