import { BookOpen, CalendarDays, Heart, Lightbulb, NotebookPen } from "lucide-react";
import { useTranslation } from "react-i18next";

import { KINDS, type Kind } from "./queries";

const ICONS = {
  fact: Lightbulb,
  preference: Heart,
  summary: BookOpen,
  episode: CalendarDays,
  note: NotebookPen,
};

/** What kind of memory it is: a picture and its word. */
export function KindMark({ kind }: { kind: string }) {
  const { t } = useTranslation();
  const known: Kind = KINDS.find((one) => one === kind) ?? "note";
  const Icon = ICONS[known];
  return (
    <span className="inline-flex items-center gap-1.5 font-medium text-ink">
      <Icon aria-hidden className="size-4 text-kelp" />
      {t(`memories.kind.${known}`)}
    </span>
  );
}
