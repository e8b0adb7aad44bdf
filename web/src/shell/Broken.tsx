import { useTranslation } from "react-i18next";

import { Page } from "~/parts/Page";
import { Trouble } from "~/parts/Trouble";

/** A view that threw, or whose files are not there any more since the server was renewed. */
export function Broken({ error }: { error: unknown }) {
  const { t } = useTranslation();
  return (
    <Page title={t("lost.broken")}>
      <Trouble error={error} again={() => window.location.reload()} />
    </Page>
  );
}
