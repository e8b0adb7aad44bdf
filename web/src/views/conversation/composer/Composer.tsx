/** Where one says something: kept while it is typed, sent with Enter. */
import { useQuery } from "@tanstack/react-query";
import { ArrowUp, Mic, Paperclip, Square } from "lucide-react";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { meQuery } from "~/api/queries";
import { IconButton } from "~/parts/Button";
import { classes } from "~/parts/classes";
import { arriving } from "~/state/arriving";
import { notify } from "~/state/notices";
import { useIsWide, useSidebar } from "~/state/sidebar";
import { count } from "~/state/times";

import { warmStream } from "../live/live";
import type { Speech } from "../live/types";
import { warmMarkdown } from "../transcript/Words";
import { takenOf } from "./files";
import { useComposerText } from "./text";

const Recorder = lazy(() => arriving(() => import("./Recorder")));
const coarse = () => window.matchMedia("(pointer: coarse)").matches;

export function Composer({
  session,
  temporary,
  answering,
  send,
  stop,
  scroll,
  offered,
}: {
  session: string;
  temporary: boolean;
  answering: boolean;
  send: (text: string, speech: Speech | null) => void;
  stop: () => void;
  scroll: (to: "start" | "end" | 1 | -1) => void;
  /** A text to begin with; each offer is a new object. */
  offered: { text: string } | null;
}) {
  const { t } = useTranslation();
  const box = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const [text, setText, letGo] = useComposerText(session, !temporary);
  const [recording, setRecording] = useState<"off" | "live" | Speech>("off");
  const [over, setOver] = useState(false);
  const me = useQuery(meQuery).data;
  const shown = useSidebar();
  const withList = useIsWide() && shown;
  const most = me?.limits.message_chars ?? Infinity;
  const left = most - text.length;

  useEffect(() => {
    if (!coarse()) box.current?.focus({ preventScroll: true });
    // In each conversation anew.
    // oxlint-disable-next-line react/exhaustive-effect-dependencies
  }, [session]);
  useEffect(() => {
    if (!offered) return;
    setText(offered.text);
    box.current?.focus();
  }, [offered, setText]);

  const say = () => {
    if (!text.trim() || left < 0) return;
    letGo();
    send(text, null);
    box.current?.focus();
  };
  const speak = (speech: Speech) => {
    setRecording("off");
    send("", speech);
    requestAnimationFrame(() => box.current?.focus());
  };
  const take = async (files: readonly File[]) => {
    for (const file of files) {
      const taken = await takenOf(file, me?.limits.file_mb ?? 25, t);
      if (taken.speech) setRecording(taken.speech);
      if (taken.text) setText((before) => (before ? `${before}\n${taken.text}` : taken.text));
      if (taken.refused) notify(taken.refused, { tone: "failed" });
    }
    box.current?.focus();
  };
  const key = (event: React.KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey && !coarse()) {
      event.preventDefault();
      say();
    } else if (event.key === "PageUp" || event.key === "PageDown") {
      event.preventDefault();
      scroll(event.key === "PageUp" ? -1 : 1);
    } else if ((event.key === "Home" || event.key === "End") && !text) {
      event.preventDefault();
      scroll(event.key === "Home" ? "start" : "end");
    } else if (event.key === "Escape" && answering) {
      event.preventDefault();
      stop();
    }
  };

  return (
    <div
      className="px-3 pb-[max(0.75rem,env(safe-area-inset-bottom))] sm:px-6"
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes("Files")) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        setOver(false);
        if (!event.dataTransfer.files.length) return;
        event.preventDefault();
        void take([...event.dataTransfer.files]);
      }}
    >
      <form
        aria-label={t("chat.composer")}
        onSubmit={(event) => {
          event.preventDefault();
          say();
        }}
        className={classes(
          "mx-auto w-full max-w-184 rounded-2xl border bg-raised p-1.5 shadow-[0_2px_12px_rgb(0_0_0/0.06)]",
          "focus-within:outline-2 focus-within:outline-offset-1",
          temporary
            ? "border-dashed border-dusk focus-within:outline-dusk"
            : "border-edge focus-within:outline-kelp",
          over && "bg-kelp-wash",
        )}
      >
        {recording !== "off" ? (
          <Suspense fallback={<p className="p-3 text-sm text-quiet">{t("chat.opening")}</p>}>
            <Recorder
              given={recording === "live" ? null : recording}
              send={speak}
              close={() => {
                setRecording("off");
                requestAnimationFrame(() => box.current?.focus());
              }}
            />
          </Suspense>
        ) : (
          <>
            <label htmlFor="composer" className="sr-only">
              {t("chat.saySomething")}
            </label>
            <textarea
              id="composer"
              ref={box}
              value={text}
              rows={1}
              dir="auto"
              enterKeyHint={coarse() ? "enter" : "send"}
              placeholder={t(temporary ? "chat.sayTemporary" : "chat.saySomething")}
              onChange={(event) => {
                setText(event.target.value);
                void warmStream();
                warmMarkdown();
              }}
              onKeyDown={key}
              onPaste={(event) => {
                const files = [...event.clipboardData.files];
                if (!files.length) return;
                event.preventDefault();
                void take(files);
              }}
              className="field-sizing-content max-h-[min(20rem,40dvh)] min-h-10 w-full resize-none bg-transparent px-2.5 py-2 text-base outline-none placeholder:text-quiet"
            />
            {withList && (
              <a
                href="#history"
                className="sr-only focus:not-sr-only focus:m-1 focus:inline-flex focus:min-h-9 focus:items-center focus:rounded-lg focus:px-2 focus:text-sm"
              >
                {t("shell.skipToHistory")}
              </a>
            )}
            <div className="flex items-center gap-1">
              <IconButton name={t("chat.attach")} onClick={() => picker.current?.click()}>
                <Paperclip />
              </IconButton>
              <input
                ref={picker}
                type="file"
                multiple
                hidden
                aria-label={t("chat.attach")}
                accept="audio/*,text/*,.md,.csv,.json,.log"
                onChange={(event) => {
                  void take([...(event.target.files ?? [])]);
                  event.target.value = "";
                }}
              />
              <IconButton name={t("chat.record")} onClick={() => setRecording("live")}>
                <Mic />
              </IconButton>
              <p role="status" className="ms-auto px-2 text-xs text-quiet">
                {over
                  ? t("chat.dropHere")
                  : left < 0
                    ? t("chat.tooLong", { over: count(-left), most: count(most) })
                    : left < 2000
                      ? t("chat.charactersLeft", { left: count(left) })
                      : ""}
              </p>
              {answering && (
                <IconButton name={t("chat.stop")} keys="Escape" tone="plain" onClick={stop}>
                  <Square className="!size-3.5 fill-current" />
                </IconButton>
              )}
              <IconButton
                name={t("chat.send")}
                keys="Enter"
                tone="main"
                type="submit"
                aria-disabled={!text.trim() || left < 0}
                className={classes(!text.trim() && "opacity-60")}
              >
                <ArrowUp />
              </IconButton>
            </div>
          </>
        )}
      </form>
    </div>
  );
}
