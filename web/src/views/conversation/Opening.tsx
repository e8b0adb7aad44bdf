/** Before the first word: with whom, what for, and what becomes of it. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Check, ChevronDown, FolderClosed, Hourglass, ShieldCheck } from "lucide-react";
import { useTranslation } from "react-i18next";

import { assistantsQuery, meQuery, projectsQuery } from "~/api/queries";
import { Avatar } from "~/parts/Avatar";
import { classes } from "~/parts/classes";
import { Menu, MenuItem } from "~/parts/Menu";
import { Welcome } from "~/views/welcome/Welcome";

import type { Beginning } from "./live/begin";
import type { Speaker } from "./transcript/AnswerFrame";

const CHOICE =
  "inline-flex min-h-9 max-w-56 items-center gap-2 rounded-full border border-line bg-raised px-3 text-sm hover:border-kelp " +
  "pointer-coarse:min-h-11 [&_svg]:size-4 [&_svg]:shrink-0";

export function Opening({
  beginning,
  change,
  who,
  offer,
}: {
  beginning: Beginning;
  change: (beginning: Beginning) => void;
  who: Speaker;
  /** Put a text where one types. */
  offer: (text: string) => void;
}) {
  const { t } = useTranslation();
  const me = useQuery(meQuery).data;
  const assistants = useQuery(assistantsQuery).data?.assistants ?? [];
  const projects = useQuery(projectsQuery).data?.projects ?? [];
  const project = projects.find((one) => one.slug === beginning.project);
  const { temporary } = beginning;
  return (
    <div
      id="body"
      tabIndex={-1}
      className="flex min-h-0 flex-1 flex-col overflow-y-auto outline-none"
    >
      <div className="m-auto w-full max-w-184 space-y-7 px-4 py-6 text-center">
        <div className="flex flex-col items-center gap-4">
          <Avatar
            name={who.name}
            avatar={who.avatar}
            className={classes("!size-16 !text-3xl", temporary && "!bg-dusk !text-paper")}
          />
          <p className="font-serif text-2xl text-balance sm:text-3xl">
            {temporary ? t("chat.temporaryHead") : t("chat.openingHead")}
          </p>
        </div>
        <div className="flex flex-wrap justify-center gap-2">
          {assistants.length > 1 && (
            <Menu
              trigger={
                <button
                  type="button"
                  className={CHOICE}
                  aria-label={t("chat.withWhom", { name: who.name })}
                >
                  <span className="truncate">{t("chat.with", { name: who.name })}</span>
                  <ChevronDown aria-hidden />
                </button>
              }
            >
              {assistants.map((one) => (
                <MenuItem
                  key={one.slug}
                  icon={
                    <Avatar name={one.name || one.slug} avatar={one.avatar} className="!size-6" />
                  }
                  run={() => change({ ...beginning, assistant: one.slug })}
                >
                  {one.name || one.slug}
                  {one.slug === (beginning.assistant ?? me?.assistant) && (
                    <Check className="ms-auto" aria-label={t("chat.chosen")} />
                  )}
                </MenuItem>
              ))}
            </Menu>
          )}
          {!temporary && (projects.length > 0 || beginning.project) && (
            <Menu
              trigger={
                <button type="button" className={CHOICE}>
                  <FolderClosed aria-hidden />
                  <span className="truncate">
                    {beginning.project
                      ? t("chat.inProject", { name: project?.name || beginning.project })
                      : t("chat.noProject")}
                  </span>
                  <ChevronDown aria-hidden />
                </button>
              }
            >
              <MenuItem run={() => change({ ...beginning, project: null })}>
                {t("chat.noProject")}
                {!beginning.project && <Check className="ms-auto" aria-label={t("chat.chosen")} />}
              </MenuItem>
              {projects.map((one) => (
                <MenuItem key={one.slug} run={() => change({ ...beginning, project: one.slug })}>
                  {one.name || one.slug}
                  {one.slug === beginning.project && (
                    <Check className="ms-auto" aria-label={t("chat.chosen")} />
                  )}
                </MenuItem>
              ))}
            </Menu>
          )}
          <button
            type="button"
            aria-pressed={temporary}
            className={classes(CHOICE, temporary && "!border-dusk !bg-dusk !text-paper")}
            onClick={() => change({ ...beginning, temporary: !temporary })}
          >
            <Hourglass aria-hidden />
            {t("chat.temporary")}
          </button>
        </div>
        <p className="mx-auto max-w-prose text-sm text-quiet">
          {temporary ? (
            t("chat.temporaryAbout")
          ) : (
            <>
              <ShieldCheck aria-hidden className="me-1.5 inline size-4 align-[-0.2em] text-kelp" />
              {t(me?.sealing.where === "this machine" ? "chat.keptHere" : "chat.keptOnServer", {
                cipher: me?.sealing.cipher ?? "AES-256-GCM",
              })}{" "}
              {me?.model.sends_to && <>{t("chat.sentTo", { host: me.model.sends_to })} </>}
              <Link to="/profile/$section" params={{ section: "erase" }} className="underline">
                {t("chat.eraseLink")}
              </Link>
            </>
          )}
        </p>
        {me?.first_run && !temporary && <Welcome say={offer} />}
      </div>
    </div>
  );
}
