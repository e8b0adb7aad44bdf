/** The head of a conversation: its title, with whom, what for, and whether it is remembered. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Brain, EyeOff, FolderClosed, Hourglass, Search } from "lucide-react";
import { useTranslation } from "react-i18next";

import { answer, api } from "~/api/client";
import { sentence } from "~/api/failures";
import { ME, projectsQuery } from "~/api/queries";
import { Avatar } from "~/parts/Avatar";
import { IconButton } from "~/parts/Button";
import { classes } from "~/parts/classes";
import { MenuButton } from "~/shell/MenuButton";
import { notify } from "~/state/notices";

import { headQuery } from "../queries";
import type { Speaker } from "../transcript/AnswerFrame";
import type { Session } from "../types";
import { HeadMenu } from "./HeadMenu";
import { Title } from "./Title";

export function Head({
  session,
  info,
  temporary,
  find,
  who,
}: {
  session: string;
  info: Session | null;
  temporary: boolean;
  find: () => void;
  who: Speaker;
}) {
  const { t } = useTranslation();
  const isNew = session === "new";
  return (
    <header
      className={classes(
        "flex min-h-14 shrink-0 items-center gap-2 border-b px-3 py-1.5 sm:px-6",
        temporary ? "border-dusk" : "border-line",
      )}
    >
      <MenuButton />
      {!isNew && <Avatar name={who.name} avatar={who.avatar} className="max-sm:hidden" />}
      <div className="me-auto min-w-0">
        {info && !temporary ? (
          <Title key={info.id} info={info} />
        ) : (
          <h1 className="truncate text-lg font-semibold">
            {temporary ? t("chat.temporary") : t("chat.new")}
          </h1>
        )}
        {info && <Facts info={info} who={who} temporary={temporary} />}
      </div>
      {info && !temporary && <Learning info={info} />}
      {!isNew && !temporary && (
        <IconButton name={t("chat.findHere")} keys="mod+f" onClick={find}>
          <Search />
        </IconButton>
      )}
      {info && !temporary && <HeadMenu info={info} />}
    </header>
  );
}

function Facts({ info, who, temporary }: { info: Session; who: Speaker; temporary: boolean }) {
  const { t } = useTranslation();
  const projects = useQuery(projectsQuery).data?.projects;
  const project = projects?.find((one) => one.slug === info.project);
  return (
    <p className="flex min-w-0 items-center gap-2 text-xs text-quiet">
      {info.assistant ? (
        <Link
          to="/assistants/$slug"
          params={{ slug: info.assistant }}
          className="inline-flex min-h-6 min-w-6 items-center text-quiet no-underline hover:text-kelp hover:underline"
        >
          {who.name}
        </Link>
      ) : null}
      {info.project && (
        <Link
          to="/projects/$slug"
          params={{ slug: info.project }}
          className="inline-flex min-h-6 min-w-0 items-center gap-1 text-quiet no-underline hover:text-kelp hover:underline"
        >
          <FolderClosed aria-hidden className="size-3.5 shrink-0" />
          <span className="truncate">{project?.name || info.project}</span>
        </Link>
      )}
      {temporary && (
        <span className="inline-flex items-center gap-1 text-dusk">
          <Hourglass aria-hidden className="size-3.5" />
          {t("chat.notKept")}
        </span>
      )}
    </p>
  );
}

/** "Do not remember": always in sight, for it says what becomes of what is said. */
function Learning({ info }: { info: Session }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { queryKey } = headQuery(info.id);
  const set = async (learning: boolean) => {
    client.setQueryData(queryKey, { ...info, learning });
    try {
      await answer(
        api.PATCH("/api/conversations/{user_id}/{session_id}", {
          params: { path: { user_id: ME, session_id: info.id } },
          body: { learning },
        }),
      );
      notify(learning ? t("chat.learningOn") : t("chat.learningOff"));
    } catch (error) {
      client.setQueryData(queryKey, info);
      notify(sentence(error, t), { tone: "failed" });
    }
    void client.invalidateQueries({ queryKey: ["conversations"] });
  };
  const Mark = info.learning ? Brain : EyeOff;
  return (
    <button
      type="button"
      role="switch"
      aria-checked={!info.learning}
      aria-label={t("chat.doNotRemember")}
      onClick={() => void set(!info.learning)}
      className={classes(
        "inline-flex min-h-9 shrink-0 items-center gap-2 rounded-full px-2.5 text-xs pointer-coarse:min-h-11 [&_svg]:size-4",
        info.learning ? "text-quiet hover:bg-kelp-wash" : "bg-dusk-wash font-medium text-dusk",
      )}
    >
      <Mark aria-hidden />
      <span aria-hidden className="max-md:sr-only">
        {info.learning ? t("chat.remembers") : t("chat.doesNotRemember")}
      </span>
    </button>
  );
}
