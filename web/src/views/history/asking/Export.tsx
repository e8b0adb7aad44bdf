/** Which file conversations are taken along in. */
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { raw } from "~/api/client";
import { sentence } from "~/api/failures";
import { Question } from "~/parts/Layer";
import { dismiss, notify } from "~/state/notices";

import type { AskedProps } from "../questions";
import { at } from "../queries";
import { save } from "./save";

const FORMATS = { markdown: "md", pdf: "pdf", json: "json", bundle: "holdfast" } as const;
type Format = keyof typeof FORMATS;

export function ExportQuestion({ asked, close, done }: AskedProps) {
  const { t } = useTranslation();
  const [format, setFormat] = useState<Format>("markdown");
  const { ids, session } = asked;
  const run = async () => {
    done();
    const note = notify(t("history.exporting", { count: ids.length }), { stays: 60_000 });
    try {
      const response = await raw(addressOf(ids, format));
      const name = nameOf(response) ?? `conversations.${FORMATS[format]}`;
      save(await response.blob(), name);
    } catch (error) {
      notify(sentence(error, t), { tone: "failed" });
    } finally {
      dismiss(note);
    }
  };
  return (
    <Question
      open
      close={close}
      title={
        session
          ? t("history.ask.exportOne", { title: session.title || t("history.untitled") })
          : t("history.ask.export", { count: ids.length })
      }
      about={t("history.ask.exportAbout")}
      confirm={t("history.export")}
      run={() => void run()}
    >
      <fieldset className="space-y-1">
        <legend className="sr-only">{t("history.ask.format")}</legend>
        {(Object.keys(FORMATS) as Format[]).map((one) => (
          <label
            key={one}
            className="flex min-h-9 items-start gap-2.5 rounded-lg px-2 py-1.5 text-sm hover:bg-kelp-wash pointer-coarse:min-h-11"
          >
            <input
              type="radio"
              name="format"
              checked={format === one}
              onChange={() => setFormat(one)}
              className="mt-0.5 size-4.5 accent-kelp"
            />
            <span>
              {t(`history.formats.${one}`)}
              <span className="block text-xs text-quiet">{t(`history.formatsAbout.${one}`)}</span>
            </span>
          </label>
        ))}
      </fieldset>
    </Question>
  );
}

function addressOf(ids: readonly string[], format: Format): string {
  if (ids.length === 1 && ids[0]) return at(ids[0], `/export?format=${format}`);
  const params = new URLSearchParams({ format });
  for (const id of ids) params.append("session_id", id);
  return `/api/export?${params.toString()}`;
}

/** The name the server gives the file. */
function nameOf(response: Response): string | null {
  const said = response.headers.get("Content-Disposition") ?? "";
  return /filename="([^"]+)"/.exec(said)?.[1] ?? null;
}
