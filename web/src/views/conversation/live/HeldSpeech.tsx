import { Download } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Speech } from "./types";

export function blobOf(speech: Speech): Blob {
  const bytes = Uint8Array.from(atob(speech.data), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: speech.media_type });
}

/** A recording that the server does not have yet: it can be heard, and kept as a file. */
export function HeldSpeech({ speech }: { speech: Speech }) {
  const { t } = useTranslation();
  const source = useAddress(speech);
  return (
    <div className="my-1 flex flex-wrap items-center gap-2">
      {source && (
        <audio controls src={source} aria-label={t("chat.recording")} className="h-11 max-w-full">
          <track kind="captions" />
        </audio>
      )}
      <a
        href={source}
        download={speech.name}
        aria-label={t("chat.download", { name: t("chat.recording") })}
        className="inline-grid size-9 place-items-center rounded-lg text-ink hover:bg-kelp-wash pointer-coarse:size-11 [&_svg]:size-4"
      >
        <Download aria-hidden />
      </a>
    </div>
  );
}

/** An address of its own for as long as it is shown. */
function useAddress(speech: Speech): string {
  const [address] = useState(() => URL.createObjectURL(blobOf(speech)));
  useEffect(
    () => () => {
      // In development effects run twice: what is shown again still needs it.
      setTimeout(() => URL.revokeObjectURL(address), 60_000);
    },
    [address],
  );
  return address;
}
