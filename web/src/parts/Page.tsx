import type { ReactNode } from "react";
import { useEffect } from "react";

import { MenuButton } from "~/shell/MenuButton";

/** Every view but the conversation: a head that stays and a body that scrolls. One <h1> a view. */
export function Page({
  title,
  lead,
  actions,
  children,
}: {
  title: string;
  lead?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  useTitle(title);
  return (
    <div className="flex h-full min-w-0 flex-col">
      <header className="flex min-h-14 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-3 py-2 sm:px-6">
        <MenuButton />
        <div className="flex min-w-0 flex-[1_1_7rem] items-center gap-3">
          {lead}
          <h1 className="truncate text-xl font-semibold">{title}</h1>
        </div>
        {actions}
      </header>
      <div className="min-h-0 flex-1 overflow-y-auto" tabIndex={-1} id="body">
        {children}
      </div>
    </div>
  );
}

/** The tab's name. It is what is on the screen anyway; nothing else of the content goes there. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title ? `${title} · Holdfast` : "Holdfast";
  }, [title]);
}
