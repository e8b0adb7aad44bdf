import { Link } from "@tanstack/react-router";
import { ArrowRight, FolderInput, MessageCircleHeart, Search } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { openFinder } from "~/state/finder";

/** Three things to try, for somebody who has not said anything yet. */
export function Welcome({ say }: { say: (text: string) => void }) {
  const { t } = useTranslation();
  return (
    <section aria-labelledby="welcome" className="mx-auto w-full max-w-2xl px-4">
      <h2 id="welcome" className="text-center text-lg font-semibold">
        {t("welcome.title")}
      </h2>
      <ul className="mt-4 grid gap-3 sm:grid-cols-3">
        <Try
          icon={<MessageCircleHeart />}
          title={t("welcome.say")}
          about={t("welcome.sayAbout")}
          run={() => say(t("welcome.sayText"))}
        />
        <Try
          icon={<Search />}
          title={t("welcome.find")}
          about={t("welcome.findAbout")}
          run={openFinder}
        />
        <li>
          <Link to="/profile/$section" params={{ section: "import" }} className={CARD}>
            <Inside
              icon={<FolderInput />}
              title={t("welcome.import")}
              about={t("welcome.importAbout")}
            />
          </Link>
        </li>
      </ul>
    </section>
  );
}

const CARD =
  "group flex h-full w-full flex-col gap-1.5 rounded-card border border-line bg-raised p-4 text-start text-ink " +
  "no-underline transition-colors hover:border-kelp hover:bg-kelp-wash";

interface TryProps {
  icon: ReactNode;
  title: string;
  about: string;
}

function Try({ run, ...rest }: TryProps & { run: () => void }) {
  return (
    <li>
      <button type="button" onClick={run} className={CARD}>
        <Inside {...rest} />
      </button>
    </li>
  );
}

function Inside({ icon, title, about }: TryProps) {
  return (
    <>
      <span aria-hidden className="text-kelp [&_svg]:size-6">
        {icon}
      </span>
      <span className="flex items-center gap-1 font-serif text-base font-semibold">
        {title}
        <ArrowRight
          aria-hidden
          className="size-4 opacity-0 transition-opacity group-hover:opacity-100 rtl:-scale-x-100"
        />
      </span>
      <span className="text-sm text-quiet">{about}</span>
    </>
  );
}
