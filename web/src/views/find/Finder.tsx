/** The search over everything, from everywhere (Ctrl+K, Cmd+K). Esc gives the focus back. */
import { useNavigate } from "@tanstack/react-router";
import { Dialog } from "radix-ui";
import { useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { Keys } from "~/parts/Keys";
import { closeFinder, giveFocusBack } from "~/state/finder";
import { useEscape } from "~/state/layers";
import { closeDrawer } from "~/state/sidebar";

import { NOTHING, searchOf, type Ask } from "./ask";
import { Finds } from "./Finds";
import { useGo } from "./go";
import { useFinding } from "./useFinding";

export default function Finder() {
  const { t } = useTranslation();
  const go = useNavigate();
  const [ask, set] = useState<Ask>(NOTHING);
  const finding = useFinding(ask);
  const field = useRef<HTMLInputElement>(null);
  const list = useId();
  const leave = () => {
    closeFinder(false);
    closeDrawer();
  };
  const open = useGo(finding, leave);
  const escape = useEscape(true, closeFinder);
  const enter = (all: boolean) => {
    if (!all) return open(finding.hit, false);
    leave();
    void go({ to: "/find", search: searchOf(ask) as never });
  };
  return (
    <Dialog.Root open onOpenChange={(now) => !now && closeFinder()}>
      <Dialog.Portal>
        <div aria-hidden className="fixed inset-0 z-40 bg-black/45" />
        <Dialog.Content
          aria-describedby={undefined}
          onOpenAutoFocus={(event) => {
            event.preventDefault();
            field.current?.focus();
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            giveFocusBack();
          }}
          onEscapeKeyDown={escape}
          className="fixed inset-0 z-40 flex flex-col overflow-hidden bg-raised text-ink shadow-layer sm:inset-x-4 sm:top-[7vh] sm:bottom-auto sm:mx-auto sm:h-[min(42rem,86dvh)] sm:max-w-5xl sm:rounded-2xl"
        >
          <Dialog.Title className="sr-only">{t("find.title")}</Dialog.Title>
          <Finds
            ask={ask}
            set={set}
            finding={finding}
            list={list}
            field={field}
            enter={enter}
            open={open}
            left={leave}
            close={closeFinder}
          />
          <footer className="hidden items-center gap-5 border-t border-line px-4 py-2 text-xs text-quiet sm:flex">
            <Hint keys="ArrowUp ArrowDown" does={t("find.keys.move")} />
            <Hint keys="ArrowLeft ArrowRight" does={t("find.keys.step")} />
            <Hint keys="Enter" does={t("find.keys.open")} />
            <Hint keys="mod+Enter" does={t("find.keys.all")} />
            <span className="ms-auto">
              <Hint keys="Escape" does={t("find.keys.close")} />
            </span>
          </footer>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

const Hint = ({ keys, does }: { keys: string; does: string }) => (
  <span className="inline-flex items-center gap-1.5">
    <Keys keys={keys} />
    {does}
  </span>
);
