import { Download } from "lucide-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { raw } from "~/api/client";
import { sentence } from "~/api/failures";
import { nameOf, received, save } from "~/api/saving";
import { Button } from "~/parts/Button";
import { OneOf } from "~/parts/OneOf";
import { notify } from "~/state/notices";
import { count, size } from "~/state/times";

import { Part } from "./Part";

const FORMATS = ["bundle", "json", "markdown", "pdf"] as const;
const ENDINGS = { bundle: "zip", json: "json", markdown: "md", pdf: "pdf" };
type Format = (typeof FORMATS)[number];

/** Everything, to take along. */
export function Export() {
  const { t } = useTranslation();
  const [format, setFormat] = useState<Format>("bundle");
  const [got, setGot] = useState<{ bytes: number; messages: number | null } | null>(null);
  const running = useRef<AbortController>(null);

  async function run() {
    const controller = (running.current = new AbortController());
    setGot({ bytes: 0, messages: null });
    try {
      const response = await raw(`/api/export?format=${format}`, { signal: controller.signal });
      const total = response.headers.get("X-Holdfast-Total-Messages");
      const messages = total ? Number(total) : null;
      const blob = await received(response, ({ bytes }) => setGot({ bytes, messages }));
      save(blob, nameOf(response, `holdfast.${ENDINGS[format]}`));
      notify(t("profile.exported", { size: size(blob.size) }));
    } catch (error) {
      if (!controller.signal.aborted) notify(sentence(error, t), { tone: "failed" });
    } finally {
      setGot(null);
    }
  }

  return (
    <Part title={t("profile.exportTitle")} about={t("profile.exportAbout")}>
      <OneOf
        name="format"
        legend={t("profile.exportTitle")}
        look="cards"
        options={FORMATS.map((one) => [
          one,
          t(`profile.format.${one}`),
          t(`profile.formatAbout.${one}`),
        ])}
        value={format}
        choose={setFormat}
      />
      <div className="mt-4 flex flex-wrap items-center gap-3">
        <Button tone="main" disabled={!!got} onClick={() => void run()}>
          <Download aria-hidden className="size-4" />
          {t("profile.exportDo")}
        </Button>
        {got && (
          <>
            <p role="status" className="text-sm text-quiet">
              {got.messages === null
                ? t("profile.exporting", { size: size(got.bytes) })
                : t("profile.exportingOf", {
                    size: size(got.bytes),
                    count: got.messages,
                    shown: count(got.messages),
                  })}
            </p>
            <Button onClick={() => running.current?.abort()}>{t("do.cancel")}</Button>
          </>
        )}
      </div>
    </Part>
  );
}
