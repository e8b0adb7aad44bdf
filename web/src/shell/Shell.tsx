/** What is around every view: who is logged in, the sidebar, notices, the state of the connection, the keys. */
import { useQuery } from "@tanstack/react-query";
import { Outlet } from "@tanstack/react-router";
import { Dialog, Tooltip } from "radix-ui";
import { lazy, Suspense, useEffect } from "react";
import { useTranslation } from "react-i18next";

import { Failure } from "~/api/failures";
import { meQuery } from "~/api/queries";
import { classes } from "~/parts/classes";
import { adoptLanguage, adoptTheme } from "~/state/appearance";
import { openDrafts } from "~/state/drafts";
import { toggleSidebar, useIsWide, useSidebar } from "~/state/sidebar";
import { useKeys } from "~/state/keys";
import { useEscape } from "~/state/layers";
import { Sidebar } from "~/views/history/Sidebar";

import { ConnectionBar } from "./ConnectionBar";
import { GlobalKeys } from "./GlobalKeys";
import { Notices } from "./Notices";
import { Starting } from "./Starting";

const LogIn = lazy(() => import("~/views/login"));

export function Shell() {
  const me = useQuery(meQuery);
  if (me.data) openDrafts(me.data.draft_key, me.data.draft_keys_before);
  const { theme, language } = me.data?.preferences ?? {};
  useEffect(() => {
    // Chosen once, in whatever browser.
    if (theme) adoptTheme(theme);
    if (language) void adoptLanguage(language);
  }, [theme, language]);
  const failed = me.isError && me.error instanceof Failure ? me.error : null;
  if (failed && (failed.locked || failed.status === 401))
    return (
      <Suspense fallback={<Starting />}>
        <LogIn locked={failed.locked} />
      </Suspense>
    );
  if (!me.data) return <Starting error={me.error} again={() => void me.refetch()} />;
  return (
    <Tooltip.Provider delayDuration={500} skipDelayDuration={200}>
      <Frame />
      <Notices />
      <GlobalKeys />
    </Tooltip.Provider>
  );
}

function Frame() {
  const { t } = useTranslation();
  const open = useSidebar();
  const wide = useIsWide();
  const escape = useEscape(open && !wide, toggleSidebar);
  useKeys([{ keys: "mod+b", does: "sidebar", typing: true, run: toggleSidebar }]);
  useEffect(
    () => document.documentElement.style.setProperty("--side", open && wide ? "19rem" : "0rem"),
    [open, wide],
  );
  return (
    <div className="flex h-dvh flex-col">
      <a
        href="#body"
        className="sr-only z-50 focus:not-sr-only focus:absolute focus:start-2 focus:top-2 focus:rounded-lg focus:bg-raised focus:px-3 focus:py-2 focus:shadow-layer"
      >
        {t("shell.skipToContent")}
      </a>
      {wide && open && (
        <a
          href="#history"
          className="sr-only z-50 focus:not-sr-only focus:absolute focus:start-2 focus:top-2 focus:rounded-lg focus:bg-raised focus:px-3 focus:py-2 focus:shadow-layer"
        >
          {t("shell.skipToHistory")}
        </a>
      )}
      <ConnectionBar />
      <div className="flex min-h-0 flex-1">
        {wide ? (
          <div
            className={classes("w-76 shrink-0 border-e border-line bg-sunken", !open && "hidden")}
          >
            <Sidebar />
          </div>
        ) : (
          <Dialog.Root open={open} onOpenChange={toggleSidebar}>
            <Dialog.Portal>
              <div aria-hidden className="fixed inset-0 z-30 bg-black/45" />
              <Dialog.Content
                aria-describedby={undefined}
                onOpenAutoFocus={(event) => {
                  // The drawer itself: its first button would only show what it is called.
                  event.preventDefault();
                  (event.currentTarget as HTMLElement).focus();
                }}
                onEscapeKeyDown={escape}
                className="fixed inset-y-0 start-0 z-30 w-[min(20rem,88vw)] bg-sunken shadow-layer"
              >
                <Dialog.Title className="sr-only">{t("shell.sidebar")}</Dialog.Title>
                <Sidebar />
              </Dialog.Content>
            </Dialog.Portal>
          </Dialog.Root>
        )}
        <main className="min-w-0 flex-1">
          <Suspense fallback={null}>
            <Outlet />
          </Suspense>
        </main>
      </div>
    </div>
  );
}
