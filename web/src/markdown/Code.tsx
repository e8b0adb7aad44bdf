import { Check, Copy } from "lucide-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { IconButton } from "~/parts/Button";

/** A block of code with the name of its language, to be copied as it was written. */
export function Code({
  language,
  text,
  children,
}: {
  language: string;
  text: string;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <figure className="my-3 overflow-hidden rounded-lg border border-line bg-sunken">
      <figcaption className="flex items-center justify-between border-b border-line ps-3 pe-1 font-mono text-xs text-quiet">
        {language || t("chat.code")}
        <IconButton
          name={copied ? t("chat.copied") : t("chat.copyCode")}
          onClick={() => void copy()}
          className="!size-8 text-quiet pointer-coarse:!size-11"
        >
          {copied ? <Check className="text-kelp" /> : <Copy />}
        </IconButton>
      </figcaption>
      <pre
        tabIndex={0}
        aria-label={language ? t("chat.codeIn", { language }) : t("chat.code")}
        className="overflow-x-auto p-3 font-mono text-[0.8125rem] leading-relaxed"
      >
        <code>{children}</code>
      </pre>
    </figure>
  );
}
