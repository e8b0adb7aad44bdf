/** A tag to narrow a search to. */
import { Popover } from "radix-ui";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { Field } from "~/parts/Field";

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
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger asChild>{children}</Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="start"
          sideOffset={6}
          collisionPadding={8}
          aria-label={t("find.filters.tag")}
          className="z-50 w-64 rounded-2xl border border-line bg-raised p-3 text-ink shadow-layer"
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
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
