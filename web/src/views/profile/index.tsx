/** Who one is here: what is kept, taking it along, who may come in, how it looks, what others can see. */
import { useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { meQuery } from "~/api/queries";
import { classes } from "~/parts/classes";
import { Page } from "~/parts/Page";

import { Access } from "./Access";
import { Appearance } from "./Appearance";
import { Erase } from "./Erase";
import { Export } from "./Export";
import { Import } from "./Import";
import { Learning } from "./Learning";
import { Overview } from "./Overview";
import { Privacy } from "./Privacy";

const SECTIONS = {
  overview: Overview,
  import: Import,
  export: Export,
  learning: Learning,
  appearance: Appearance,
  access: Access,
  privacy: Privacy,
  erase: Erase,
} satisfies Record<string, () => ReactNode>;
type Section = keyof typeof SECTIONS;

/** On a narrow screen the parts stand in one line; the open one is to be seen. */
const intoView = (link: HTMLElement | null) =>
  link?.scrollIntoView({ block: "nearest", inline: "center" });

export default function View() {
  const { t } = useTranslation();
  const me = useQuery(meQuery);
  const { pathname } = useLocation();
  const named = pathname.split("/")[2] ?? "overview";
  const section: Section = named in SECTIONS ? (named as Section) : "overview";
  const Body = SECTIONS[section];
  return (
    <Page title={me.data?.user ?? t("profile.title")}>
      <div className="mx-auto flex max-w-5xl flex-col gap-x-10 px-4 py-4 sm:px-6 lg:flex-row">
        <nav aria-label={t("profile.sections")} className="shrink-0 lg:w-52">
          <ul className="flex gap-1 overflow-x-auto pb-2 lg:flex-col">
            {(Object.keys(SECTIONS) as Section[]).map((one) => (
              <li key={one}>
                <Link
                  ref={one === section ? intoView : undefined}
                  to="/profile/$section"
                  params={{ section: one }}
                  aria-current={one === section ? "page" : undefined}
                  className={classes(
                    "block rounded-lg px-3 py-2 text-sm whitespace-nowrap no-underline pointer-coarse:py-3",
                    one === "erase" ? "text-rust" : "text-ink",
                    one === section ? "bg-kelp-wash font-semibold" : "hover:bg-kelp-wash",
                  )}
                >
                  {t(`profile.section.${one}`)}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <div className="min-w-0 flex-1 space-y-8 pb-12">
          <Body />
        </div>
      </div>
    </Page>
  );
}
