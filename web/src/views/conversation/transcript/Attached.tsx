import { Download, FileText } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ME } from "~/api/queries";
import { size } from "~/state/times";

import type { Message } from "../types";

export const fileAddress = (session: string, message: string): string =>
  `/api/conversations/${ME}/${session}/messages/${message}/file`;

/** A file: its name, its size, and the file itself. */
export function FileChip({ session, message }: { session: string; message: Message }) {
  const { t } = useTranslation();
  if (!message.file) return null;
  const name = message.file.name || t("chat.file");
  return (
    <a
      href={fileAddress(session, message.id)}
      download={name}
      className="my-1 inline-flex min-h-11 max-w-full items-center gap-2 rounded-lg border border-line bg-raised px-3 py-1.5 text-sm text-ink no-underline hover:bg-kelp-wash"
      aria-label={t("chat.download", { name })}
    >
      <FileText aria-hidden className="size-4 shrink-0 text-kelp" />
      <span className="truncate">{name}</span>
      <span className="shrink-0 text-xs text-quiet">{size(message.file.size)}</span>
      <Download aria-hidden className="size-4 shrink-0" />
    </a>
  );
}

/** Something that was spoken: to be heard again, above its words. */
export function AudioPlayer({ session, message }: { session: string; message: Message }) {
  const { t } = useTranslation();
  const [broken, setBroken] = useState(false);
  const source = fileAddress(session, message.id);
  const seconds = message.speech?.duration_s;
  if (broken) return <FileChip session={session} message={message} />;
  return (
    <div className="my-1 flex flex-wrap items-center gap-2">
      <audio
        controls
        preload="none"
        src={source}
        onError={() => setBroken(true)}
        aria-label={t("chat.recording")}
        className="h-11 max-w-full"
      >
        <track kind="captions" />
      </audio>
      {seconds ? (
        <span className="text-xs text-quiet">
          {t("chat.seconds", { seconds: seconds.toFixed(0) })}
        </span>
      ) : null}
      <a
        href={source}
        download={message.file?.name || "speech"}
        aria-label={t("chat.download", { name: t("chat.recording") })}
        className="inline-grid size-9 place-items-center rounded-lg text-ink hover:bg-kelp-wash pointer-coarse:size-11 [&_svg]:size-4"
      >
        <Download aria-hidden />
      </a>
    </div>
  );
}
