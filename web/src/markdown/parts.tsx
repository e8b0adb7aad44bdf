/** How the elements of Markdown look and behave here. */
import { ImageOff, Square, SquareCheck } from "lucide-react";
import { lazy, Suspense, useState, type ComponentProps, type ReactNode } from "react";
import type { Components, ExtraProps } from "react-markdown";
import { useTranslation } from "react-i18next";

import { Code } from "./Code";
import { hostBeside } from "./links";

const Mathematics = lazy(() => import("./Mathematics"));

type Props<Tag extends keyof React.JSX.IntrinsicElements> = ComponentProps<Tag> & ExtraProps;

const wordsOf = (node: ReactNode): string =>
  typeof node === "string"
    ? node
    : Array.isArray(node)
      ? node.map((one) => wordsOf(one as ReactNode)).join("")
      : "";

function Link({ href, children, id }: Props<"a">) {
  if (!href) return <span>{children}</span>;
  if (href.startsWith("#")) {
    const go = (event: React.MouseEvent) => {
      event.preventDefault();
      document.getElementById(href.slice(1))?.scrollIntoView({ block: "center" });
    };
    return (
      <a id={id} href={href} onClick={go}>
        {children}
      </a>
    );
  }
  const host = hostBeside(href, wordsOf(children));
  return (
    <a href={href} target="_blank" rel="noreferrer noopener" className="break-words">
      {children}
      {host && <span className="text-xs text-quiet"> ({host})</span>}
    </a>
  );
}

/** Pictures elsewhere are named and not fetched: whoever keeps them would learn who reads this. */
function Picture({ src, alt }: Props<"img">) {
  const { t } = useTranslation();
  const [broken, setBroken] = useState(false);
  const name = alt || t("chat.picture");
  if (typeof src === "string" && src.startsWith("data:") && !broken)
    return (
      <img
        src={src}
        alt={name}
        onError={() => setBroken(true)}
        className="max-h-96 max-w-full rounded-lg"
      />
    );
  const host = typeof src === "string" ? hostBeside(src, "") : "";
  const label = (
    <>
      <ImageOff aria-hidden className="inline size-4 align-[-0.15em]" /> {name}
    </>
  );
  if (!host) return <span className="text-quiet">{label}</span>;
  return (
    <a href={src as string} target="_blank" rel="noreferrer noopener">
      {label}
      <span className="text-xs text-quiet"> ({host})</span>
    </a>
  );
}

function Table({ children }: Props<"table">) {
  const { t } = useTranslation();
  return (
    <div
      role="region"
      aria-label={t("chat.table")}
      tabIndex={0}
      className="my-3 overflow-x-auto rounded-lg border border-line"
    >
      <table className="w-full border-collapse text-sm">{children}</table>
    </div>
  );
}

function Check({ checked }: Props<"input">) {
  const { t } = useTranslation();
  const Mark = checked ? SquareCheck : Square;
  return (
    <>
      <Mark aria-hidden className="me-1 inline size-4 align-[-0.15em] text-kelp" />
      <span className="sr-only">{checked ? t("chat.done") : t("chat.notDone")} </span>
    </>
  );
}

const languageOf = (className: string | undefined) =>
  /(?:^|\s)language-(\S+)/.exec(className ?? "")?.[1] ?? "";

/** Inline code, and inline mathematics, which comes as code. */
function Inline({ className, children }: Props<"code">) {
  if (className?.includes("math-inline"))
    return (
      <Suspense fallback={<code>{children}</code>}>
        <Mathematics tex={wordsOf(children)} />
      </Suspense>
    );
  return (
    <code className="rounded bg-sunken px-1 py-0.5 font-mono text-[0.875em] break-words">
      {children}
    </code>
  );
}

function Block({ node, children }: Props<"pre">) {
  const inner = node?.children[0];
  if (inner?.type !== "element") return <pre>{children}</pre>;
  const names = inner.properties["className"];
  const className = Array.isArray(names) ? names.join(" ") : "";
  const text = inner.children.map(plain).join("");
  if (className.includes("math-display"))
    return (
      <Suspense fallback={<pre className="overflow-x-auto">{text}</pre>}>
        <Mathematics tex={text} display />
      </Suspense>
    );
  const content = (children as { props?: { children?: ReactNode } } | null)?.props?.children;
  return (
    <Code language={languageOf(className)} text={text.replace(/\n$/, "")}>
      {content}
    </Code>
  );
}

type Plain = NonNullable<ExtraProps["node"]>["children"][number];
const plain = (node: Plain): string =>
  node.type === "text"
    ? node.value
    : node.type === "element"
      ? node.children.map(plain).join("")
      : "";

export const PARTS: Components = {
  a: Link,
  img: Picture,
  table: Table,
  input: Check,
  code: Inline,
  pre: Block,
};
