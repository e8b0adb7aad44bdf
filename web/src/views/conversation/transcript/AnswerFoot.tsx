import { Link } from "@tanstack/react-router";
import { BookOpen, Copy, Link2, RotateCcw, Sprout, Trash2 } from "lucide-react";
import { useTranslation } from "react-i18next";

import { IconButton } from "~/parts/Button";
import { Menu, MenuItem, MenuLine, More } from "~/parts/Menu";
import { notify } from "~/state/notices";

import type { Message, Turn } from "../types";
import { useDoing } from "./doing";
import { isEnding } from "./Ended";
import type { Versions as Shown } from "./tree";
import { Versions } from "./Versions";

const CHIP =
  "inline-flex min-h-8 items-center gap-1.5 rounded-full px-2.5 text-xs text-kelp hover:bg-kelp-wash pointer-coarse:min-h-11 [&_svg]:size-3.5";

/** What an answer rests on, what it taught, and what can be done with it. */
export function AnswerFoot({
  messages,
  turn,
  asked,
  versions,
}: {
  messages: readonly Message[];
  turn: Turn | undefined;
  asked: Message | undefined;
  versions: Shown | null;
}) {
  const { t } = useTranslation();
  const doing = useDoing();
  const last = messages.findLast((one) => one.kind === "text") ?? messages.at(-1);
  if (!last) return null;
  const text = messages
    .filter((one) => one.kind === "text")
    .map((one) => one.text)
    .join("\n\n");
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    notify(t("chat.copied"));
  };
  const used = turn?.used_count ?? 0;
  // A summary is of the whole conversation, and would stand below each of its answers.
  const learned = turn?.memories.filter(({ kind }) => kind !== "summary") ?? [];
  return (
    <>
      <div className="-ms-2 flex min-h-9 flex-wrap items-center gap-x-0.5 text-quiet">
        {versions && <Versions versions={versions} />}
        {text && (
          <IconButton
            name={t("chat.copy")}
            className="!size-8 !text-quiet hover:!text-ink pointer-coarse:!size-11"
            onClick={() => void copy()}
          >
            <Copy />
          </IconButton>
        )}
        {asked && doing.writable && !isEnding(turn?.status) && (
          <IconButton
            name={t("chat.again")}
            className="!size-8 !text-quiet hover:!text-ink pointer-coarse:!size-11"
            onClick={() => doing.again(asked.id)}
          >
            <RotateCcw />
          </IconButton>
        )}
        {!doing.temporary && (
          <Menu trigger={<More name={t("chat.answerMenu")} />}>
            <MenuItem icon={<Link2 />} run={() => doing.copyLink(last.id)}>
              {t("chat.copyLink")}
            </MenuItem>
            <MenuLine />
            <MenuItem icon={<Trash2 />} danger run={() => doing.forget(last)}>
              {t("chat.forgetMessage")}
            </MenuItem>
          </Menu>
        )}
        {turn && used > 0 && (
          <button type="button" className={CHIP} onClick={() => doing.used(turn)}>
            <BookOpen aria-hidden />
            {t("chat.used", { count: used })}
          </button>
        )}
      </div>
      {learned.length > 0 && <Learned memories={learned} />}
    </>
  );
}

/** What was learned of this exchange, each with its own page. */
function Learned({ memories }: { memories: Turn["memories"] }) {
  const { t } = useTranslation();
  const label = t("chat.learned", { count: memories.length });
  return (
    <div className="mt-1 flex flex-wrap items-center gap-1.5 text-xs">
      <span className="inline-flex items-center gap-1 text-quiet">
        <Sprout aria-hidden className="size-3.5 text-kelp" />
        {label}
      </span>
      <ul className="contents" aria-label={label}>
        {memories.map((memory) => (
          <li key={memory.id} className="min-w-0">
            <Link
              to="/memories/$memory"
              params={{ memory: memory.id }}
              className="inline-flex min-h-6 max-w-72 items-center rounded-full border border-line bg-sunken px-2.5 py-0.5 text-ink no-underline hover:border-kelp pointer-coarse:min-h-11"
            >
              <span className="truncate">{memory.text}</span>
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}
