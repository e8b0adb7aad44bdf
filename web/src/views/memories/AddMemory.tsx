import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { Button } from "~/parts/Button";
import { Field, INPUT } from "~/parts/Field";
import { Layer } from "~/parts/Layer";

import { addMemory, KINDS, type Kind } from "./queries";
import { useHand } from "./useHand";

/** Something to remember that nobody said in a conversation. */
export function AddMemory({ open, close }: { open: boolean; close: () => void }) {
  const { t } = useTranslation();
  return (
    <Layer open={open} close={close} title={t("memories.add")} about={t("memories.addAbout")}>
      <Form close={close} />
    </Layer>
  );
}

function Form({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const hand = useHand();
  const [text, setText] = useState("");
  const [kind, setKind] = useState<Kind>("note");
  const [tags, setTags] = useState("");

  async function add(event: FormEvent) {
    event.preventDefault();
    const named = tags
      .split(",")
      .map((tag) => tag.trim())
      .filter(Boolean);
    const body = { text: text.trim(), kind, tags: named, importance: 5 };
    if (await hand.run(() => addMemory(body), t("memories.added"))) close();
  }

  return (
    <form onSubmit={(event) => void add(event)} className="space-y-3 pt-2">
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
      <Field
        label={t("memories.tags")}
        hint={t("memories.tagsHint")}
        value={tags}
        onChange={(event) => setTags(event.target.value)}
      />
      <div className="flex justify-end gap-2 pt-2">
        <Button onClick={close}>{t("do.cancel")}</Button>
        <Button tone="main" type="submit" disabled={!text.trim()}>
          {t("memories.add")}
        </Button>
      </div>
    </form>
  );
}
