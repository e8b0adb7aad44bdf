import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { Avatar } from "~/parts/Avatar";

import { Stamp } from "./Stamp";

export interface Speaker {
  name: string;
  avatar: string | null;
}

/** Who answers, and when; below it what. */
export function AnswerFrame({
  who,
  at,
  message,
  children,
  foot,
}: {
  who: Speaker;
  at: string | number | null;
  message?: string | undefined;
  children: ReactNode;
  foot?: ReactNode;
}) {
  const { t } = useTranslation();
  return (
    <article className="group py-3" data-message={message}>
      <header className="mb-1 flex items-center gap-2">
        <Avatar name={who.name} avatar={who.avatar} />
        <h2 className="font-serif text-base font-semibold">
          {who.name}
          <span className="sr-only"> {t("chat.answered")}</span>
        </h2>
        {at !== null && <Stamp at={at} />}
      </header>
      <div className="min-w-0 ps-0 sm:ps-9">
        {children}
        {foot}
      </div>
    </article>
  );
}
