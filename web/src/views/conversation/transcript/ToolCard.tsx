import type { TFunction } from "i18next";
import { ChevronRight, CircleAlert, LoaderCircle, Wrench } from "lucide-react";
import { useTranslation } from "react-i18next";

import { classes } from "~/parts/classes";

import { Value } from "./Value";

export interface ToolShown {
  name: string;
  input: unknown;
  output: unknown;
  state: "running" | "done" | "failed";
  /** Milliseconds; null while it is not known. */
  took: number | null;
  cut: boolean;
}

/** A tool's call in one quiet line; it opens to what went in and what came out. */
export function ToolCard({
  tool,
  open,
  toggle,
}: {
  tool: ToolShown;
  open: boolean;
  toggle: () => void;
}) {
  const { t } = useTranslation();
  const Mark =
    tool.state === "running" ? LoaderCircle : tool.state === "failed" ? CircleAlert : Wrench;
  return (
    <div className="my-2 overflow-hidden rounded-lg border border-line text-sm">
      <button
        type="button"
        aria-expanded={open}
        onClick={toggle}
        className="flex min-h-9 w-full min-w-0 items-center gap-2 px-3 py-1.5 text-start hover:bg-kelp-wash pointer-coarse:min-h-11"
      >
        <Mark
          aria-hidden
          className={classes(
            "size-4 shrink-0",
            tool.state === "failed" ? "text-rust" : "text-kelp",
            tool.state === "running" && "animate-spin",
          )}
        />
        <span className="min-w-0 truncate font-medium">{tool.name}</span>
        <span className="ms-auto shrink-0 text-xs text-quiet">
          {t(`chat.toolState.${tool.state}`)}
          {tool.took !== null && ` · ${lasted(tool.took, t)}`}
        </span>
        <ChevronRight
          aria-hidden
          className={classes(
            "size-4 shrink-0 transition-transform rtl:-scale-x-100",
            open && "rotate-90",
          )}
        />
      </button>
      {open && (
        <div className="space-y-3 border-t border-line bg-sunken px-3 py-2">
          <Value label={t("chat.input")} value={tool.input} />
          {tool.state !== "running" && <Value label={t("chat.output")} value={tool.output} />}
          {tool.cut && <p className="text-xs text-quiet">{t("chat.valueCut")}</p>}
        </div>
      )}
    </div>
  );
}

function lasted(ms: number, t: TFunction): string {
  return ms < 1000
    ? t("chat.milliseconds", { ms: Math.max(1, Math.round(ms)) })
    : t("chat.seconds", { seconds: (ms / 1000).toFixed(1) });
}
