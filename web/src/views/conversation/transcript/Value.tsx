/** A tool's input or output, to be read by people: names and values, one a line, and links to what is ours. */
import { Link } from "@tanstack/react-router";
import { Fragment, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { LINK, oursIn } from "./ours";

const DEEP = 6;
const MANY = 60;

export function Value({ label, value }: { label: string; value: unknown }) {
  return (
    <div>
      <h3 className="mb-1 font-sans text-xs font-semibold text-quiet">{label}</h3>
      <div
        className="max-h-96 overflow-auto font-mono text-xs leading-relaxed break-words"
        tabIndex={0}
        role="group"
        aria-label={label}
      >
        <Shown value={parsed(value)} depth={0} beside={{}} />
      </div>
    </div>
  );
}

type Fields = Readonly<Record<string, unknown>>;

function Shown({
  value,
  depth,
  beside,
}: {
  value: unknown;
  depth: number;
  beside: Fields;
}): ReactNode {
  const { t } = useTranslation();
  if (value === null || value === undefined || value === "")
    return <span className="text-quiet">{t("chat.nothing")}</span>;
  if (typeof value === "string") return <Linked text={value} beside={beside} />;
  if (typeof value !== "object") return String(value);
  if (depth > DEEP) return JSON.stringify(value).slice(0, 2000);
  const list = Array.isArray(value);
  const entries = Object.entries(value);
  return (
    <dl className="space-y-0.5">
      {entries.slice(0, MANY).map(([name, one]) => (
        <div key={name} className={typeof one === "object" && one ? "" : "flex gap-2"}>
          <dt className="shrink-0 text-quiet">{list ? `${Number(name) + 1}.` : name}</dt>
          <dd className={typeof one === "object" && one ? "ms-4" : "min-w-0 whitespace-pre-wrap"}>
            <Shown value={one} depth={depth + 1} beside={list ? {} : (value as Fields)} />
          </dd>
        </div>
      ))}
      {entries.length > MANY && <p>{t("chat.andMore", { count: entries.length - MANY })}</p>}
    </dl>
  );
}

/** Ids that the fields around them, or words before them, say are of our conversations and memories. */
function Linked({ text, beside }: { text: string; beside: Fields }) {
  const { t } = useTranslation();
  return oursIn(text, beside).map(({ at, part, to }) => {
    if (!to) return <Fragment key={at}>{part}</Fragment>;
    if (to.memory)
      return (
        <Link
          key={at}
          className={LINK}
          title={part}
          to="/memories/$memory"
          params={{ memory: to.memory }}
        >
          {t("chat.openMemory")}
        </Link>
      );
    return (
      <Link
        key={at}
        className={LINK}
        title={part}
        to="/c/$session"
        params={{ session: to.session ?? "" }}
        search={to.message ? ({ message: to.message } as never) : ({} as never)}
      >
        {to.message ? t("chat.openMessage") : t("chat.openSession")}
      </Link>
    );
  });
}

/** What was cut, or sent as text, may still be JSON. */
function parsed(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}
