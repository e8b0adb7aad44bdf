/** The way to everything: a new conversation, finding, the places, and all that was said, by day and month. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import {
  Brain,
  FolderOpen,
  PanelLeftClose,
  PenLine,
  Search,
  Sparkles,
  Trash2,
  Users,
} from "lucide-react";
import { useEffect, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { meQuery } from "~/api/queries";
import { Avatar } from "~/parts/Avatar";
import { IconButton } from "~/parts/Button";
import { Keys } from "~/parts/Keys";
import { Tip } from "~/parts/Tip";
import { openFinder } from "~/state/finder";
import { closeDrawer, toggleSidebar } from "~/state/sidebar";

import { prepareFinder } from "~/views/find/OpenFinder";

import { Conversations } from "./Conversations";
import { Mark } from "./Mark";

/** The finder must stand at once when it is wanted; it is fetched when nothing else is to be done. */
function useFinderSoon() {
  useEffect(() => {
    const timer = setTimeout(() => void prepareFinder(), 1500);
    return () => clearTimeout(timer);
  }, []);
}

export function Sidebar() {
  const { t } = useTranslation();
  useFinderSoon();
  return (
    <nav aria-label={t("history.nav")} className="flex h-full min-w-0 flex-col">
      <Head />
      <ul className="grid grid-cols-[1.25fr_1fr] px-3 pb-2">
        <Place to="/memories" icon={<Brain />} name={t("history.memories")} />
        <Place to="/assistants" icon={<Sparkles />} name={t("history.assistants")} />
        <Place to="/projects" icon={<FolderOpen />} name={t("history.projects")} />
        <Place to="/rooms" icon={<Users />} name={t("history.rooms")} />
      </ul>
      <Conversations />
      <Foot />
    </nav>
  );
}

function Head() {
  const { t } = useTranslation();
  return (
    <div className="space-y-2 px-3 pt-3 pb-2.5">
      <div className="flex items-center gap-2.5 ps-1 pb-0.5">
        <Mark className="size-7" />
        <span className="me-auto font-serif text-[1.2rem] leading-none font-semibold">
          Holdfast
        </span>
        <IconButton name={t("history.hide")} keys="mod+b" onClick={toggleSidebar}>
          <PanelLeftClose className="rtl:-scale-x-100" />
        </IconButton>
      </div>
      <Link
        to="/c/$session"
        params={{ session: "new" }}
        onClick={closeDrawer}
        className="flex min-h-10 items-center gap-2.5 rounded-xl bg-kelp px-3.5 text-sm font-medium text-on-kelp no-underline transition-colors hover:bg-kelp-strong pointer-coarse:min-h-11"
      >
        <PenLine aria-hidden className="size-4 shrink-0" />
        <span className="truncate">{t("history.new")}</span>
      </Link>
      <button
        type="button"
        onClick={openFinder}
        aria-keyshortcuts="Control+K Meta+K"
        className="flex min-h-10 w-full items-center gap-2.5 rounded-xl border border-edge bg-raised px-3.5 text-sm text-ink transition-colors hover:bg-kelp-wash pointer-coarse:min-h-11"
      >
        <Search aria-hidden className="size-4 shrink-0 text-kelp" />
        <span className="me-auto truncate">{t("history.find")}</span>
        <span aria-hidden className="text-quiet pointer-coarse:hidden">
          <Keys keys="mod+k" />
        </span>
      </button>
    </div>
  );
}

function Place({
  to,
  icon,
  name,
}: {
  to: "/memories" | "/assistants" | "/projects" | "/rooms";
  icon: ReactNode;
  name: string;
}) {
  return (
    <li className="min-w-0">
      <Link
        to={to}
        onClick={closeDrawer}
        activeProps={{ className: "bg-kelp-wash text-kelp-strong" }}
        inactiveProps={{ className: "text-ink hover:bg-kelp-wash" }}
        className="flex min-h-9 items-center gap-2 rounded-lg px-2 text-sm font-medium no-underline transition-colors pointer-coarse:min-h-11 [&_svg]:size-[1.15rem] [&_svg]:shrink-0 [&_svg]:text-kelp"
      >
        {icon}
        <span className="truncate">{name}</span>
      </Link>
    </li>
  );
}

function Foot() {
  const { t } = useTranslation();
  const me = useQuery(meQuery);
  const name = me.data?.user ?? "";
  return (
    <div className="flex items-center gap-1 border-t border-line px-2 py-1.5 pb-[max(0.375rem,env(safe-area-inset-bottom))]">
      <Link
        to="/profile"
        onClick={closeDrawer}
        activeProps={{ className: "bg-kelp-wash" }}
        className="flex min-h-11 min-w-0 flex-1 items-center gap-2.5 rounded-lg px-2 text-sm font-medium text-ink no-underline hover:bg-kelp-wash"
      >
        <Avatar name={name} />
        <span className="min-w-0">
          <bdi className="block truncate leading-tight">{name}</bdi>
          <span className="block text-xs leading-tight font-normal text-quiet">
            {t("history.profile")}
          </span>
        </span>
      </Link>
      <TrashLink />
    </div>
  );
}

function TrashLink() {
  const { t } = useTranslation();
  return (
    <Tip text={t("history.trash")}>
      <Link
        to="/trash"
        onClick={closeDrawer}
        aria-label={t("history.trash")}
        activeProps={{ className: "bg-kelp-wash text-kelp-strong" }}
        inactiveProps={{ className: "text-ink hover:bg-kelp-wash" }}
        className="inline-grid size-11 shrink-0 place-items-center rounded-lg [&_svg]:size-[1.15rem]"
      >
        <Trash2 />
      </Link>
    </Tip>
  );
}
