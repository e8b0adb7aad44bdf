import { CircleCheck } from "lucide-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import type { Shapes } from "~/api/client";
import { Button } from "~/parts/Button";
import { count, day, size } from "~/state/times";

export type Preview = Shapes["ImportPreviewOut"];
export type Imported = Shapes["ImportOut"];

interface ComingProps {
  name: string;
  preview: Preview;
  progress: { done: number; total: number | null } | null;
  take: () => void;
  back: () => void;
}

/** What a file holds, before anything of it is written; then how far it is. */
export function Coming({ name, preview, progress, take, back }: ComingProps) {
  const { t } = useTranslation();
  const facts: [string, string][] = [
    [t("profile.importFormat"), preview.format],
    [t("profile.conversations"), count(preview.conversations)],
    [t("profile.messages"), count(preview.messages)],
    [t("profile.memories"), count(preview.memories)],
    [t("profile.files"), count(preview.files)],
    [t("profile.importNew"), count(preview.new)],
    [t("profile.importGrown"), count(preview.grown)],
    [t("profile.importKnown"), count(preview.unchanged)],
  ];
  if (preview.first_at && preview.last_at)
    facts.push([t("profile.importFrom"), `${day(preview.first_at)} – ${day(preview.last_at)}`]);
  const nothing = preview.new + preview.grown === 0;
  return (
    <div className="rounded-card border border-line bg-raised p-4">
      <h3 className="font-semibold break-words">{name}</h3>
      <dl className="mt-3 grid grid-cols-2 gap-x-6 gap-y-2 text-sm sm:grid-cols-3">
        {facts.map(([label, value]) => (
          <div key={label}>
            <dt className="text-quiet">{label}</dt>
            <dd className="font-medium">{value}</dd>
          </div>
        ))}
      </dl>
      {preview.titles.length > 0 && (
        <ul
          aria-label={t("profile.importTitles")}
          className="mt-3 list-disc space-y-0.5 ps-5 text-sm text-quiet"
        >
          {[...new Set(preview.titles)].map((title) => (
            <li key={title} className="truncate">
              {title}
            </li>
          ))}
        </ul>
      )}
      <Lacking of={preview} />
      <Broken broken={preview.broken} />
      <div className="mt-4 flex flex-wrap items-center gap-3">
        <Button tone="main" disabled={!!progress || nothing} onClick={take}>
          {t("profile.importTake")}
        </Button>
        <Button disabled={!!progress} onClick={back}>
          {t("do.cancel")}
        </Button>
        <p role="status" className="text-sm text-quiet">
          {nothing && !progress && t("profile.importNothing")}
          {progress &&
            (progress.total
              ? t("profile.importDoneOf", {
                  done: size(progress.done),
                  total: size(progress.total),
                })
              : t("profile.importDone", { done: size(progress.done) }))}
        </p>
      </div>
      {progress && (
        <progress
          aria-label={t("profile.importTitle")}
          max={progress.total ?? undefined}
          value={progress.total ? progress.done : undefined}
          className="mt-3 h-2 w-full accent-kelp"
        />
      )}
    </div>
  );
}

/** What came of it. */
export function Done({ imported, again }: { imported: Imported; again: () => void }) {
  const { t } = useTranslation();
  const came = imported.conversations + imported.grown;
  return (
    <div className="rounded-card border border-line bg-raised p-4" role="status">
      <p className="flex items-center gap-2 font-medium">
        <CircleCheck aria-hidden className="size-5 text-kelp" />
        {t("profile.imported", { count: came, shown: count(came) })}
      </p>
      <p className="mt-1 text-sm text-quiet">
        {t("profile.importedMessages", {
          count: imported.messages,
          shown: count(imported.messages),
        })}
      </p>
      <Lacking of={imported} />
      <Broken broken={imported.broken} />
      <div className="mt-4 flex flex-wrap gap-3">
        <Button onClick={again}>{t("profile.importAnother")}</Button>
        {imported.memories > 0 && (
          <Link to="/memories" className="self-center text-sm">
            {t("profile.importMemories", {
              count: imported.memories,
              shown: count(imported.memories),
            })}
          </Link>
        )}
        <Link to="/find" className="self-center text-sm">
          {t("profile.importFind")}
        </Link>
      </div>
    </div>
  );
}

/** What the file does not hold, in a sentence each. */
function Lacking({ of }: { of: Pick<Preview, "missing_files" | "lacks"> }) {
  const { t } = useTranslation();
  const missing = of.missing_files;
  return (
    <ul className="mt-3 space-y-1 text-sm text-quiet empty:hidden">
      {missing > 0 && (
        <li>{t("profile.importMissing", { count: missing, shown: count(missing) })}</li>
      )}
      {of.lacks.includes("checksums") && <li>{t("profile.importUnchecked")}</li>}
    </ul>
  );
}

function Broken({ broken }: { broken: readonly Shapes["BrokenOut"][] }) {
  const { t } = useTranslation();
  if (!broken.length) return null;
  return (
    <details className="mt-3 text-sm">
      <summary className="text-rust">{t("profile.importBroken", { count: broken.length })}</summary>
      <ul className="mt-1 space-y-1 ps-4 text-quiet">
        {broken.map((one) => (
          <li key={one.place}>
            {one.place}: {one.reason}
          </li>
        ))}
      </ul>
    </details>
  );
}
