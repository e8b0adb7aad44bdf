/** All projects: conversations of any assistant that belong together. */
import { useQuery } from "@tanstack/react-query";
import { Folder, Plus } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { projectsQuery } from "~/api/queries";
import { HeadButton } from "~/parts/Button";
import { Empty } from "~/parts/Empty";
import { Page } from "~/parts/Page";
import { Trouble } from "~/parts/Trouble";
import { PlaceCard } from "~/views/sessions/PlaceCard";

import { EditProject } from "./EditProject";

export function Projects() {
  const { t } = useTranslation();
  const found = useQuery(projectsQuery);
  const [adding, setAdding] = useState(false);
  const projects = found.data?.projects ?? [];
  return (
    <Page
      title={t("projects.title")}
      actions={
        <HeadButton icon={<Plus aria-hidden />} onClick={() => setAdding(true)}>
          {t("projects.add")}
        </HeadButton>
      }
    >
      {found.isError && <Trouble error={found.error} again={() => void found.refetch()} />}
      {found.isSuccess && !projects.length && (
        <Empty icon={<Folder aria-hidden />} title={t("projects.none")}>
          <p>{t("projects.noneAbout")}</p>
        </Empty>
      )}
      <ul className="grid grid-cols-1 gap-3 p-4 sm:grid-cols-2 sm:p-6 xl:grid-cols-3">
        {projects.map((one) => (
          <li key={one.slug}>
            <PlaceCard
              to="/projects/$slug"
              slug={one.slug}
              name={one.name}
              lead={<Folder aria-hidden className="size-7 text-kelp" />}
              about=""
              sessions={one.sessions}
              memories={one.memories}
              last={one.last_message_at}
            />
          </li>
        ))}
      </ul>
      <EditProject open={adding} close={() => setAdding(false)} />
    </Page>
  );
}
