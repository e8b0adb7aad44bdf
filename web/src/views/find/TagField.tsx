/** A tag to narrow a search to. */
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { Field } from "~/parts/Field";
import { Pop } from "~/parts/Pop";

import type { Ask } from "./ask";

export function TagField({
  ask,
  set,
  children,
}: {
  ask: Ask;
  set: (ask: Ask) => void;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const [tag, setTag] = useState("");
  return (
    <Pop
      open={open}
      setOpen={setOpen}
      name={t("find.filters.tag")}
      trigger={children}
      className="w-64 p-3"
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          set({ ...ask, tag: tag.trim().replace(/^#/, "") || null });
          setTag("");
          setOpen(false);
        }}
      >
        <Field
          label={t("find.tagName")}
          hint={t("find.tagHint")}
          value={tag}
          maxLength={200}
          onChange={(event) => setTag(event.target.value)}
        />
      </form>
    </Pop>
  );
}
