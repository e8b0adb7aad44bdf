import { X } from "lucide-react";
import { AlertDialog, Dialog } from "radix-ui";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { useEscape } from "~/state/layers";

import { Button, IconButton } from "./Button";
import { classes } from "./classes";

// A plain element, not the primitives' own overlay: that one writes a style sheet into the page, which its policy forbids.
const VEIL = "fixed inset-0 z-40 bg-black/45";
const SHEET =
  "fixed z-40 flex outline-none max-h-[min(44rem,92dvh)] flex-col overflow-hidden bg-raised text-ink shadow-layer " +
  "inset-x-0 bottom-0 rounded-t-2xl sm:inset-auto sm:start-1/2 sm:top-1/2 sm:w-[min(36rem,92vw)] " +
  "sm:-translate-x-1/2 sm:-translate-y-1/2 sm:rounded-2xl rtl:sm:translate-x-1/2";

interface LayerProps {
  open: boolean;
  close: () => void;
  title: string;
  /** A sentence below the title; read out with it. */
  about?: string;
  children: ReactNode;
  foot?: ReactNode;
  className?: string;
}

/** Something to do before going on. Esc and a click beside it close this layer alone. */
export function Layer({ open, close, title, about, children, foot, className }: LayerProps) {
  const { t } = useTranslation();
  const escape = useEscape(open, close);
  return (
    <Dialog.Root open={open} onOpenChange={(now) => !now && close()}>
      <Dialog.Portal>
        <div aria-hidden className={VEIL} />
        <Dialog.Content
          className={classes(SHEET, className)}
          onEscapeKeyDown={escape}
          onOpenAutoFocus={(event) => {
            // The layer itself: on its close button Esc would only put away what that is called.
            event.preventDefault();
            (event.currentTarget as HTMLElement).focus();
          }}
          {...(about ? {} : { "aria-describedby": undefined })}
        >
          <div className="flex items-start gap-3 px-5 pt-4 pb-2">
            <div className="min-w-0 flex-1">
              <Dialog.Title className="text-lg font-semibold">{title}</Dialog.Title>
              {about && (
                <Dialog.Description className="text-sm text-quiet">{about}</Dialog.Description>
              )}
            </div>
            <Dialog.Close asChild>
              <IconButton name={t("do.close")}>
                <X />
              </IconButton>
            </Dialog.Close>
          </div>
          <div className="min-h-0 flex-1 overflow-y-auto px-5 pb-5">{children}</div>
          {foot && (
            <div className="flex flex-wrap justify-end gap-2 border-t border-line px-5 py-3">
              {foot}
            </div>
          )}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

interface QuestionProps {
  open: boolean;
  close: () => void;
  title: string;
  about: string;
  /** The word on the button that does it. */
  confirm: string;
  run: () => void;
  danger?: boolean;
  /** What else is to be chosen or typed. */
  children?: ReactNode;
  /** Whether what must be typed is typed. */
  ready?: boolean;
}

/** A question that must be answered; Cancel has the focus. */
export function Question({
  open,
  close,
  title,
  about,
  confirm,
  run,
  danger,
  children,
  ready = true,
}: QuestionProps) {
  const { t } = useTranslation();
  const escape = useEscape(open, close);
  return (
    <AlertDialog.Root open={open} onOpenChange={(now) => !now && close()}>
      <AlertDialog.Portal>
        <div aria-hidden className={VEIL} />
        <AlertDialog.Content className={SHEET} onEscapeKeyDown={escape}>
          <div className="min-h-0 overflow-y-auto px-5 pt-5 pb-4">
            <AlertDialog.Title className="text-lg font-semibold">{title}</AlertDialog.Title>
            <AlertDialog.Description className="mt-1 text-sm text-quiet">
              {about}
            </AlertDialog.Description>
            {children && <div className="mt-4">{children}</div>}
          </div>
          <div className="flex flex-wrap justify-end gap-2 border-t border-line px-5 py-3">
            <AlertDialog.Cancel asChild>
              <Button>{t("do.cancel")}</Button>
            </AlertDialog.Cancel>
            <AlertDialog.Action asChild disabled={!ready}>
              <Button tone={danger ? "danger" : "main"} disabled={!ready} onClick={run}>
                {confirm}
              </Button>
            </AlertDialog.Action>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
