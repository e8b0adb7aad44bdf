/** Which file conversations are taken along in. */
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { raw } from "~/api/client";
import { sentence } from "~/api/failures";
import { nameOf, save } from "~/api/saving";
import { Question } from "~/parts/Layer";
import { OneOf } from "~/parts/OneOf";
import { dismiss, notify } from "~/state/notices";

import type { AskedProps } from "../questions";
import { at } from "../queries";

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
      save(await response.blob(), nameOf(response, `conversations.${FORMATS[format]}`));
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
      <OneOf
        name="format"
        legend={t("history.ask.format")}
        look="lines"
        options={(Object.keys(FORMATS) as Format[]).map((one) => [
          one,
          t(`history.formats.${one}`),
          t(`history.formatsAbout.${one}`),
        ])}
        value={format}
        choose={setFormat}
      />
    </Question>
  );
}

function addressOf(ids: readonly string[], format: Format): string {
  if (ids.length === 1 && ids[0]) return at(ids[0], `/export?format=${format}`);
  const params = new URLSearchParams({ format });
  for (const id of ids) params.append("session_id", id);
  return `/api/export?${params.toString()}`;
}
