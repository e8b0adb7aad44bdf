import { Compass } from "lucide-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { Empty } from "~/parts/Empty";
import { Page } from "~/parts/Page";

/** No such address, or a view that broke. */
export function Lost() {
  const { t } = useTranslation();
  return (
    <Page title={t("lost.title")}>
      <Empty icon={<Compass aria-hidden />} title={t("lost.head")}>
        <p>{t("lost.about")}</p>
        <Link to="/c/$session" params={{ session: "new" }}>
          {t("lost.home")}
        </Link>
      </Empty>
    </Page>
  );
}
