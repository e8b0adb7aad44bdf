import { useQuery, useQueryClient } from "@tanstack/react-query";
import { FolderInput } from "lucide-react";
import { useRef, useState, type DragEvent } from "react";
import { useTranslation } from "react-i18next";

import { sentence } from "~/api/failures";
import { meQuery } from "~/api/queries";
import { Button } from "~/parts/Button";
import { classes } from "~/parts/classes";

import { Coming, Done, type Imported, type Preview } from "./ImportSteps";
import { importFile } from "./queries";
import { Part } from "./Part";
import { lastLine } from "./lines";

type Step =
  | { at: "choose"; wrong?: string }
  | { at: "reading"; file: File }
  | { at: "preview"; file: File; preview: Preview }
  | { at: "importing"; file: File; preview: Preview; done: number; total: number | null }
  | { at: "done"; imported: Imported };

/** Old conversations, dropped in: first what would come in, then it comes in. */
export function Import() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const me = useQuery(meQuery);
  const [step, setStep] = useState<Step>({ at: "choose" });
  const [over, setOver] = useState(false);
  const choose = useRef<HTMLInputElement>(null);
  const mostMb = me.data?.limits.import_mb ?? 0;

  async function look(file: File | undefined) {
    if (!file) return;
    if (mostMb && file.size > mostMb * 1_000_000)
      return setStep({ at: "choose", wrong: t("profile.importTooLarge", { mb: mostMb }) });
    setStep({ at: "reading", file });
    try {
      const preview = (await (await importFile(file, { preview: true })).json()) as Preview;
      setStep({ at: "preview", file, preview });
    } catch (error) {
      setStep({ at: "choose", wrong: sentence(error, t) });
    }
  }

  async function take(file: File, preview: Preview) {
    setStep({ at: "importing", file, preview, done: 0, total: null });
    try {
      const response = await importFile(file, { preview: false });
      const imported = await lastLine<Imported>(response, (line) => {
        const { done, total } = line as { done?: number; total?: number | null };
        if (typeof done === "number")
          setStep({ at: "importing", file, preview, done, total: total ?? null });
      });
      setStep({ at: "done", imported });
      await client.invalidateQueries();
    } catch (error) {
      setStep({ at: "choose", wrong: sentence(error, t) });
    }
  }

  function drop(event: DragEvent) {
    event.preventDefault();
    setOver(false);
    void look(event.dataTransfer.files[0]);
  }

  return (
    <Part title={t("profile.importTitle")} about={t("profile.importAbout")}>
      {(step.at === "choose" || step.at === "reading") && (
        <div
          onDragOver={(event) => {
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={drop}
          className={classes(
            "flex flex-col items-center gap-3 rounded-card border-2 border-dashed px-6 py-10 text-center",
            over ? "border-kelp bg-kelp-wash" : "border-edge",
          )}
        >
          <FolderInput aria-hidden className="size-9 text-kelp" />
          <p className="text-sm">{t("profile.importDrop")}</p>
          <input
            ref={choose}
            type="file"
            className="sr-only"
            tabIndex={-1}
            aria-label={t("profile.importChoose")}
            onChange={(event) => void look(event.target.files?.[0])}
          />
          <Button
            tone="main"
            disabled={step.at === "reading"}
            onClick={() => choose.current?.click()}
          >
            {t("profile.importChoose")}
          </Button>
          <p role="status" className="text-sm text-quiet">
            {step.at === "reading" && t("profile.importReading", { name: step.file.name })}
          </p>
          {step.at === "choose" && step.wrong && (
            <p role="alert" className="text-sm text-rust">
              {step.wrong}
            </p>
          )}
        </div>
      )}
      {(step.at === "preview" || step.at === "importing") && (
        <Coming
          name={step.file.name}
          preview={step.preview}
          progress={step.at === "importing" ? step : null}
          take={() => void take(step.file, step.preview)}
          back={() => setStep({ at: "choose" })}
        />
      )}
      {step.at === "done" && (
        <Done imported={step.imported} again={() => setStep({ at: "choose" })} />
      )}
    </Part>
  );
}
