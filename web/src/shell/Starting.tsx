import { useTranslation } from "react-i18next";

import { Trouble } from "~/parts/Trouble";

/** Until it is known who is here. */
export function Starting({ error, again }: { error?: unknown; again?: () => void }) {
  const { t } = useTranslation();
  return (
    <main className="grid h-dvh place-items-center p-4">
      {error ? (
        <Trouble error={error} {...(again ? { again } : {})} />
      ) : (
        <p role="status" className="sr-only">
          {t("shell.starting")}
        </p>
      )}
    </main>
  );
}
