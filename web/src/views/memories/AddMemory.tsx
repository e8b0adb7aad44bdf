import type { FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { Button } from "~/parts/Button";
import { Layer } from "~/parts/Layer";

import { FormParts, type MemoryForm } from "./FormParts";
import { addMemory } from "./queries";
import { tagsOf } from "./tags";
import { useHand } from "./useHand";
import { useKept } from "./useKept";

const EMPTY: MemoryForm = { text: "", kind: "note", tags: "", importance: 5 };

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
  const [form, change, drop] = useKept("memory.new", EMPTY);

  async function add(event: FormEvent) {
    event.preventDefault();
    const body = { ...form, text: form.text.trim(), tags: tagsOf(form.tags) };
    if (!(await hand.run(() => addMemory(body), t("memories.added")))) return;
    drop();
    close();
  }

  return (
    <form onSubmit={(event) => void add(event)} className="space-y-3 pt-2">
      <FormParts form={form} change={change} focus />
      <div className="flex justify-end gap-2 pt-2">
        <Button
          onClick={() => {
            drop();
            close();
          }}
        >
          {t("do.cancel")}
        </Button>
        <Button tone="main" type="submit" disabled={!form.text.trim()}>
          {t("memories.add")}
        </Button>
      </div>
    </form>
  );
}
